"""Sustained sounds without pitch: rain, wind, hiss, applause.

The noise level is measured between the spectral lines (a low quantile of the bins of each band) and between the hits (a low
quantile over half a second), so that neither tones nor blows count as noise. Noise is an event where it rises well above
the quietest moments of the clip, or where it is louder than any quiet place is by itself: else a clip in which it rains all
along would hold no rain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.instruments.analysis import Analysis
from annotators.instruments.spectra import Spectrogram, decibels
from annotators.instruments.stereo import Pan, pan_of

_EDGES_HZ = (100, 400, 800, 1200, 1600, 2400, 3200, 4800, 6400, 9600, 12_800)  # wide enough to hold gaps between harmonics
_BINS_QUANTILE, _BINS_QUANTILE_DB = 20, -6.5  # of exponentially distributed power: 10 log10(-ln 0.8)
_HISS_HZ = 2350.0
_TIME_QUANTILE, _TIME_WINDOW_S = 25, 0.5
_HYSTERESIS_DB = 4.0
_BRIDGED_GAP_S = 0.5


@dataclass(frozen=True)
class Noise:
    """One stretch of noise: its median level (dB re full scale), and how much it is over the quietest moments of the clip."""

    start_s: float
    end_s: float
    level_db: float
    over_quiet_db: float
    hiss_db: float  # median level of the part above 2.4 kHz


def noise_levels_db(spectra: Spectrogram) -> NDArray[np.float64]:
    """Levels of what is neither line nor hit, per frame: of the whole, and of the part above 2.4 kHz (2, frames)."""
    edges = np.searchsorted(spectra.freqs_hz, _EDGES_HZ)
    power = spectra.mean_power
    total, hiss = np.zeros(len(power)), np.zeros(len(power))
    for low, high in pairwise(edges):
        if high > low:
            per_bin = np.percentile(power[:, low:high], _BINS_QUANTILE, axis=1) * 10 ** (-_BINS_QUANTILE_DB / 10)
            total += per_bin * (high - low)
            hiss += per_bin * (high - low) * (spectra.freqs_hz[low] >= _HISS_HZ)
    window = max(3, round(_TIME_WINDOW_S / spectra.hop_s))
    steady = [
        decibels(scipy.ndimage.percentile_filter(level, _TIME_QUANTILE, size=window, mode="nearest")) for level in (total, hiss)
    ]
    return np.array(steady, np.float64)


def find_noises(analysis: Analysis, undecided: Sequence[tuple[float, float]]) -> list[Noise]:
    """Stretches of noise in order. Within the `undecided` spans (rolls, whose hits leave no gaps) the surroundings decide."""
    spectra, params = analysis.long, analysis.params
    levels, hiss = noise_levels_db(spectra)
    for start_s, end_s in undecided:
        frames = spectra.frames(start_s - _TIME_WINDOW_S / 2, end_s + _TIME_WINDOW_S / 2)
        before, after = levels[max(frames.start - 1, 0)], levels[min(frames.stop, len(levels) - 1)]
        levels[frames] = min(before, after)
    quiet = float(np.percentile(levels, 5))
    enter = min(params.loud_noise_dbfs, max(quiet + params.noise_rise_db, params.faint_noise_dbfs))
    noises = []
    for start, end in _stretches(levels, enter, enter - _HYSTERESIS_DB, round(_BRIDGED_GAP_S / spectra.hop_s)):
        start_s, end_s = start * spectra.hop_s, min(end * spectra.hop_s, analysis.duration_s)
        if end_s - start_s >= params.least_noise_s:
            level = float(np.median(levels[start:end]))
            noises.append(Noise(start_s, end_s, level, level - quiet, float(np.median(hiss[start:end]))))
    return noises


def noise_pan(analysis: Analysis, noise: Noise) -> Pan | None:
    """Position of the noise alone, from the median spectrum of each channel between the lines. None unless stereo."""
    power = analysis.long.power[:, analysis.long.frames(noise.start_s, noise.end_s)][:, ::4]
    if len(power) != 2:
        return None
    edges = np.searchsorted(analysis.long.freqs_hz, _EDGES_HZ)
    typical = np.median(power, axis=1)
    energy = sum(
        np.percentile(typical[:, low:high], _BINS_QUANTILE, axis=1) * (high - low)
        for low, high in pairwise(edges)
        if high > low
    )
    return pan_of(np.asarray(energy, np.float64)[:, None], np.array([noise.start_s]))


def _stretches(levels: NDArray[np.float64], enter: float, stay: float, bridged: int) -> list[tuple[int, int]]:
    """Frames [start, end) that stay above one level and somewhere reach the other; short gaps are bridged."""
    above = np.flatnonzero(np.diff(np.concatenate([[0], (levels > stay).astype(int), [0]])))
    runs = [(int(a), int(b)) for a, b in above.reshape(-1, 2) if levels[a:b].max() > enter]
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] <= bridged:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
