"""The little world: metres, seconds, a camera, and the ways in which things move.

x runs to the right, y upwards from the ground, z away from the camera; the ear is where the camera is. A motion answers for
any times, so that pictures (frame times) and sound (its own grid) come from one and the same formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GRAVITY_M_PER_S2 = 9.81
MIN_BOUNCE_INTERVAL_S = 0.16  # below it bounces blur into a roll; the ball is taken to be at rest


@dataclass(frozen=True)
class Camera:
    """A pinhole 0.6 m above the ground, looking level, with the horizon at 40 % of the height of the picture."""

    width_px: int
    height_px: int

    @property
    def focal_px(self) -> float:
        return 4 / 3 * self.height_px

    def project(self, x_m: Array, y_m: Array, z_m: Array) -> tuple[Array, Array]:
        """World to picture, in pixels."""
        return self.width_px / 2 + self.focal_px * x_m / z_m, 0.4 * self.height_px + self.focal_px * (0.6 - y_m) / z_m

    def x_at(self, frac: float, z_m: float) -> float:
        """The x that is seen at a fraction of the picture's width (0 left, 1 right) from a distance."""
        return (frac - 0.5) * self.width_px * z_m / self.focal_px

    def y_at(self, frac: float, z_m: float) -> float:
        """The height that is seen at a fraction of the picture's height (0 top, 1 bottom) from a distance."""
        return 0.6 + (0.4 - frac) * self.height_px * z_m / self.focal_px

    def pan(self, x_m: Array, z_m: Array) -> Array:
        """-1 left .. +1 right: ±0.8 at the edges of the picture, at most ±0.95."""
        return np.clip(1.6 * self.focal_px * x_m / z_m / self.width_px, -0.95, 0.95)


@dataclass(frozen=True)
class Pose:
    """Where a thing is and what it does, one value per time. `phase` and `vigor` drive the moving parts of its shape."""

    x_m: Array
    y_m: Array
    z_m: Array
    angle_rad: Array
    scale_x: Array
    scale_y: Array
    phase: Array
    vigor: Array


class Motion(Protocol):
    def __call__(self, times_s: Array) -> Pose: ...


def pose(times_s: Array, x_m: Array | float, y_m: Array | float, z_m: Array | float, **moving: Array | float) -> Pose:
    """A pose at rest but for what is given; numbers hold for all times."""
    rest: dict[str, Array | float] = {"angle_rad": 0.0, "scale_x": 1.0, "scale_y": 1.0, "phase": 0.0, "vigor": 0.0}
    values = {"x_m": x_m, "y_m": y_m, "z_m": z_m, **rest, **moving}
    return Pose(**{name: np.broadcast_to(np.asarray(value, float), times_s.shape) for name, value in values.items()})


def ringing(times_s: Array, hits_s: Sequence[float], freq_hz: float, decay_s: float) -> Array:
    """Damped oscillations, each begun by a hit with amplitude 1."""
    total = np.zeros_like(times_s)
    for hit_s in hits_s:
        since = np.maximum(times_s - hit_s, 0)
        total += np.exp(-since / decay_s) * np.sin(2 * np.pi * freq_hz * since)
    return total


@dataclass(frozen=True)
class Bouncing:
    """A ball let go at `start_s`, `drop_m` above the ground, that drifts sideways and comes to rest."""

    x_m: float
    z_m: float
    radius_m: float
    start_s: float
    drop_m: float
    drift_m_per_s: float
    restitution: float

    def bounces(self) -> list[tuple[float, float]]:
        """(time, impact speed in m/s) of every bounce, until they follow closer than MIN_BOUNCE_INTERVAL_S."""
        speed = float(np.sqrt(2 * GRAVITY_M_PER_S2 * self.drop_m))
        time_s = self.start_s + speed / GRAVITY_M_PER_S2
        bounces = [(time_s, speed)]
        while (interval_s := 2 * speed * self.restitution / GRAVITY_M_PER_S2) >= MIN_BOUNCE_INTERVAL_S:
            speed *= self.restitution
            time_s += interval_s
            bounces.append((time_s, speed))
        return bounces

    def __call__(self, times_s: Array) -> Pose:
        bounces = self.bounces()
        since = np.maximum(times_s - self.start_s, 0)
        height = np.maximum(self.drop_m - GRAVITY_M_PER_S2 / 2 * since**2, 0)
        squash = np.zeros_like(times_s)
        for (hit_s, speed), (next_s, _) in zip(bounces, [*bounces[1:], (bounces[-1][0], 0.0)], strict=True):
            flight = (times_s >= hit_s) & (times_s < next_s)
            up = times_s[flight] - hit_s
            height[flight] = speed * self.restitution * up - GRAVITY_M_PER_S2 / 2 * up**2
            squash += 0.05 * speed * np.exp(-np.abs(times_s - hit_s) / 0.03)
        drift = self.drift_m_per_s * np.clip(times_s - self.start_s, 0, bounces[-1][0] - self.start_s)
        squash = np.minimum(squash, 0.25)
        centre = np.maximum(height, 0) + self.radius_m * (1 - squash)
        return pose(times_s, self.x_m + drift, centre, self.z_m, scale_x=1 + 0.5 * squash, scale_y=1 - squash)


@dataclass(frozen=True)
class Gliding:
    """A thing that travels from one place to another, slower and faster by turns, and may bob or flap as it goes."""

    from_m: tuple[float, float, float]
    to_m: tuple[float, float, float]
    start_s: float
    end_s: float
    unevenness: float = 0.0  # 0 steady .. <1; the speed swings by this share of its mean
    bob_m: float = 0.0
    cycle_s: float = 1.0  # of bobbing and of `phase`

    def speed(self, times_s: Array) -> Array:
        """Relative to the mean speed; the formula holds beyond the span too."""
        share = (times_s - self.start_s) / (self.end_s - self.start_s)
        return 1 + self.unevenness * np.sin(2 * np.pi * share)

    def __call__(self, times_s: Array) -> Pose:
        share = np.clip((times_s - self.start_s) / (self.end_s - self.start_s), 0, 1)
        along = share + self.unevenness / (2 * np.pi) * (1 - np.cos(2 * np.pi * share))
        x, y, z = (a + (b - a) * along for a, b in zip(self.from_m, self.to_m, strict=True))
        phase = np.clip(times_s, self.start_s, self.end_s) / self.cycle_s - self.start_s / self.cycle_s
        facing = 1.0 if self.to_m[0] >= self.from_m[0] else -1.0  # shapes look to the right
        return pose(times_s, x, y + self.bob_m * np.abs(np.sin(np.pi * phase)), z, scale_x=facing, phase=phase, vigor=1.0)


@dataclass(frozen=True)
class Staying:
    """A thing in its place that moves in itself: swings when hit, follows key frames, pulses or shakes while it sounds."""

    place_m: tuple[float, float, float]
    hits_s: Sequence[float] = ()
    swing_rad: float = 0.0  # after a hit
    swing_hz: float = 1.0
    swing_decay_s: float = 1.0
    keys_s: Sequence[float] = (0.0,)  # key frames of `phase`, straight lines between them
    keys: Sequence[float] = (0.0,)
    spans_s: Sequence[tuple[float, float]] = field(default=())
    pulse: float = 0.0  # growth in size while sounding, at `pulse_hz`
    pulse_hz: float = 4.0
    shake_m: float = 0.0  # up and down while sounding, at `pulse_hz`

    def __call__(self, times_s: Array) -> Pose:
        x, y, z = self.place_m
        angle = self.swing_rad * ringing(times_s, self.hits_s, self.swing_hz, self.swing_decay_s)
        wave = np.zeros_like(times_s)
        active = np.zeros_like(times_s)
        for start_s, end_s in self.spans_s:
            inside = (times_s >= start_s) & (times_s < end_s)
            active[inside] = 1
            wave[inside] = 0.5 - 0.5 * np.cos(2 * np.pi * self.pulse_hz * (times_s[inside] - start_s))
        phase = np.interp(times_s, self.keys_s, self.keys)
        scale = 1 + self.pulse * wave
        return pose(
            times_s, x, y + self.shake_m * wave, z, angle_rad=angle, scale_x=scale, scale_y=scale, phase=phase, vigor=active
        )


@dataclass(frozen=True)
class Swinging:
    """A pendulum that reaches an end of its swing at `first_end_s` and every half period after it."""

    place_m: tuple[float, float, float]
    first_end_s: float
    half_period_s: float
    swing_rad: float

    def __call__(self, times_s: Array) -> Pose:
        angle = self.swing_rad * np.cos(np.pi * (times_s - self.first_end_s) / self.half_period_s)
        return pose(times_s, *self.place_m, angle_rad=angle)


@dataclass(frozen=True)
class Weather:
    """A cloud or a flag: drifts while the weather lasts, and shows its strength."""

    place_m: tuple[float, float, float]
    start_s: float
    end_s: float
    drift_m_per_s: float
    strength_times_s: Array
    strength: Array  # 0..1

    def __call__(self, times_s: Array) -> Pose:
        x, y, z = self.place_m
        since = np.clip(times_s - self.start_s, 0, self.end_s - self.start_s)
        vigor = np.interp(times_s, self.strength_times_s, self.strength, left=0.0, right=0.0)
        return pose(times_s, x + self.drift_m_per_s * since, y, z, phase=since, vigor=vigor)
