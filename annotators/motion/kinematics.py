"""What a path does: how fast it is, where its velocity changes at once, when it starts and stops.

An impact is found by hinge regression. Over a short window each coordinate is fitted with
p(t) = c + v·t + a·t²/2 + j·max(0, t - τ): free flight under any constant acceleration, and one velocity jump j at τ. The τ
with the smallest residual gives the moment between frames; a jump counts when it explains most of what the fit without it
leaves over. Smooth curves, steady acceleration and gravity alone therefore make no impact.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HALF_WINDOW = 3  # frames on each side of the hinge's frame
HINGE_STEPS = np.linspace(-0.6, 0.6, 13)  # frames from the window's middle


@dataclass(frozen=True)
class Jump:
    """A velocity jump: `at` frames from the path's start (fractional), `change` in px per frame (x, y)."""

    at: float
    change: Floats
    explained: float  # 0..1 of the smooth fit's residual

    @property
    def size(self) -> float:
        return float(np.hypot(*self.change))


def speeds(centres: Floats, fps: float) -> Floats:
    """px/s at each frame, (n,), from central differences of centres smoothed over three frames."""
    if len(centres) < 3:
        return np.zeros(len(centres))
    padded = np.pad(centres, ((1, 1), (0, 0)), mode="edge")
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    smooth[0], smooth[-1] = centres[0], centres[-1]
    velocity = np.gradient(smooth, axis=0) * fps
    return np.hypot(velocity[:, 0], velocity[:, 1])


def velocity_jumps(centres: Floats, usable: NDArray[np.bool_]) -> list[Jump]:
    """The best hinge at every frame where one is better than none, in order; `usable` (n,) marks trusted positions."""
    length = 2 * HALF_WINDOW + 1
    if len(centres) < length:
        return []
    windows = sliding_window_view(centres, length, axis=0).transpose(0, 2, 1)  # (n - length + 1, length, 2)
    trusted = sliding_window_view(usable, length).all(axis=1)
    smooth = _residual(windows, _design(None))
    residuals = np.stack([_residual(windows, _design(tau)) for tau in HINGE_STEPS])
    best = residuals.argmin(axis=0)
    jumps = []
    for start in np.flatnonzero(trusted & (best > 0) & (best < len(HINGE_STEPS) - 1)):
        tau = HINGE_STEPS[best[start]]
        change = (np.linalg.pinv(_design(tau)) @ windows[start])[3]
        explained = 1 - residuals[best[start], start] / max(smooth[start], 1e-9)
        jumps.append(Jump(float(start + HALF_WINDOW + tau), change, float(explained)))
    return jumps


def strongest(jumps: list[Jump], min_size: float, min_explained: float, apart: float) -> list[Jump]:
    """Jumps that are large and sure enough, at least `apart` frames from any stronger one, in order of time."""
    kept: list[Jump] = []
    for jump in sorted(jumps, key=lambda jump: -jump.size):
        if (
            jump.size >= min_size
            and jump.explained >= min_explained
            and all(abs(jump.at - other.at) >= apart for other in kept)
        ):
            kept.append(jump)
    return sorted(kept, key=lambda jump: jump.at)


def rests(speed: Floats, moving_at: float, resting_at: float, min_frames: int) -> list[tuple[int, bool]]:
    """Changes between rest and motion with hysteresis: (frame, begins to move), each state lasting `min_frames` or more."""
    states = np.zeros(len(speed), np.bool_)
    state = bool(len(speed)) and bool(speed[0] > resting_at)
    for index, value in enumerate(speed):
        state = bool(value > moving_at) if not state else bool(value > resting_at)
        states[index] = state
    edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    long_enough = [(start, bool(states[start])) for start, end in pairwise(edges) if end - start >= min_frames]
    return [(start, moves) for (_, before), (start, moves) in pairwise(long_enough) if moves != before]


@lru_cache(maxsize=32)
def _design(tau: float | None) -> Floats:
    t = np.arange(-HALF_WINDOW, HALF_WINDOW + 1, dtype=np.float64)
    columns = [np.ones_like(t), t, t**2 / 2]
    if tau is not None:
        columns.append(np.maximum(0.0, t - tau))
    return np.stack(columns, axis=1)


def _residual(windows: Floats, design: Floats) -> Floats:
    """Sum of squares left over by the least-squares fit, per window."""
    keep = np.eye(len(design)) - design @ np.linalg.pinv(design)
    left = np.einsum("ij,njk->nik", keep, windows)
    return np.asarray(np.square(left).sum(axis=(1, 2)))
