"""Measures: loudness of short and long stretches, the gain under a ceiling, and what two spectra share."""

import numpy as np
import pytest

from pipeline.editing.measures import GATE_LUFS, gain_under, integrated_lufs, spectral_overlap, third_octaves
from pipeline.editing.render import amplitude, encode_flac, read_flac
from tests.pipeline.editing.making import RATE_HZ, noise


def sine(freq_hz: float, seconds: float = 2.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * freq_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)[None]


def test_a_sine_of_997_hz_has_the_loudness_that_the_standard_gives_it() -> None:
    """BS.1770-4: 0 dBFS at 997 Hz in one channel reads -3.01 LKFS."""
    assert integrated_lufs(sine(997, level=1.0), RATE_HZ) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.399])
def test_a_stretch_shorter_than_a_block_is_measured_as_one_with_silence_around_it(seconds: float) -> None:
    short, twice = noise(seconds, level=0.1), noise(seconds, level=0.1) * 2
    silence = np.zeros((2, round(0.4 * RATE_HZ) - short.shape[1]))
    assert integrated_lufs(short, RATE_HZ) == pytest.approx(integrated_lufs(np.hstack([short, silence]), RATE_HZ), abs=1e-9)
    assert integrated_lufs(twice, RATE_HZ) - integrated_lufs(short, RATE_HZ) == pytest.approx(6.02, abs=0.01)


def test_silence_counts_as_loud_as_the_gate() -> None:
    assert integrated_lufs(np.zeros((2, RATE_HZ)), RATE_HZ) == GATE_LUFS
    assert not third_octaves(np.zeros((2, RATE_HZ)), RATE_HZ).any()


@pytest.mark.parametrize("peak", [1.0, 0.9, 0.892, 1.7, 3.0])
def test_a_peak_brought_under_the_ceiling_stays_there_when_it_is_stored(peak: float) -> None:
    gain_db = gain_under(peak, 1.0)
    assert gain_db < 0
    stored = read_flac(encode_flac(amplitude(gain_db) * np.array([[peak, -peak]]), RATE_HZ))
    ceiling = 10 ** (-1 / 20)
    assert ceiling * 0.998 <= np.abs(stored).max() <= ceiling


def test_what_is_below_the_ceiling_is_left_alone() -> None:
    assert gain_under(0.8, 1.0) == 0.0
    assert gain_under(0.0, 1.0) == 0.0


def test_spectra_of_far_away_tones_share_nothing_and_equal_ones_everything() -> None:
    low, high = third_octaves(sine(200), RATE_HZ), third_octaves(sine(3000), RATE_HZ)
    assert low.sum() == pytest.approx(1.0)
    assert spectral_overlap(low, high) < 0.01
    assert spectral_overlap(low, third_octaves(sine(200, level=0.01), RATE_HZ)) == pytest.approx(1.0)
    both = third_octaves(sine(200) + sine(3000), RATE_HZ)
    assert spectral_overlap(low, both) == pytest.approx(0.5, abs=0.01)
