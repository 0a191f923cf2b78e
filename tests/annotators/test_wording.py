"""The wording of claims about the two sounds of an editing task."""

import pytest

from annotators.wording import negation_text, worded
from schemas.reasoning import Stated
from schemas.vocabulary import ClaimType


def claim(type: ClaimType, **more: object) -> Stated:
    given = {"step_index": 0, "type": type, "basis": "heard", "text": "as written", "subject": "ring", "start_s": 1, "end_s": 2}
    return Stated.model_validate(given | more)


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (claim("event", media="input"), "A ringing hit is heard in the input between 1.0 s and 2.0 s."),
        (claim("count", media="target", value=2), "Exactly two ringing hits are heard in the target between 1.0 s and 2.0 s."),
        (claim("absence", media="target", start_s=None, end_s=None), "No ringing hit is heard in the target."),
        (
            claim("attribute", media="input", attribute="pan", relation="left"),
            "The ringing hit in the input between 1.0 s and 2.0 s is on the left.",
        ),
        (
            claim("order", media="target", object="tone", relation="before", start_s=None),
            "The first ringing hit starts before the first tone in the target until 2.0 s.",
        ),
        (claim("event"), "A ringing hit is heard between 1.0 s and 2.0 s."),
        (claim("inference", media="input"), "as written"),
    ],
)
def test_a_claim_about_an_edit_says_which_of_its_sounds_it_is_about(stated: Stated, text: str) -> None:
    assert worded(stated).text == text


def test_the_opposite_is_about_the_same_sound() -> None:
    assert negation_text(claim("event", media="input")) == "No ringing hit is heard in the input between 1.0 s and 2.0 s."
    assert negation_text(claim("absence", media="target")) == "A ringing hit is heard in the target between 1.0 s and 2.0 s."
