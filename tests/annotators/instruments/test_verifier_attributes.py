"""The instrument verifier on how things sound: numbers, sides and trends of synthetic sounds."""

import numpy as np
import pytest

from annotators.media import ArrayMedia
from schemas.reasoning import Stated
from tests.annotators.instruments.sounds import RATE_HZ, claim, glide, hits, judged, media, noise, tone, words


@pytest.fixture(scope="module")
def a440() -> ArrayMedia:
    """A 440 Hz tone on the right from 1.0 s to 4.0 s."""
    return media(tone(1.0, 4.0, 440.0, pan=0.6))


def asked(
    attribute: str, relation: str, value: float | None = None, subject: str = "tone", span: tuple[float, float] = (1, 4)
) -> Stated:
    return claim("attribute", subject, attribute=attribute, relation=relation, value=value, start_s=span[0], end_s=span[1])


@pytest.mark.parametrize(
    ("attribute", "relation", "value", "verdict"),
    [
        ("pitch", "equals", 440.0, "supported"),
        ("pitch", "equals", 455.0, "supported"),
        ("pitch", "equals", 500.0, "refuted"),
        ("pitch", "equals", 220.0, "unverifiable"),  # an octave
        ("pitch", "at_least", 300.0, "supported"),
        ("pitch", "at_most", 300.0, "refuted"),
        ("duration", "equals", 3.0, "supported"),
        ("duration", "equals", 1.0, "refuted"),
        ("pan", "equals", 0.6, "supported"),
        ("pan", "equals", -0.5, "refuted"),
        ("pan", "right", None, "supported"),
        ("pan", "left", None, "refuted"),
        ("pan", "centre", None, "refuted"),
        ("pitch", "steady", None, "supported"),
        ("pitch", "rises", None, "refuted"),
        ("loudness", "steady", None, "supported"),
    ],
)
def test_a_steady_tone_is_what_it_is(
    a440: ArrayMedia, attribute: str, relation: str, value: float | None, verdict: str
) -> None:
    assert words(a440, asked(attribute, relation, value)) == [verdict]


def test_loudness_is_the_momentary_maximum_within_two_units(a440: ArrayMedia) -> None:
    measured = judged(a440, asked("loudness", "equals", -20.0))[0].evidence[0].value
    assert measured is not None
    for off, verdict in ((0.0, "supported"), (1.5, "supported"), (5.0, "refuted"), (-5.0, "refuted")):
        assert words(a440, asked("loudness", "equals", measured + off)) == [verdict]
    assert words(a440, asked("loudness", "at_least", measured - 5), asked("loudness", "at_least", measured + 5)) == [
        "supported",
        "refuted",
    ]


@pytest.mark.parametrize(("from_hz", "to_hz", "true", "false"), [(400, 800, "rises", "falls"), (900, 450, "falls", "rises")])
def test_a_glide_goes_one_way(from_hz: float, to_hz: float, true: str, false: str) -> None:
    clip = media(glide(1.0, 4.0, from_hz, to_hz))
    assert words(clip, asked("pitch", true, subject="sweep"), asked("pitch", false, subject="sweep")) == [
        "supported",
        "refuted",
    ]


def test_a_tone_that_fades_or_moves_is_heard_to_do_so() -> None:
    num = round(3.0 * RATE_HZ)
    moving = media(tone(1.0, 4.0, 300.0, pan=np.linspace(-0.8, 0.8, num)))
    assert words(moving, asked("pan", "rises"), asked("pan", "falls"), asked("pan", "steady")) == [
        "supported", "refuted", "refuted",
    ]  # fmt: skip
    steady = tone(1.0, 4.0, 300.0)
    fading = media(steady * np.geomspace(1.0, 0.03, steady.shape[1])[None, :] ** 2)
    assert words(fading, asked("loudness", "falls"), asked("loudness", "rises")) == ["supported", "refuted"]


def test_a_rate_is_onsets_per_second() -> None:
    clip = media(hits([1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.4]))
    found = words(clip, *(asked("rate", "equals", rate, "impact", (1.0, 3.8)) for rate in (2.5, 5.0, 1.0)))
    assert found == ["supported", "refuted", "refuted"]


def test_brightness_is_the_spectral_centre() -> None:
    clip = media(noise(1.0, 4.0))
    centre = judged(clip, asked("brightness", "equals", 10000.0, "noise"))[0].evidence[0].value
    assert centre == pytest.approx(RATE_HZ / 4, rel=0.1)  # white noise
    assert words(clip, asked("brightness", "equals", 11000.0, "noise"), asked("brightness", "equals", 3000.0, "noise")) == [
        "supported",
        "refuted",
    ]


def test_mono_has_no_side() -> None:
    clip = media(tone(1.0, 4.0), mono=True)
    assert words(clip, asked("pan", "left"), asked("pan", "equals", 0.0), asked("pan", "rises")) == ["unverifiable"] * 3


def test_qualities_of_what_does_not_sound_are_refuted(a440: ArrayMedia) -> None:
    assert words(
        a440,
        asked("pitch", "equals", 440.0, span=(4.6, 5.6)),
        asked("pan", "right", subject="impact"),
        asked("pitch", "equals", 440.0, "dog bark", (4.6, 5.6)),
        asked("pitch", "equals", 440.0, "dog bark"),
    ) == ["refuted", "refuted", "refuted", "unverifiable"]
