"""Reasoner and verifier together: what the template says of a synthetic clip, the verifier does not refute."""

import pytest

from annotators.instruments.listening import listen
from annotators.instruments.params import InstrumentParams
from annotators.media import ArrayMedia
from annotators.roles import CaseFile
from annotators.template import TemplateReasoner
from schemas.evidence import SeenEvent, Track
from schemas.reasoning import Reasoned
from tests.annotators.instruments.sounds import (
    DURATION_S,
    HEIGHT_PX,
    WIDTH_PX,
    bounces,
    glide,
    hits,
    judged,
    media,
    noise,
    tone,
    track,
)

HITS_S = [0.5, 1.2, 1.7, 2.6, 5.3]
CLIPS: dict[str, ArrayMedia] = {
    "hits and a tone": media(hits(HITS_S, pan=-0.5), tone(3.0, 4.8, 330.0)),
    "a glide": media(glide(1.0, 4.5, 400.0, 1000.0)),
    "even hits": media(hits([0.6 + 0.5 * n for n in range(9)])),
    "noise under a tone": media(noise(0.5, 5.5, 0.03), tone(2.0, 4.0, 600.0, pan=0.6)),
    "nothing": media(),
    "mono": media(hits(HITS_S), mono=True),
}


def reasoned(clip: ArrayMedia, tracks: list[Track], seen: list[SeenEvent]) -> Reasoned:
    heard = listen(clip, InstrumentParams()).events
    size = (WIDTH_PX, HEIGHT_PX) if tracks else (None, None)
    return TemplateReasoner(TemplateReasoner.Params()).annotate(
        [CaseFile("clip", DURATION_S, *size, "a label", [], heard, [], tracks, seen)]
    )[0]


@pytest.mark.parametrize("name", CLIPS)
def test_no_claim_of_the_template_is_refuted_and_most_are_supported(name: str) -> None:
    made = reasoned(CLIPS[name], [], [])
    answers = judged(CLIPS[name], *made.claims)
    refuted = [
        (one.text, answer.reason) for one, answer in zip(made.claims, answers, strict=True) if answer.verdict == "refuted"
    ]
    assert refuted == []
    checkable = [a for one, a in zip(made.claims, answers, strict=True) if one.type != "inference"]
    assert sum(answer.verdict == "supported" for answer in checkable) >= 0.7 * len(checkable)


def test_its_source_claim_is_supported_by_another_measurement_of_the_same_sound() -> None:
    clip, ball = CLIPS["hits and a tone"], track("t00", (0.2, 0.3))
    seen = bounces("t00", [time_s + 0.02 for time_s in HITS_S])
    made = reasoned(clip, [ball], seen)
    source = [one for one in made.claims if one.type == "source"]
    assert [(one.object, one.subject) for one in source] == [("t00", "impact")]
    assert judged(clip, *source, tracks=(ball,), seen=seen)[0].verdict == "supported"
