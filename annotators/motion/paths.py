"""A finished trail as arrays: where a thing is in every frame of its span, in pixels of the stored video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.motion.linking import Trail
from annotators.motion.regions import likeness

Floats = NDArray[np.float64]
RECOLOURED_LEVELS = 12.0  # a door that opens, a lamp that lights up


@dataclass(frozen=True)
class Path:
    """Consecutive frames of one thing; frames it was not seen in are bridged by straight lines.

    `first`: index of the first frame in the clip; `boxes` (n, 4) and `centres` (n, 2) in stored px; `scores` (n,) 0..1;
    `is_seen` (n,); `colours`: mean RGB, 0..255, in each frame it was seen in; `fill`: share of
    the box that it covers (a disc: 0.79).
    """

    first: int
    boxes: Floats
    centres: Floats
    scores: Floats
    is_seen: NDArray[np.bool_]
    colours: Floats
    fill: float

    @property
    def mean_rgb(self) -> Floats:
        """The usual colour, 0..255."""
        return np.asarray(np.median(self.colours, axis=0))

    @property
    def sizes(self) -> Floats:
        """Widths and heights, (n, 2)."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    @property
    def diagonal_px(self) -> float:
        """The usual diagonal of the box."""
        return float(np.median(np.hypot(*self.sizes.T)))

    @property
    def presence(self) -> float:
        """Area summed over the frames it was seen in: what ranks paths when there are too many."""
        return float(self.sizes[self.is_seen].prod(axis=1).sum())


def path_of(trail: Trail, shot_start: int, scale: float, size_px: tuple[float, float]) -> Path:
    """The path of a trail, in stored pixels and within a stored picture of `size_px` (width, height)."""
    seen_at = np.array(list(trail.seen))
    regions = list(trail.seen.values())
    every = np.arange(seen_at[0], seen_at[-1] + 1)
    boxes = bridged(every, seen_at, np.stack([region.box for region in regions])) * scale
    is_seen = np.isin(every, seen_at)
    scores = bridged(every, seen_at, np.array([[likeness(trail.colours, region.colours)] for region in regions]))[:, 0]
    limits = np.array([*size_px, *size_px])
    return Path(
        first=shot_start + int(seen_at[0]),
        boxes=boxes.clip(0, limits),
        centres=bridged(every, seen_at, np.stack([region.centre for region in regions])) * scale,
        scores=(scores * np.where(is_seen, 1.0, 0.5)).clip(0, 1),
        is_seen=is_seen,
        colours=np.stack([region.mean_rgb for region in regions]),
        fill=float(np.median([region.area_px / region.mask.size for region in regions])),
    )


def is_a_thing(path: Path, min_frames: int, min_move_frac: float) -> bool:
    """Whether a path is more than noise: seen long and often enough, and a side of it moved or it changed colour."""
    if path.is_seen.sum() < min_frames or path.is_seen.mean() < 0.4:
        return False
    inner = path.boxes[path.is_seen][1:-1]
    stirred = np.ptp(inner, axis=0).max() if len(inner) else 0.0
    recoloured = np.ptp(path.colours[1:-1], axis=0).max() if len(path.colours) > 2 else 0.0
    return bool(stirred >= min_move_frac * path.diagonal_px or recoloured >= RECOLOURED_LEVELS)


def bridged(every: NDArray[np.int64], seen_at: NDArray[np.int64], values: Floats) -> Floats:
    """`values` (m, k) at frames `seen_at` (m,) as values at `every` frame (n,): straight lines between, the ends held."""
    return np.stack([np.interp(every, seen_at, column) for column in values.T], axis=1)
