"""What a path does: how fast it is, where its velocity changes at once, when it starts and stops.

An impact on a moving thing is found by hinge regression. Over a short window each coordinate is fitted with
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
MIN_NOISE_PX = 0.15
REST_FRAMES, DYING_FRAMES = 4, 12
BACK_FRAC = 0.3  # of the speed of the blow, with which it comes back
QUIET_FRAC, STEADY_RATIO, DEAD_FRAC = 0.3, 1.25, 0.5  # speeds before, after and in the end, in that of the blow
HINGE_STEPS = np.linspace(-0.6, 0.6, 13)  # frames from the window's middle


@dataclass(frozen=True)
class Jump:
    """A velocity jump: `at` frames from the path's start (fractional); `before` and `after` in px per frame (x, y)."""

    at: float
    before: Floats
    after: Floats
    explained: float  # 0..1 of the smooth fit's residual
    surety: float  # size over its standard error, given how restless the path is as a whole

    @property
    def size(self) -> float:
        return float(np.hypot(*(self.after - self.before)))

    @property
    def gains_speed(self) -> bool:
        """Whether something already moving leaves faster than it came: a blow takes energy, only a muscle or motor adds it."""
        speed_before, speed_after = float(np.hypot(*self.before)), float(np.hypot(*self.after))
        return speed_after > 1.15 * speed_before and speed_before > 0.1 * speed_after


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
    smooth = _residual(windows, None)
    residuals = np.stack([_residual(windows, tau) for tau in HINGE_STEPS])
    best = residuals.argmin(axis=0)
    noise = float(np.sqrt(np.median(residuals.min(axis=0)) / (2 * (length - 4)))) + MIN_NOISE_PX
    jumps = []
    for start in np.flatnonzero(trusted & (best > 0) & (best < len(HINGE_STEPS) - 1)):
        tau = float(HINGE_STEPS[best[start]])
        _, velocity, acceleration, change = _solution(tau) @ windows[start]
        before = velocity + acceleration * tau
        error = noise * _spread(tau)
        jumps.append(
            Jump(
                at=float(start + HALF_WINDOW + tau),
                before=before,
                after=before + change,
                explained=float(1 - residuals[best[start], start] / max(smooth[start], 1e-9)),
                surety=float(np.hypot(*change)) / error,
            )
        )
    return jumps


def strongest(jumps: list[Jump], apart: float) -> list[Jump]:
    """Jumps at least `apart` frames from any larger one, in order of time."""
    kept: list[Jump] = []
    for jump in sorted(jumps, key=lambda jump: -jump.size):
        if all(abs(jump.at - other.at) >= apart for other in kept):
            kept.append(jump)
    return sorted(kept, key=lambda jump: jump.at)


def blows_at_rest(centres: Floats, usable: NDArray[np.bool_], least: float) -> list[tuple[float, float]]:
    """When a resting thing is struck: (frame, speed in px per frame), for first speeds of `least` or more.

    A blow moves it at full speed within two frames, the speed dies away, and what holds the thing brings it back. Something
    dropped gains speed on and on, and something that sets out keeps it.
    """
    moves = np.diff(centres, axis=0)
    step = np.hypot(*moves.T)
    found: list[tuple[float, float]] = []
    for onset in range(REST_FRAMES, len(step) - DYING_FRAMES):
        first, rest = step[onset : onset + 2], step[onset - REST_FRAMES : onset]
        peak = float(first.max())
        if peak < least or step[onset] < 0.15 * peak or rest.max() > QUIET_FRAC * peak:
            continue
        later = step[onset + 2 : onset + DYING_FRAMES]
        way = moves[onset : onset + 2].sum(axis=0)
        swings_back = (moves[onset + 2 : onset + DYING_FRAMES] @ way).min() <= -BACK_FRAC * peak * float(np.hypot(*way))
        is_known = usable[onset - REST_FRAMES : onset + DYING_FRAMES].all()
        if is_known and swings_back and later.max() <= STEADY_RATIO * peak and later.min() <= DEAD_FRAC * peak:
            partly = min(1.0, float(step[onset]) / peak)  # of the first frame, the part after the blow
            found.append((onset + 1 - partly, peak))
    return [blow for at, blow in enumerate(found) if at == 0 or blow[0] - found[at - 1][0] > REST_FRAMES]


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


@lru_cache(maxsize=32)
def _solution(tau: float) -> Floats:
    """The least-squares fit as a matrix (4, window): c, v, a and j of the positions in a window."""
    return np.asarray(np.linalg.pinv(_design(tau)), np.float64)


@lru_cache(maxsize=32)
def _spread(tau: float) -> float:
    """Standard error of the jump where positions have one of 1."""
    design = _design(tau)
    return float(np.sqrt(np.linalg.inv(design.T @ design)[3, 3]))


@lru_cache(maxsize=32)
def _leftover(tau: float | None) -> Floats:
    """What the fit leaves over, as a matrix (window, window)."""
    design = _design(tau)
    return np.asarray(np.eye(len(design)) - design @ np.linalg.pinv(design))


def _residual(windows: Floats, tau: float | None) -> Floats:
    """Sum of squares left over by the least-squares fit with a hinge at `tau` (None: without one), per window."""
    left = np.einsum("ij,njk->nik", _leftover(tau), windows)
    return np.asarray(np.square(left).sum(axis=(1, 2)))
