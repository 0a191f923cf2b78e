"""Fundamental frequency and harmonicity through time, by subharmonic summation over the long spectra.

Every candidate is scored by the prominence (dB over the local spectral floor) at its harmonics minus that half-way between
them, weighted towards the low harmonics: the summation of residual harmonics (Drugman and Alwan, Interspeech 2011) on a
spectrum whitened by its own floor. The half-way terms are what keeps a sine from being heard an octave low. The winner is
refined on its own spectral peaks. pYIN was left out: it takes longer than the clip lasts on one core.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.instruments.spectra import Floats, Spectrogram, decibels

_LOW_WIDTH_HZ, _HIGH_WIDTH_HZ, _HIGH_FROM_HZ = 600.0, 2000.0, 1500.0
_HARMONICS = 8
_WEIGHT_PER_HARMONIC = 0.75
_PER_OCTAVE = 48
_LEAST_PROMINENCE_DB = 8.0  # what noise rarely reaches
_FULL_PROMINENCE_DB = 24.0  # a peak that stands out this much counts fully


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """`times_s`, `pitch_hz`, `confidence` (0..1), all (frames,). Below a confidence of about 0.5 the pitch means nothing."""

    times_s: NDArray[np.float64]
    pitch_hz: NDArray[np.float64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True)
class Pitch:
    """Pitch over a span: median, at its start, at its end (Hz), and the mean confidence of the voiced frames (0..1)."""

    median_hz: float
    start_hz: float
    end_hz: float
    confidence: float


def spectral_floor_db(level_db: Floats, num_bins: int) -> Floats:
    """A smooth floor along frequency: a moving mean that, on its second pass, no longer sees what stands out of it."""
    mean = scipy.ndimage.uniform_filter1d(level_db, num_bins, axis=1, mode="nearest")
    floor: Floats = scipy.ndimage.uniform_filter1d(np.minimum(level_db, mean), num_bins, axis=1, mode="nearest")
    return floor


def prominence_db(spectra: Spectrogram, top_hz: float) -> Floats:
    """How much each bin up to `top_hz` stands out of the spectral floor around it, in dB (frames, bins); never negative.

    The floor is taken over 600 Hz, and over 2 kHz above 1.5 kHz: there fast calls smear into plateaus several hundred hertz
    wide, which must not become their own floor.
    """
    step_hz = spectra.freqs_hz[1]
    level = decibels(spectra.mean_power[:, : int(np.searchsorted(spectra.freqs_hz, top_hz))])
    floor = spectral_floor_db(level, max(3, round(_LOW_WIDTH_HZ / step_hz)))
    high = slice(int(np.searchsorted(spectra.freqs_hz, _HIGH_FROM_HZ)), None)
    floor[:, high] = spectral_floor_db(level, max(3, round(_HIGH_WIDTH_HZ / step_hz)))[:, high]
    standing_out: Floats = np.maximum(level - floor, 0.0)
    return standing_out


def pitch_track(spectra: Spectrogram, prominence: Floats, lowest_hz: float, highest_hz: float) -> PitchTrack:
    """The strongest fundamental of each frame. `prominence` (frames, bins) belongs to the first bins of `spectra`."""
    step_hz = spectra.freqs_hz[1]
    num = int(np.log2(highest_hz / lowest_hz) * _PER_OCTAVE) + 1
    candidates = lowest_hz * 2.0 ** (np.arange(num) / _PER_OCTAVE)
    standing_out = _lines(prominence)
    salience = np.zeros((len(standing_out), num), np.float32)
    total_weight = 0.0
    for harmonic in range(1, _HARMONICS + 1):
        weight = _WEIGHT_PER_HARMONIC ** (harmonic - 1)
        salience += weight * _at(standing_out, candidates * harmonic / step_hz)
        if harmonic > 1:
            salience -= weight * _at(standing_out, candidates * (harmonic - 0.5) / step_hz)
        total_weight += weight
    best = salience.argmax(axis=1)
    rows = np.arange(len(best))
    pitch_hz = _refined(spectra, candidates[best])
    first = _at(standing_out, pitch_hz / step_hz, rows)
    confidence = np.clip(np.maximum(salience[rows, best] / total_weight * 1.5, first * (salience[rows, best] > 0.6)), 0, 1)
    return PitchTrack(spectra.times_s, pitch_hz, confidence.astype(np.float64))


def _lines(prominence: Floats) -> Floats:
    """Local maxima along frequency, 0..1, one bin wide to each side at four fifths: skirts of a peak do not count."""
    padded = np.pad(prominence, ((0, 0), (1, 1)))
    is_top = (prominence >= padded[:, :-2]) & (prominence > padded[:, 2:]) & (prominence > _LEAST_PROMINENCE_DB)
    tops = np.where(is_top, np.minimum(prominence / _FULL_PROMINENCE_DB, 1.0), np.float32(0.0))
    beside = np.pad(tops, ((0, 0), (1, 1))) * np.float32(0.8)
    lines: Floats = np.maximum(tops, np.maximum(beside[:, :-2], beside[:, 2:]))
    return lines


def _at(values: Floats, position: NDArray[np.float64], rows: NDArray[np.int64] | None = None) -> Floats:
    """The largest of the two bins around each position (and zero past the last bin)."""
    lower = np.floor(position).astype(int)
    inside = lower + 1 < values.shape[1]
    lower = np.where(inside, lower, 0)
    if rows is None:
        found = np.maximum(values[:, lower], values[:, lower + 1])
    else:
        found = np.maximum(values[rows, lower], values[rows, lower + 1])
    return np.where(inside, found, np.float32(0.0))


def _refined(spectra: Spectrogram, pitch_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """The candidate moved onto the mean of what its first three harmonics' peaks imply, each weighted by its power."""
    power = spectra.mean_power
    step_hz = spectra.freqs_hz[1]
    rows = np.arange(len(pitch_hz))
    implied, weights = np.zeros(len(pitch_hz)), np.full(len(pitch_hz), 1e-30)
    for harmonic in (1, 2, 3):
        centre = np.clip(np.round(pitch_hz * harmonic / step_hz).astype(int), 2, power.shape[1] - 3)
        nearby = centre[:, None] + np.arange(-1, 2)
        peak = nearby[rows, power[rows[:, None], nearby].argmax(axis=1)]
        frequency = peak_hz(decibels(power[rows, peak - 1]), decibels(power[rows, peak]), decibels(power[rows, peak + 1]), peak)
        found = frequency * step_hz / harmonic
        close = np.abs(found / pitch_hz - 1) < 0.03 + 0.5 * step_hz / (pitch_hz * harmonic)
        weight = np.where(close, power[rows, peak], 0.0) * harmonic
        implied += weight * found
        weights += weight
    return np.where(weights > 1e-20, implied / weights, pitch_hz)


def peak_hz(below_db: Floats, at_db: Floats, above_db: Floats, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Position (in bins) of the top of the parabola through three neighbouring levels."""
    curvature = below_db - 2 * at_db + above_db
    shift = np.where(curvature < -1e-6, 0.5 * (below_db - above_db) / np.where(curvature < -1e-6, curvature, -1.0), 0.0)
    position: NDArray[np.float64] = index + np.clip(shift, -0.5, 0.5)
    return position


def pitch_over(track: PitchTrack, frames: slice, least_confidence: float) -> Pitch | None:
    """The pitch over some frames; None where fewer than two of them, or a quarter of them, are confident."""
    confident = track.confidence[frames] >= least_confidence
    if confident.sum() < min(2, len(confident)) or confident.mean() < 0.25:
        return None
    pitch_hz = track.pitch_hz[frames][confident]
    edge = max(1, len(pitch_hz) // 6)
    return Pitch(
        float(np.median(pitch_hz)),
        float(np.median(pitch_hz[:edge])),
        float(np.median(pitch_hz[-edge:])),
        float(track.confidence[frames][confident].mean()),
    )
