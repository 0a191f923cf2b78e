"""Even areas of a background that stir in their place: what a bell, a drum or a lamp is made of while it rings or pulses.

A thing that shakes uncovers a little on both of its sides at once while its inside looks as before. That tells it from one
that something passes: there the inside is covered too, or one side only. Judged area by area, whatever else moves elsewhere.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from annotators.motion.regions import Picture, channel_max

EVEN_LEVELS = 10  # spread of the values around a pixel within an even area
RIM_PX = 3
MIN_RIM_FRAC = 0.35  # of each of two opposite sides
MAX_INSIDE_FRAC = 0.12
MIN_FRAMES = 2
PASSED_FRAC = 0.5  # of the inside, covered within PASSING_FRAMES before or after: something passes
PASSING_FRAMES = 10
MIN_AREA_PX = 64  # smaller ones have too short a rim to tell its sides apart

Mask = NDArray[np.bool_]


def even_areas(behind: Picture) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected areas of one colour: their labels (H, W), 0 for outlines, and the pixels of each label."""
    spread = channel_max(cv2.morphologyEx(behind, cv2.MORPH_GRADIENT, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))))
    _, labels, stats, _ = cv2.connectedComponentsWithStats((spread <= EVEN_LEVELS).astype(np.uint8), connectivity=4)
    return labels, stats[:, cv2.CC_STAT_AREA].astype(np.int64)


def stirring_areas(behind: Picture, changed: Sequence[Picture], low: float, largest_px: float) -> Mask:
    """The even areas of `behind`, up to `largest_px`, that stir, where `changed` (of each frame) is above `low`; (H, W)."""
    labels, sizes = even_areas(behind)
    chosen = np.flatnonzero((sizes >= MIN_AREA_PX) & (sizes <= largest_px))
    chosen = chosen[chosen > 0]
    if not len(chosen):
        return np.zeros(labels.shape, np.bool_)
    rank = np.zeros(len(sizes), np.float32)
    rank[chosen[np.argsort(-sizes[chosen], kind="stable")]] = np.arange(1, len(chosen) + 1)
    inside = rank[labels]
    grown = cv2.dilate(inside, np.ones((3, 3), np.uint8), iterations=RIM_PX)  # where areas meet, the smaller has the rim
    rim = np.where(inside > 0, 0, grown).astype(np.int64)
    sides = _sides(rim, len(chosen) + 1)
    side_px = [np.bincount(side.ravel(), minlength=3 * (len(chosen) + 1)) for side in sides]
    inside_at = inside.astype(np.int64)
    inside_px = np.bincount(inside_at.ravel(), minlength=len(chosen) + 1)
    covered, stirs = np.zeros((len(changed), len(chosen) + 1)), np.zeros((len(changed), len(chosen) + 1), np.bool_)
    for index, difference in enumerate(changed):
        moved = difference > low
        covered[index] = np.bincount(inside_at[moved], minlength=len(chosen) + 1) / np.maximum(inside_px, 1)
        for side, pixels in zip(sides, side_px, strict=True):
            share = (np.bincount(side[moved], minlength=len(pixels)) / np.maximum(pixels, 1)).reshape(-1, 3)
            stirs[index] |= np.minimum(share[:, 0], share[:, 2]) >= MIN_RIM_FRAC
    is_passed = scipy.ndimage.maximum_filter1d(covered, 2 * PASSING_FRAMES + 1, axis=0) > PASSED_FRAC
    stirring = (stirs & (covered <= MAX_INSIDE_FRAC) & ~is_passed).sum(axis=0) >= MIN_FRAMES
    stirring[0] = False
    return np.asarray(stirring[inside_at])


def _sides(rim: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Of each rim pixel 3 * label + (0, 1, 2): in which third of its rim's width it lies, and in which of its height."""
    rows, columns = np.nonzero(rim)
    label = rim[rows, columns]
    sides = []
    for place in (columns, rows):
        low, high = np.full(count, 1 << 30), np.full(count, -1)
        np.minimum.at(low, label, place)
        np.maximum.at(high, label, place)
        third = ((place - low[label]) * 3 // np.maximum(high[label] - low[label] + 1, 1)).clip(0, 2)
        side = np.zeros_like(rim)
        side[rows, columns] = 3 * label + third
        sides.append(side)
    return sides
