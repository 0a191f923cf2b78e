"""Stereo position by the constant-power pan law: left = cos, right = sin of (pan + 1) pi / 4."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.instruments.spectra import SILENCE_POWER

_LEAST_SPAN_FOR_A_SLOPE_S = 0.15


@dataclass(frozen=True)
class Pan:
    """Energy-weighted mean position (-1 left .. +1 right) and its slope per second (0 for spans under 0.15 s)."""

    mean: float
    slope_per_s: float


def pan_of(energy: NDArray[np.float64], times_s: NDArray[np.float64]) -> Pan:
    """The pan of left and right energies (2, n) at `times_s` (n,), the law solved for pan."""
    energy = energy + SILENCE_POWER
    mean = float(_position(energy.sum(axis=1)))
    if times_s[-1] - times_s[0] < _LEAST_SPAN_FOR_A_SLOPE_S:
        return Pan(mean, 0.0)
    weights = energy.sum(axis=0)
    centred = times_s - np.average(times_s, weights=weights)
    slope = float(np.sum(weights * centred * _position(energy)) / np.sum(weights * centred**2))
    return Pan(mean, slope)


def _position(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    position: NDArray[np.float64] = np.arctan2(np.sqrt(energy[1]), np.sqrt(energy[0])) * 4 / np.pi - 1
    return position
