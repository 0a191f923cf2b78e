"""The opposite of a claim in words: what a listener is asked beside the claim."""

import itertools
from typing import get_args

import pytest

from annotators.wording import claim_text, negation_text
from schemas.reasoning import Stated
from schemas.vocabulary import SOUND_KINDS, Attribute, ClaimType, Relation


def claim(type: ClaimType, **more: object) -> Stated:
    given = {"step_index": 0, "type": type, "basis": "heard", "text": "as written", "subject": "impact", **more}
    return Stated.model_validate(given)


@pytest.mark.parametrize(
    ("stated", "opposite"),
    [
        (claim("event", start_s=1, end_s=2), "No hit is heard between 1.0 s and 2.0 s."),
        (claim("absence", subject="tone"), "A tone is heard."),
        (claim("count", value=0), "At least one hit is heard."),
        (claim("count", value=1, end_s=3.0), "Either no hit or more than one hit is heard until 3.0 s."),
        (claim("count", value=3, start_s=2.0), "Either fewer or more than three hits are heard from 2.0 s on."),
        (
            claim("order", object="ring", relation="before"),
            "The first ringing hit starts before the first hit or together with it, or one of them is missing.",
        ),
        (claim("order", object="ring", relation="overlaps"), "A hit and a ringing hit are never heard together."),
        (claim("attribute", attribute="pitch", relation="rises"), "The hit falls in pitch or holds its pitch."),
        (claim("attribute", attribute="pan", relation="left"), "The hit is on the right or is in the centre."),
        (claim("attribute", attribute="pitch", relation="equals", value=440), "The hit has a pitch clearly other than 440 Hz."),
        (
            claim("attribute", attribute="loudness", relation="at_least", value=-20),
            "The hit has a loudness of less than -20 LUFS.",
        ),
        (claim("attribute", attribute="rate", relation="at_most", value=2), "The hit has a rate of more than 2.0 per second."),
        (claim("source", object="t00"), None),
        (claim("inference"), None),
        (claim("attribute"), None),
        (claim("attribute", attribute="pitch", relation="equals"), None),
    ],
)
def test_the_opposite_of_a_claim(stated: Stated, opposite: str | None) -> None:
    assert negation_text(stated) == opposite


def test_a_claim_and_its_opposite_are_two_sentences_written_from_the_fields_alone() -> None:
    attributes, relations = get_args(Attribute), get_args(Relation)
    claims = [claim(kind, value=2, object="ring", relation="before") for kind in ("event", "absence", "count", "order")]
    claims += [
        claim("attribute", attribute=attribute, relation=relation, value=3.0)
        for attribute, relation in itertools.product(attributes, relations)
    ]
    for stated, subject in itertools.product(claims, [*SOUND_KINDS, "dog bark", None]):
        about = stated.model_copy(update={"subject": subject})
        said, opposite = claim_text(about), negation_text(about)
        assert opposite == negation_text(about.model_copy(update={"text": "other words", "basis": "inferred"}))
        if opposite is not None:
            assert opposite != said
            assert opposite.endswith(".")
            assert "as written" not in opposite


def test_the_opposite_of_the_opposite_of_a_presence_is_the_presence() -> None:
    heard = claim("event", start_s=1.0, end_s=2.0)
    absent = heard.model_copy(update={"type": "absence"})
    assert (negation_text(heard), negation_text(absent)) == (claim_text(absent), claim_text(heard))
