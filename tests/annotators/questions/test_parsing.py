"""Answers and chains out of replies: strict about the answer, claim by claim about the chain."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.chat.evidence_text import evidence, shown_tracks
from annotators.chat.written import grounded_in
from annotators.questions.parsing import answer_index, lettered, read_chain, reply_object
from tests.annotators.chat.clips import case
from tests.annotators.chat.test_reasoner import EVENT, SOURCE

CHOICES = ("one", "three", "a dog. barking")
SEEN_EVENT = EVENT | {"evidence": ["V0", "M0"], "basis": "inferred"}


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ("A", 0), ("b", 1), ("(C)", 2), (" B. ", 1), ("B:", 1), ("B. three", 1), ("three", 1), ("Three ", 1),
        ("a dog. barking", 2), ("C. a dog. barking", 2), (0, 0), (2, 2),
    ],
)  # fmt: skip
def test_an_answer_is_a_letter_an_index_or_the_choice_itself(given: object, index: int) -> None:
    assert answer_index(given, CHOICES) == index


@pytest.mark.parametrize(
    "given", ["D", "", "AB", "A or B", "B. one", "three or so", "the answer is B", "5", 3, -1, True, 1.0, None, ["A"], {}]
)
def test_what_is_not_plainly_one_choice_is_no_answer(given: object) -> None:
    assert answer_index(given, CHOICES) is None


def test_choices_that_read_alike_are_not_told_apart_by_their_words() -> None:
    assert answer_index("yes", ("Yes", "yes", "no")) is None


@given(st.text(max_size=30))
def test_whatever_is_said_is_a_choice_or_none(said: str) -> None:
    index = answer_index(said, CHOICES)
    assert index is None or 0 <= index < len(CHOICES)


def test_choices_are_lettered_in_their_order() -> None:
    assert lettered(CHOICES) == "A. one\nB. three\nC. a dog. barking"
    with pytest.raises(ValueError, match="zip"):
        lettered(["x"] * 27)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"answer": "A"}', {"answer": "A"}),
        ('Sure!\n```json\n{"answer": "A"}\n``` Anything else?', {"answer": "A"}),
        ("the answer is A", None),
        ('{"answer": ', None),
        ("[1, 2]", None),
        ("", None),
    ],
)
def test_the_object_in_a_reply_is_found_or_there_is_none(text: str, found: dict[str, Any] | None) -> None:
    assert reply_object(text) == found


def chain(*steps: Any) -> Any:
    """What is left of a reply with these steps, for a clip of which nothing was heard."""
    silent = case(captions=[], heard=[], measurements=[], label=None)
    known = {"V0": "the pictures"} | evidence(silent)
    return read_chain({"steps": list(steps)}, grounded_in(known, shown_tracks(silent), 10.0, 68), "The answer is “one”.", 10.0)


def step(*claims: Any, **other: Any) -> dict[str, Any]:
    return {"text": "a ball bounces", "aspect": "temporal", "is_avoidance": False, "claims": list(claims)} | other


def test_a_grounded_chain_is_taken_as_it_is() -> None:
    made = chain(step(SEEN_EVENT), step(SOURCE))
    assert [one.text for one in made.steps] == ["A ball bounces.", "A ball bounces."]
    assert [(claim.step_index, claim.type) for claim in made.claims] == [(0, "event"), (1, "source")]
    assert made.caption_cot == "The answer is “one”."


def test_fields_that_are_left_out_are_null_and_those_of_a_models_own_are_ignored() -> None:
    short = {name: value for name, value in SEEN_EVENT.items() if value is not None} | {"confidence": 0.9}
    made = chain({"text": "a ball bounces", "aspect": "temporal", "claims": [short], "number": 1})
    assert [(one.type, one.subject, one.value) for one in made.claims] == [("event", "impact", None)]
    assert not made.steps[0].is_avoidance


@pytest.mark.parametrize(
    "claim",
    [
        SEEN_EVENT | {"basis": "heard"},  # nobody who is shown a silent video has heard anything
        SEEN_EVENT | {"evidence": ["S0"]},
        SEEN_EVENT | {"end_s": 99.0},
        SOURCE | {"object": "t09"},
        "a dog barks",
        None,
    ],
)
def test_a_claim_that_is_ungrounded_or_malformed_goes_and_the_others_stay(claim: Any) -> None:
    made = chain(step(claim, SEEN_EVENT), step(claim))
    assert [(one.step_index, one.type) for one in made.claims] == [(0, "event")]
    assert len(made.steps) == 2  # the second will find no support


@pytest.mark.parametrize("steps", [[], [step()], ["x", None], [step(SEEN_EVENT, aspect="magical")], [{"claims": [SEEN_EVENT]}]])
def test_a_reply_without_a_claim_to_check_has_no_chain(steps: list[Any]) -> None:
    assert chain(*steps) is None


def test_steps_beyond_what_a_chain_may_have_are_left_out() -> None:
    made = chain(*[step(*[SEEN_EVENT] * 12)] * 15)
    assert (len(made.steps), len(made.claims)) == (10, 80)
