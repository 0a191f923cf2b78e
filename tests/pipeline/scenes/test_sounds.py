"""Closed forms of the synthesis: decay, partials, rates, pitch."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.scenes import impacts, sustained
from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Body, Samples

RATE = SAMPLE_RATE_HZ


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def strongest_hz(sound: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 4 * len(sound)))
    return float(np.argmax(spectrum) * RATE / (4 * len(sound)))


def test_a_mode_falls_by_thirty_decibels_in_half_its_t60() -> None:
    body = Body([1000.0], [1.0], [0.8], 0.0, (500, 2000), 0.05)
    sound = impacts.strike(body, rng(), 1.0)
    start, half = sound[:441], sound[round(0.4 * RATE) :][:441]
    assert 20 * np.log10(impacts.rms(start) / impacts.rms(half)) == pytest.approx(30.0, abs=0.2)


def test_a_harder_stroke_is_louder_and_brighter() -> None:
    body = impacts.anvil(rng())
    soft, hard = impacts.strike(body, rng(), 0.3), impacts.strike(body, rng(), 1.0)

    def centroid(sound: Samples) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())

    assert (np.abs(soft).max(), np.abs(hard).max()) == pytest.approx((0.3, 1.0), rel=0.01)
    assert centroid(hard) > 1.05 * centroid(soft)


def test_the_strongest_partial_of_bell_and_glass_is_the_pitch_that_is_told() -> None:
    for make in (impacts.church_bell, impacts.wine_glass):
        body, told_hz = make(rng())
        assert strongest_hz(impacts.strike(body, rng(), 1.0)) == pytest.approx(told_hz, rel=0.005)


def test_small_balls_sound_higher_than_big_ones() -> None:
    assert impacts.rubber_ball(rng(), 0.14).freqs_hz[0] > impacts.rubber_ball(rng(), 0.19).freqs_hz[0]


def test_a_drum_roll_has_its_strokes_where_it_says() -> None:
    sound, strokes = impacts.drum_roll(impacts.snare(rng()), rng(), rate_hz=15.0, length_s=1.0)
    assert len(strokes) == 15
    assert np.diff(strokes) == pytest.approx(np.full(14, 1 / 15), abs=0.007)
    for stroke_s in strokes[1:]:
        at = round(stroke_s * RATE)
        assert impacts.rms(sound[at : at + 220]) > 1.3 * impacts.rms(sound[at - 220 : at])


@pytest.mark.parametrize("make", [sustained.horn, sustained.beep, sustained.siren])
def test_pitched_sounds_have_their_energy_at_multiples_of_the_pitch(make: Callable[[Samples], Samples]) -> None:
    sound = make(np.full(RATE, 500.0))
    power = np.abs(np.fft.rfft(sound * np.hanning(RATE))) ** 2
    near = np.zeros(len(power), bool)
    for k in range(1, 20):
        near[500 * k - 4 : 500 * k + 5] = True
    assert power[near].sum() > 0.999 * power.sum()


def test_an_engine_follows_its_pitch() -> None:
    pitch = np.linspace(100, 120, 2 * RATE)
    sound = sustained.engine(rng(), pitch)
    for first, expected in ((RATE // 4, 102.5), (round(1.7 * RATE), 117.0)):
        part = sound[first : first + RATE // 5]
        lags = np.arange(round(RATE / 160), round(RATE / 70))
        match = [float(np.dot(part[:-lag], part[lag:]) / (len(part) - lag)) for lag in lags]
        assert RATE / lags[int(np.argmax(match))] == pytest.approx(expected, rel=0.03)


def test_a_wail_stays_between_its_pitches_and_starts_at_the_lower() -> None:
    pitch = sustained.wail(4 * RATE, 500.0, 1000.0, 2.0)
    assert (pitch[0], pitch.min(), pitch.max()) == pytest.approx((500.0, 500.0, 1000.0))
    assert pitch[RATE // 2] == pytest.approx(500 * np.sqrt(2), rel=1e-3)


def test_ambience_is_pink() -> None:
    power = np.abs(np.fft.rfft(sustained.pink_noise(rng(), 8 * RATE))) ** 2
    octaves = [power[8 * low : 16 * low].sum() for low in (100, 400, 1600, 6400)]
    assert np.ptp(10 * np.log10(octaves)) < 0.6


def test_noises_are_noise_and_begin_and_end_softly() -> None:
    strength = sustained.gusts(rng(), 3 * RATE)
    assert 0.4 < strength.min() <= strength.max() <= 1
    for sound in (sustained.rain(rng(), 3 * RATE), sustained.wind(rng(), strength)):
        assert np.abs(sound[:50]).max() < 0.02
        assert np.abs(sound[-50:]).max() < 0.02
        power = np.abs(np.fft.rfft(sound)) ** 2
        assert power.max() < 0.02 * power.sum()
