"""Events: each sound gets the name of how it behaves, and its numbers."""

import numpy as np
import pytest

from tests.annotators.instruments.signals import RATE_HZ, bell, click, events_of, glide, hush, place, times, tone


def test_three_clicks_are_three_impacts() -> None:
    sound = hush(3.0)
    for time_s in (0.5, 1.2, 2.0):
        place(sound, click(), time_s, pan=-0.5)
    events = events_of(sound)
    assert [event.kind for event in events] == ["impact"] * 3
    assert [event.start_s for event in events] == pytest.approx((0.5, 1.2, 2.0), abs=0.005)
    assert all(event.end_s - event.start_s < 0.3 for event in events)
    assert [event.pan for event in events] == pytest.approx([-0.5] * 3, abs=0.05)


def test_hits_in_quick_succession_are_one_roll() -> None:
    sound = hush(3.0)
    strokes = 0.8 + np.arange(14) / 15
    for k, time_s in enumerate(strokes):
        place(sound, click(0.012, seed=k), float(time_s))
    (event,) = events_of(sound)
    assert event.kind == "roll"
    assert event.onsets_s == pytest.approx(strokes, abs=0.006)
    assert event.repetition_hz == pytest.approx(15.0, rel=0.03)


def test_decaying_partials_are_a_ring_with_the_pitch_of_the_strongest() -> None:
    (event,) = events_of(place(hush(4.0), bell(620.0, 2.5), 0.8, pan=0.4))
    assert event.kind == "ring"
    assert event.start_s == pytest.approx(0.8, abs=0.01)
    assert event.end_s - event.start_s == pytest.approx(1.25, rel=0.2)  # 30 dB of 60
    assert event.pitch_hz == pytest.approx(620.0, rel=0.01)
    assert event.pan == pytest.approx(0.4, abs=0.03)


def test_a_bell_that_is_struck_again_rings_twice() -> None:
    sound = place(place(hush(5.0), bell(620.0, 2.5), 0.5), bell(620.0, 2.5), 2.0)
    events = events_of(sound)
    assert [event.kind for event in events] == ["ring", "ring"]
    assert [event.start_s for event in events] == pytest.approx((0.5, 2.0), abs=0.01)


@pytest.mark.parametrize("num_harmonics", [1, 6])
def test_a_steady_note_is_a_tone(num_harmonics: int) -> None:
    (event,) = events_of(place(hush(3.0), tone(330.0, 1.2, num_harmonics), 0.9))
    assert event.kind == "tone"
    assert event.pitch_hz == pytest.approx(330.0, rel=0.01)
    assert (event.start_s, event.end_s) == pytest.approx((0.9, 2.1), abs=0.06)


def test_an_exponential_chirp_is_a_sweep() -> None:
    (event,) = events_of(place(hush(4.0), glide(400.0, 1200.0, 2.5), 0.7))
    assert event.kind == "sweep"
    assert event.pitch_start_hz == pytest.approx(400.0, rel=0.08)
    assert event.pitch_end_hz == pytest.approx(1200.0, rel=0.08)


def test_short_glides_are_chirps() -> None:
    sound = hush(3.0)
    for time_s in (0.5, 1.2, 1.9):
        place(sound, glide(3600.0, 2600.0, 0.15), time_s)
    events = events_of(sound)
    assert [event.kind for event in events] == ["chirp"] * 3
    assert [event.start_s for event in events] == pytest.approx((0.5, 1.2, 1.9), abs=0.04)


def test_white_noise_all_along_is_one_noise() -> None:
    (event,) = events_of(hush(4.0, -30.0))
    assert event.kind == "noise"
    assert event.end_s - event.start_s > 3.8


def test_noise_for_a_while_has_its_span() -> None:
    sound = hush(5.0, -62.0)
    place(sound, 0.03 * np.random.default_rng(7).standard_normal(2 * RATE_HZ), 1.5)
    (event,) = events_of(sound)
    assert event.kind == "noise"
    assert (event.start_s, event.end_s) == pytest.approx((1.5, 3.5), abs=0.3)


def test_clicks_in_noise_and_under_a_tone_are_all_told_apart() -> None:
    sound = place(hush(4.0, -35.0), tone(500.0, 2.0, 4), 1.0)
    for time_s in (0.6, 1.6, 2.4, 3.5):
        place(sound, click(), time_s)
    found = sorted((event.kind, round(event.start_s, 1)) for event in events_of(sound))
    assert found == [("impact", 0.6), ("impact", 1.6), ("impact", 2.4), ("impact", 3.5), ("noise", 0.0), ("tone", 1.0)]


@pytest.mark.parametrize("duration_s", [2.0, 8.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_pure_ambience_has_no_events(duration_s: float, seed: int) -> None:
    assert events_of(hush(duration_s, -50.0, seed)) == []


def test_an_overtone_is_no_voice_of_its_own() -> None:
    t = times(2.0)
    vibrato = 2 * np.pi * np.cumsum(220 * (1 + 0.03 * np.sin(2 * np.pi * 5 * t))) / RATE_HZ
    voice = 0.05 * sum(np.sin(k * vibrato) for k in range(1, 9))
    events = events_of(place(hush(3.0), np.asarray(voice), 0.5))
    assert [event.kind for event in events] == ["tone"]
    assert events[0].pitch_hz == pytest.approx(220.0, rel=0.02)
