"""Claims that a build wrote itself, held against the truth: true, false, or too close to say."""

import pytest

from pipeline.selfcheck.truth_claims import truth_claims
from pipeline.selfcheck.truth_judge import is_true
from schemas.reasoning import Stated
from tests.pipeline.selfcheck.test_truth_claims import GLIDE, HITS, SILENT, event, scene, thing

SCENE = scene(HITS, GLIDE, SILENT)


def claim(type: str, subject: str = "impact", start_s: float = 0.0, end_s: float = 9.0, **fields: object) -> Stated:
    given = {
        "step_index": 0,
        "basis": "heard",
        "text": "",
        "type": type,
        "subject": subject,
        "start_s": start_s,
        "end_s": end_s,
    }
    return Stated.model_validate({**given, **fields})


@pytest.mark.parametrize(
    ("one", "truth"),
    [
        (claim("event", start_s=1.1, end_s=1.3), True),
        (claim("event", start_s=3.5, end_s=3.7), None),
        (claim("event", start_s=6.0, end_s=6.2), False),
        (claim("event", "chirp", start_s=1.0, end_s=1.2), False),
        (claim("event", "sweep", start_s=5.6, end_s=8.0), True),
        (claim("count", value=3.0), True),
        (claim("count", value=4.0), False),
        (claim("count", value=4.0, end_s=4.0), None),
        (claim("order", object="sweep", relation="before"), True),
        (claim("order", "sweep", object="impact", relation="before"), False),
        (claim("order", object="chirp", relation="before"), None),
        (claim("absence", "chirp"), True),
        (claim("absence"), False),
        (claim("absence", start_s=4.0), True),
        (claim("attribute", start_s=1.0, end_s=1.2, attribute="pan", relation="left"), True),
        (claim("attribute", start_s=1.0, end_s=1.2, attribute="pan", relation="right"), False),
        (claim("attribute", start_s=2.0, end_s=2.2, attribute="pan", relation="right"), None),
        (claim("attribute", "sweep", start_s=5.0, end_s=8.0, attribute="loudness", relation="equals", value=-22.0), True),
        (claim("attribute", "sweep", start_s=5.0, end_s=8.0, attribute="loudness", relation="equals", value=-10.0), False),
        (claim("attribute", "sweep", start_s=5.0, end_s=8.0, attribute="pitch", relation="equals", value=620.0), True),
        (claim("attribute", "sweep", start_s=5.0, end_s=8.0, attribute="pitch", relation="rises"), None),
        (claim("source", object="t00"), None),
        (claim("event", "dog bark", start_s=6.0, end_s=6.2), None),
        (claim("absence", "sound"), False),
    ],
)
def test_what_the_truth_decides_is_decided_and_what_lies_within_a_margin_is_not(one: Stated, truth: bool | None) -> None:
    assert is_true(one, SCENE) is truth


def test_sounds_that_cannot_be_heard_well_are_not_counted_or_ordered() -> None:
    faint = scene(thing("o0", "impact", [event(1.0, 1.2), event(2.0, 2.2, is_audible=False)]), GLIDE)
    assert is_true(claim("count", value=1.0), faint) is None
    fainter = scene(thing("o0", "impact", [event(1.0, 1.2, is_audible=False)]), GLIDE)
    assert is_true(claim("order", object="sweep", relation="before"), fainter) is None
    assert is_true(claim("absence"), fainter) is True


def test_it_never_contradicts_what_is_planted_from_the_same_truth() -> None:
    for one in truth_claims(SCENE, {"o0": "t03", "o2": "t01"}):
        assert is_true(one.claim, SCENE) in (one.is_true, None), one.claim.text
