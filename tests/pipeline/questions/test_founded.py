"""Which claims of a teacher that heard nothing are borne out by what was heard."""

from typing import Any

import pytest

from pipeline.questions.founded import founded
from schemas.reasoning import Claim
from tests.annotators.questions.asking import heard

HEARD = [heard("impact", 1.0), heard("impact", 2.0), heard("noise", 4.0, 8.0)]


def claim(type: str, subject: str, **fields: Any) -> Claim:
    given = {"type": type, "subject": subject, "step_index": 0, "basis": "inferred", "text": "x", "cot_id": "c/question-q00"}
    return Claim.model_validate({**given, "claim_id": "c/question-q00/c00", "clip_id": "c", "model": "m@1", **fields})


@pytest.mark.parametrize(
    "made",
    [
        claim("event", "impact", start_s=1.0, end_s=1.2),
        claim("event", "noise", start_s=4.2, end_s=7.0),
        claim("count", "noise", value=1),
        claim("order", "impact", object="noise", relation="before"),
    ],
    ids=str,
)
def test_what_was_heard_so_is_founded(made: Claim) -> None:
    assert founded([made], HEARD) == [made]


@pytest.mark.parametrize(
    "made",
    [
        claim("event", "impact", start_s=3.0, end_s=3.2),
        claim("event", "impact", start_s=1.2, end_s=1.4),  # so near that it may be meant, and nothing sounds within the span
        claim("event", "tone", start_s=1.0, end_s=1.2),
        claim("event", "dog bark", start_s=1.0, end_s=1.2),
        claim("event", "impact"),
        claim("count", "impact", value=3),
        claim("count", "impact", value=1, start_s=0.5, end_s=1.5),
        claim("order", "noise", object="impact", relation="before"),
        claim("order", "impact", object="tone", relation="before"),
        claim("order", "impact", object="noise", relation="overlaps"),
        claim("absence", "tone"),
        claim("inference", "impact"),
    ],
    ids=str,
)
def test_what_was_heard_otherwise_or_cannot_be_told_is_not(made: Claim) -> None:
    assert founded([made], HEARD) == []


def test_a_count_is_not_founded_where_something_alike_was_heard() -> None:
    made = claim("count", "impact", value=2)
    assert founded([made], HEARD[:2]) == [made]
    assert founded([made], [*HEARD[:2], heard("ring", 6.0)]) == []
