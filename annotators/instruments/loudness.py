"""Loudness after ITU-R BS.1770-4: integrated over the clip, and momentary (400 ms) through time.

pyloudnorm gates and integrates. Its K-weighting filters are applied here, once for both: its meter does not hand out the
weighted signal. It is imported when it is used: it brings all of scipy.signal along, seconds that the start of a build can do
without.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.media import Sound

MOMENTARY_S = 0.4
SHORT_TERM_S = 3.0
ABSOLUTE_GATE_LUFS = -70.0
QUIETEST_LUFS = -120.0
_STEP_S = 0.01


@dataclass(frozen=True, eq=False)
class LoudnessCurve:
    """K-weighted energy through time, kept as running sums so that the mean over any span costs nothing."""

    summed: NDArray[np.float64]  # (steps + 1,) weighted energy from the start, in units of mean square x seconds
    duration_s: float
    integrated_lufs: float | None  # gated; None when shorter than 0.4 s, or everything is below the -70 LUFS gate

    def mean_lufs(self, start_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ungated loudness of each span."""
        grid = np.minimum(np.arange(len(self.summed)) * _STEP_S, self.duration_s)
        energy = np.interp(end_s, grid, self.summed) - np.interp(start_s, grid, self.summed)
        mean_square = energy / np.maximum(end_s - start_s, 1e-9)
        loudness: NDArray[np.float64] = -0.691 + 10 * np.log10(np.maximum(mean_square, 1e-12))
        return np.maximum(loudness, QUIETEST_LUFS)

    def sliding_lufs(self, start_s: float, end_s: float, window_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centres and loudness of windows that lie within the span; a shorter span has the one window around it."""
        half_s = min(window_s, self.duration_s) / 2
        first, last = max(start_s + half_s, half_s), min(end_s - half_s, self.duration_s - half_s)
        if last <= first:
            middle = np.clip((start_s + end_s) / 2, half_s, max(half_s, self.duration_s - half_s))
            centres = np.array([middle])
        else:
            centres = np.arange(first, last + 1e-9, _STEP_S)
        return centres, self.mean_lufs(centres - half_s, centres + half_s)


def _k_weighted(sound: Sound) -> NDArray[np.float64]:
    """The sound as loud as it seems at each frequency, (channels, n)."""
    from pyloudnorm import IIRfilter

    stages = (
        IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, sound.sample_rate_hz, "high_shelf"),
        IIRfilter(0.0, 0.5, 38.0, sound.sample_rate_hz, "high_pass"),
    )
    weighted = sound.samples.astype(np.float64)
    for stage in stages:
        weighted = np.stack([stage.apply_filter(channel) for channel in weighted])
    return weighted


def loudness_curve(sound: Sound) -> LoudnessCurve:
    """The loudness of a sound through time and as a whole. Channels count as front channels (weight 1)."""
    weighted = _k_weighted(sound)
    energy = (weighted**2).sum(axis=0)
    step = sound.sample_rate_hz * _STEP_S
    edges = np.round(np.arange(0, len(energy) / step) * step).astype(int)
    per_step = np.add.reduceat(energy, edges) / sound.sample_rate_hz
    summed = np.concatenate([[0.0], np.cumsum(per_step)])
    return LoudnessCurve(summed, sound.duration_s, _integrated_lufs(weighted, sound))


def _integrated_lufs(weighted: NDArray[np.float64], sound: Sound) -> float | None:
    if sound.duration_s <= MOMENTARY_S:
        return None
    from pyloudnorm import Meter

    meter = Meter(sound.sample_rate_hz)
    meter._filters.clear()  # it is weighted already, and to filter it takes longer than all the rest
    loudness = float(meter.integrated_loudness(weighted.T))
    return loudness if np.isfinite(loudness) else None
