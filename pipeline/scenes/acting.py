"""What an actor is given and gives back: a spot in space and time; a motion and voices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples
from pipeline.scenes.world import Camera, Gliding, Motion

REFERENCE_M = 1.6


@dataclass(frozen=True)
class Look:
    looks: str  # a key of shapes.SHAPES
    color: str
    size_m: float


@dataclass(frozen=True)
class Voice:
    """One event before it is placed in space: mono samples at REFERENCE_M from `start_s` on. `pitch_hz` is (n,) or None."""

    start_s: float
    samples: Samples
    onsets_s: Sequence[float]
    pitch_hz: Samples | None = None


@dataclass(frozen=True)
class Spot:
    """Where and when an actor may act: a strip of the picture (fractions of its width), a distance, a stretch of time."""

    camera: Camera
    left: float
    right: float
    z_m: float
    start_s: float
    end_s: float
    size_m: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def place(self, y_frac: float | None = None) -> tuple[float, float, float]:
        """The middle of the strip: on the ground, or at a fraction of the picture's height."""
        y_m = 0.0 if y_frac is None else self.camera.y_at(y_frac, self.z_m)
        return self.camera.x_at(self.middle, self.z_m), y_m, self.z_m


@dataclass(frozen=True)
class Act:
    """`hits_s`: the moments at which the picture shows a blow, for those that have any."""

    motion: Motion
    voices: Sequence[Voice]
    hits_s: Sequence[float] = ()


Actor = Callable[[np.random.Generator, Spot], Act]


def spread_hits(
    rng: np.random.Generator, spot: Spot, gap_s: tuple[float, float], most: int, lead_s: float = 0.2
) -> list[float]:
    """Up to `most` moments within the stretch, with random gaps between them; at least one."""
    hits = [spot.start_s + lead_s + rng.uniform(0, 0.5)]
    while len(hits) < most and hits[-1] + gap_s[1] < spot.end_s:
        hits.append(hits[-1] + rng.uniform(*gap_s))
    return [float(hit) for hit in hits]


def seconds(length_s: float) -> int:
    return round(length_s * SAMPLE_RATE_HZ)


def glide(rng: np.random.Generator, spot: Spot, y_m: float, unevenness: float) -> Gliding:
    """Across the strip, either way, and a little nearer or farther."""
    half = spot.size_m * spot.camera.focal_px / spot.z_m / spot.camera.width_px / 2
    ends = [spot.camera.x_at(frac, spot.z_m) for frac in (spot.left + half, spot.right - half)]
    if rng.random() < 0.5:
        ends.reverse()
    to_z_m = spot.z_m * rng.uniform(0.9, 1.1)
    return Gliding((ends[0], y_m, spot.z_m), (ends[1], y_m, to_z_m), spot.start_s, spot.end_s, unevenness)
