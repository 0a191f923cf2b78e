"""Captions: plain words for what was measured, the same each time."""

from annotators.instruments.captioner import SoundCaptioner
from annotators.instruments.detector import EventDetector
from annotators.media import ArrayMedia
from annotators.roles import AudioRequest, Hearing
from tests.annotators.instruments.signals import Samples, as_sound, bell, click, glide, hush, place, tone


def captions(samples: Samples) -> dict[str, str]:
    media = ArrayMedia("clip", as_sound(samples))
    (hearing,) = EventDetector(EventDetector.Params()).annotate([media])
    assert isinstance(hearing, Hearing)
    (said,) = SoundCaptioner(SoundCaptioner.Params()).annotate([AudioRequest(media, hearing.events, hearing.measurements)])
    assert {row.modality for row in said} == {"audio"}
    return {row.question: row.text for row in said}


def bouncing() -> Samples:
    sound = hush(5.0)
    for time_s, gain, pan in ((1.2, 1.0, -0.6), (2.1, 0.5, -0.2), (2.8, 0.25, 0.2), (3.4, 0.12, 0.6)):
        place(sound, click(), time_s, pan, gain)
    return sound


def test_hits_that_die_away_are_told_as_such() -> None:
    content = captions(bouncing())["content"]
    assert "Four moderately loud short hits from 1.2 s to" in content
    assert "closer and closer together" in content
    assert "each softer than the one before" in content
    assert "moving from left to right" in content


def test_the_temporal_caption_gives_the_order() -> None:
    sound = place(place(hush(6.0), glide(500.0, 1100.0, 2.0), 0.5), bell(700.0, 2.0), 3.5)
    temporal = captions(sound)["temporal"]
    assert temporal.startswith("From 0.5 s to 2.5 s a gliding tone; then at 3.5 s a ringing strike")


def test_what_sounds_under_other_sounds_is_said() -> None:
    sound = place(bouncing(), tone(220.0, 4.5, 5), 0.3)
    assert "The steady tone goes on under the short hits." in captions(sound)["temporal"]


def test_the_same_evidence_gives_the_same_words() -> None:
    assert captions(bouncing()) == captions(bouncing())


def test_a_clip_of_nothing_says_so() -> None:
    said = captions(0.0 * hush(3.0))
    assert said == {"content": "Nothing stands out of the silence.", "temporal": "Nothing begins or ends in this sound."}
