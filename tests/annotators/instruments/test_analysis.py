"""Primitives over spans, against closed forms."""

import numpy as np
import pytest

from tests.annotators.instruments.signals import RATE_HZ, analysed, click, glide, hush, place, times, tone


def test_a_sine_at_minus_23_lufs_measures_so() -> None:
    """EBU Tech 3341, case 1: a stereo 1 kHz sine with peaks at -23 dBFS has -23.0 LUFS."""
    sine = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * times(5.0))
    analysis = analysed(np.stack([sine, sine]))
    assert analysis.integrated_lufs == pytest.approx(-23.0, abs=0.2)
    assert analysis.loudness_lufs(1.0, 4.0) == pytest.approx(-23.0, abs=0.2)
    assert analysis.loudness_slope_db_per_s(1.0, 4.0) == pytest.approx(0.0, abs=0.1)
    assert analysis.peak_dbfs(0.0, 5.0) == pytest.approx(-23.0, abs=0.05)
    assert analysis.level_dbfs(1.0, 4.0) == pytest.approx(-26.01, abs=0.05)


def test_a_fade_has_the_slope_it_was_given() -> None:
    sine = 0.3 * np.sin(2 * np.pi * 1000 * times(4.0)) * 10 ** (-6 * times(4.0) / 20)
    assert analysed(np.stack([sine, sine])).loudness_slope_db_per_s(0.5, 3.5) == pytest.approx(-6.0, abs=0.2)


@pytest.mark.parametrize("freq_hz", [60.0, 110.0, 440.0, 1000.0, 3000.0])
def test_the_pitch_of_a_sine_is_right_to_one_percent(freq_hz: float) -> None:
    pitch = analysed(place(hush(2.0), tone(freq_hz, 2.0), 0.0)).pitch(0.2, 1.8)
    assert pitch is not None
    assert pitch.median_hz == pytest.approx(freq_hz, rel=0.01)
    assert pitch.confidence > 0.8


def test_a_missing_fundamental_is_heard() -> None:
    t = times(2.0)
    sound = 0.05 * sum(np.sin(2 * np.pi * 200 * k * t) for k in range(2, 8))
    pitch = analysed(hush(2.0) + sound).pitch(0.2, 1.8)
    assert pitch is not None
    assert pitch.median_hz == pytest.approx(200.0, rel=0.01)


def test_a_glide_has_its_start_and_its_end() -> None:
    pitch = analysed(place(hush(2.0), glide(500, 1000, 2.0), 0.0)).pitch(0.0, 2.0)
    assert pitch is not None
    assert pitch.start_hz < 600 < 900 < pitch.end_hz


def test_noise_has_no_pitch_and_little_harmonicity() -> None:
    analysis = analysed(hush(2.0, -25.0))
    assert analysis.pitch(0.2, 1.8) is None
    assert analysis.harmonicity(0.2, 1.8) < 0.3
    assert analysed(place(hush(2.0), tone(440, 2.0, 5), 0.0)).harmonicity(0.2, 1.8) > 0.9


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.3, 1.0])
def test_pan_follows_the_constant_power_law(pan: float) -> None:
    measured = analysed(place(hush(2.0), click(), 0.7, pan)).pan(0.7, 0.76)
    assert measured is not None
    assert measured.mean == pytest.approx(pan, abs=0.06)


def test_a_moving_sound_has_a_pan_slope() -> None:
    noise = 0.1 * np.random.default_rng(3).standard_normal(3 * RATE_HZ)
    angle = (np.linspace(-0.6, 0.6, len(noise)) + 1) * np.pi / 4
    pan = analysed(hush(3.0, -70.0) + noise * np.stack([np.cos(angle), np.sin(angle)])).pan(0.0, 3.0)
    assert pan is not None
    assert pan.mean == pytest.approx(0.0, abs=0.03)
    assert pan.slope_per_s == pytest.approx(0.4, rel=0.1)


def test_mono_has_no_pan() -> None:
    assert analysed(place(hush(2.0), click(), 0.7)[:1]).pan(0.7, 0.8) is None


def test_a_hit_decays_as_it_was_made_to() -> None:
    """20 dB of exp(-t/tau) in amplitude take 2.303 tau."""
    decay = analysed(place(hush(2.0), click(decay_s=0.05), 0.5)).decay_time_s(0.5)
    assert decay == pytest.approx(0.115, abs=0.03)


def test_brightness_and_flatness_order_sounds_as_the_ear_does() -> None:
    low, high = analysed(place(hush(1.0), tone(200, 1.0), 0.0)), analysed(place(hush(1.0), tone(4000, 1.0), 0.0))
    assert low.centroid_hz(0.1, 0.9) == pytest.approx(200, rel=0.2)
    assert high.centroid_hz(0.1, 0.9) == pytest.approx(4000, rel=0.05)
    assert low.flatness(0.1, 0.9) < 0.05 < 0.5 < analysed(hush(1.0, -20.0)).flatness(0.1, 0.9)


def test_energy_over_the_floor_is_that_of_the_event() -> None:
    analysis = analysed(place(hush(3.0, -60.0), tone(1000, 0.5), 1.0))
    assert analysis.energy_over_floor_db(1.0, 1.5) == pytest.approx(43.0, abs=2.5)  # a sine of peak 0.2 in both channels
    assert analysis.energy_over_floor_db(2.0, 2.9) < 3.0
