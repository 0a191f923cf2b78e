"""The decision on a chain of thought: findings become steps that stay or go."""

import pytest

from pipeline.verification.policy import Policy, decide, rebuilt_instruction
from schemas.reasoning import Claim, Cot, Decision, Repair, Step, Verdict
from schemas.vocabulary import ClaimType, VerdictWord

SCORES: dict[VerdictWord, float] = {"supported": 0.9, "refuted": 0.1, "unverifiable": 0.5}
STEPS = [
    Step(text="A bell is heard.", aspect="semantic"),
    Step(text="It rings at 1.0 s and 3.0 s.", aspect="temporal"),
    Step(text="The red region makes it.", aspect="spatial"),
    Step(text="Avoid chirps.", aspect="semantic", is_avoidance=True),
]
COT = Cot(clip_id="a", model="m@1", cot_id="a/base", task="base", steps=STEPS, caption_cot="Generate a bell.")


def claim(number: int, step_index: int, type: ClaimType = "event", cot_id: str = "a/base") -> Claim:
    return Claim(
        clip_id="a", model="m@1", claim_id=f"{cot_id}/c{number:02d}", cot_id=cot_id, step_index=step_index,
        type=type, basis="heard", text=f"claim {number}",
    )  # fmt: skip


def verdict(
    number: int, word: VerdictWord, witness: str = "one", score: float | None = None, is_decoy: bool = False
) -> Verdict:
    return Verdict(
        clip_id="a", model="w@1", claim_id=f"a/base/{'d' if is_decoy else 'c'}{number:02d}", witness=witness,
        is_decoy=is_decoy, is_blind=False, verdict=word, score=SCORES[word] if score is None else score,
        reason="measured", evidence=[],
    )  # fmt: skip


CLAIMS = [claim(0, 0), claim(1, 1), claim(2, 1, "count"), claim(3, 2, "source"), claim(4, 3, "absence")]


def decision(*words: VerdictWord, policy: Policy | None = None) -> Decision:
    """The decision on the chain above when its five claims are judged with these words."""
    return decide(COT, CLAIMS, [verdict(n, word) for n, word in enumerate(words)], policy or Policy())


def test_a_chain_whose_every_step_is_supported_is_accepted_as_it_is() -> None:
    made = decision("supported", "supported", "supported", "supported", "supported")
    assert made.outcome == "accept"
    assert made.steps == STEPS
    assert made.caption_cot == COT.caption_cot
    assert made.kept_claim_ids == [c.claim_id for c in CLAIMS]
    assert made.dropped_claim_ids == []


def test_repair_drops_the_refuted_step_only_and_says_the_instruction_again_without_it() -> None:
    made = decision("supported", "supported", "refuted", "supported", "supported")
    assert made.outcome == "repair"
    assert made.steps == [STEPS[0], STEPS[2], STEPS[3]]
    assert made.caption_cot is not None
    assert "rings at" not in made.caption_cot
    assert made.caption_cot.endswith("Avoid chirps.")
    assert made.kept_claim_ids == ["a/base/c00", "a/base/c03", "a/base/c04"]
    assert made.dropped_claim_ids == ["a/base/c01", "a/base/c02"]
    assert made.reason == "step 2 is refuted"
    assert (made.num_supported, made.num_refuted, made.num_unverifiable) == (4, 1, 0)


def test_an_unverifiable_claim_is_not_asserted_but_does_not_take_its_supported_step_with_it() -> None:
    made = decision("supported", "supported", "unverifiable", "supported", "supported")
    assert made.outcome == "accept"
    assert "a/base/c02" in made.dropped_claim_ids


@pytest.mark.parametrize(("rule", "outcome"), [("drop", "repair"), ("keep", "accept")])
def test_the_policy_says_what_happens_to_a_step_that_nothing_supports(rule: str, outcome: str) -> None:
    policy = Policy.model_validate({"unverifiable_steps": rule})
    made = decision("unverifiable", "supported", "supported", "supported", "supported", policy=policy)
    assert made.outcome == outcome
    assert "a/base/c00" not in made.kept_claim_ids


def test_a_source_claim_without_support_takes_its_step_with_it_even_under_a_lenient_policy() -> None:
    made = decision(
        "supported", "supported", "supported", "unverifiable", "supported", policy=Policy(unverifiable_steps="keep")
    )
    assert STEPS[2] not in made.steps
    assert "a/base/c03" in made.dropped_claim_ids


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("refuted", "refuted", "refuted", "supported", "supported"), "max_refuted_frac"),
        (("refuted", "refuted", "supported", "supported", "supported"), "min_steps"),
    ],
)
def test_a_chain_that_is_mostly_refuted_or_too_short_is_rejected_and_nothing_of_it_is_kept(
    words: tuple[VerdictWord, ...], rule: str
) -> None:
    made = decision(*words)
    assert made.outcome == "reject"
    assert rule in made.reason
    assert made.steps == []
    assert made.caption_cot is None
    assert made.kept_claim_ids == []
    assert len(made.dropped_claim_ids) == len(CLAIMS)


def test_a_chain_without_any_verdict_is_rejected() -> None:
    made = decide(COT, CLAIMS, [], Policy(unverifiable_steps="keep", needs_support=()))
    assert made.outcome == "reject"
    assert "min_supported" in made.reason


def test_verdicts_on_decoys_and_claims_of_other_chains_do_not_matter() -> None:
    words: list[VerdictWord] = ["supported"] * 5
    verdicts = [verdict(n, word) for n, word in enumerate(words)] + [verdict(0, "refuted", is_decoy=True)]
    made = decide(COT, [*CLAIMS, claim(0, 0, cot_id="b/base")], verdicts, Policy())
    assert made.outcome == "accept"
    assert made.num_supported == 5


def test_the_decision_names_its_policy_with_every_parameter() -> None:
    made = decision(
        "supported", "supported", "supported", "supported", "supported", policy=Policy(name="strict", min_score=0.8)
    )
    assert made.policy.startswith("strict(ensemble=")
    assert "min_score=0.8, " in made.policy
    for parameter in Policy.model_fields:
        assert parameter == "name" or f"{parameter}=" in made.policy


def test_a_rebuilt_instruction_has_whole_sentences_within_its_limit_and_keeps_the_avoidance() -> None:
    steps = [Step(text=f"Sentence {n} has five words.", aspect="semantic") for n in range(20)] + [STEPS[3]]
    text = rebuilt_instruction(steps, max_words=30)
    assert len(text.split()) <= 30
    assert text.startswith("Generate audio that fits this description. Sentence 0 has five words.")
    assert text.endswith("words. Avoid chirps.")


def rewriting(after: str | None, num_new: int = 1) -> Repair:
    """The second step repaired, whose count (claim 2) some witness refuted; new claims are numbered from 5 on."""
    return Repair(
        clip_id="a", model="r@1", cot_id="a/base", step_index=1, action="rewrite" if after else "drop", reason="refuted",
        before=STEPS[1].text, after=after, refuted_claim_ids=["a/base/c02"],
        new_claim_ids=[f"a/base/c{5 + number:02d}" for number in range(num_new)],
    )  # fmt: skip


def mended(repair: Repair, *words: VerdictWord) -> Decision:
    """The decision on the chain with its count refuted, or as the words have it, and the repair's new claim judged last."""
    judged: tuple[VerdictWord, ...] = words or ("supported", "supported", "refuted", "supported", "supported", "supported")
    claims = [*CLAIMS, *(claim(5 + number, 1, "count") for number in range(len(repair.new_claim_ids)))]
    return decide(COT, claims, [verdict(n, word) for n, word in enumerate(judged)], Policy(), [repair])


def test_a_rewritten_step_takes_the_place_of_the_refuted_one() -> None:
    made = mended(rewriting("It rings three times."))
    assert made.outcome == "repair"
    assert made.steps == [STEPS[0], STEPS[1].model_copy(update={"text": "It rings three times."}), STEPS[2], STEPS[3]]
    assert made.reason == "step 2 is refuted and rewritten"
    assert made.caption_cot is not None
    assert "It rings three times." in made.caption_cot
    assert set(made.kept_claim_ids) == {f"a/base/c{number:02d}" for number in (0, 1, 3, 4, 5)}
    assert made.dropped_claim_ids == ["a/base/c02"]
    assert (made.num_supported, made.num_refuted, made.num_unverifiable) == (4, 1, 0), "of the chain as it was written"


@pytest.mark.parametrize("word", ["refuted", "unverifiable"])
def test_a_rewriting_whose_new_claim_does_not_hold_drops_the_step(word: VerdictWord) -> None:
    made = mended(rewriting("It rings four times."), "supported", "supported", "refuted", "supported", "supported", word)
    assert made.steps == [STEPS[0], STEPS[2], STEPS[3]]
    assert "a/base/c05" in made.dropped_claim_ids
    assert made.reason == "step 2 is refuted"


def test_a_rewriting_that_only_leaves_out_what_was_refuted_stands_on_what_remains() -> None:
    assert mended(rewriting("It rings at 1.0 s.", num_new=0)).steps[1].text == "It rings at 1.0 s."
    unsupported: tuple[VerdictWord, ...] = ("supported", "unverifiable", "refuted", "supported", "supported")
    assert mended(rewriting("It rings at 1.0 s.", num_new=0), *unsupported).steps == [STEPS[0], STEPS[2], STEPS[3]]


def test_a_step_that_this_policy_does_not_find_refuted_stays_as_it_was_written() -> None:
    agreed: list[VerdictWord] = ["supported"] * 6
    made = mended(rewriting("It rings three times."), *agreed)
    assert (made.outcome, made.steps) == ("accept", STEPS)
    assert "a/base/c05" not in made.kept_claim_ids


def test_a_dropped_step_stays_dropped() -> None:
    assert mended(rewriting(None, num_new=0)).steps == [STEPS[0], STEPS[2], STEPS[3]]
