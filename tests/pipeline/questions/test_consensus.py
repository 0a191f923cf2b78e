"""Agreement of samples under each policy; what does not parse counts against every answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.questions.roles import Sampled
from pipeline.questions.consensus import ConsensusParams, agree, consensus_row
from schemas.reasoning import Reasoned

CHAIN = Reasoned(steps=[], caption_cot="", claims=[])
ANSWERS = st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=12)


def samples(*answers: int | None) -> list[Sampled]:
    return [Sampled("", answer, None if answer is None else CHAIN) for answer in answers]


@pytest.mark.parametrize(
    ("answers", "policy", "is_kept"),
    [
        ((1, 1, 1, 1), {}, True),
        ((1, 1, 1, 2), {}, False),
        ((1, 1, 1, None), {}, False),  # unanimous among those that parsed is not unanimous
        ((None, None), {}, False),
        ((1, 1, 1, 2), {"agreement": "majority", "majority_frac": 0.75}, True),
        ((1, 1, 1, None), {"agreement": "majority", "majority_frac": 0.75}, True),
        ((1, 1, None, None), {"agreement": "majority", "majority_frac": 0.75}, False),
        ((1, 1, 2, 2), {"agreement": "majority", "majority_frac": 0.5}, False),  # a tie is no majority
        ((1, 1, 1, 2), {"agreement": "margin", "margin_frac": 0.5}, True),
        ((1, 1, 2, None), {"agreement": "margin", "margin_frac": 0.5}, False),
        ((1, 1, 1, 2, None, None), {"agreement": "margin", "margin_frac": 0.3}, True),
    ],
)
def test_policies_keep_what_they_say(answers: tuple[int | None, ...], policy: dict[str, object], is_kept: bool) -> None:
    found = agree(samples(*answers), 3, ConsensusParams.model_validate(policy))
    assert found.is_kept == is_kept
    assert (found.standing is not None) == is_kept


def test_votes_shares_and_margins_are_over_all_samples() -> None:
    found = agree(samples(2, 0, 2, None, 2), 4, ConsensusParams())
    assert (found.votes, found.num_parsed, found.answer_index) == ([1, 0, 3, 0], 4, 2)
    assert found.agreement_frac == pytest.approx(0.6)
    assert found.margin_frac == pytest.approx(0.4)


def test_the_first_sample_with_the_answer_and_a_chain_stands_for_all() -> None:
    given = [Sampled("", 1), Sampled("", 0, CHAIN), Sampled("", 1, CHAIN)]
    params = ConsensusParams(agreement="majority", majority_frac=0.5)
    assert agree(given, 2, params).standing == 2
    assert agree(given[:1], 2, params).standing == 0  # none has a chain
    row = consensus_row(agree(given, 2, params), "c/q00", ["t0", "t1", "t2"], params, clip_id="c", model="m@1")
    assert (row.trace_id, row.policy, row.num_samples) == ("t2", "majority(majority_frac=0.5)", 3)


@given(ANSWERS)
def test_unanimity_is_the_strictest_policy(answers: list[int | None]) -> None:
    strict = agree(samples(*answers), 4, ConsensusParams())
    for policy in ("majority", "margin"):
        assert agree(samples(*answers), 4, ConsensusParams.model_validate({"agreement": policy})).is_kept or not strict.is_kept
    assert strict.is_kept == (set(answers) == {answers[0]} and answers[0] is not None)


@given(ANSWERS)
def test_a_sample_that_does_not_parse_never_helps(answers: list[int | None]) -> None:
    for policy in ("unanimous", "majority", "margin"):
        params = ConsensusParams.model_validate({"agreement": policy})
        assert agree(samples(*answers), 4, params).is_kept >= agree(samples(*answers, None), 4, params).is_kept
