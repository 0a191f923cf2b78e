"""Things at rest that the median picture took for background, and how they are taken out of it.

The first look at a shot shows them in two ways. A thing that left, or came, leaves a *ghost*: a region that stands still
because the background shows the thing and the frames show what is behind it. A thing that stirs in its place (a bell that
swings, a lamp that pulses) shows only as a rim. A ghost is filled with what the frames show; a stirring thing is cut out
along the even areas it is made of, and filled with what its stirring reveals or, where it reveals nothing, from around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.linking import PROVEN_FRAMES, Trail
from annotators.motion.regions import Picture, Region, colour_bins, colour_histogram

Mask = NDArray[np.bool_]
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)
GHOST_FRAMES = 8  # a ghost stands still for this long
STILL_PX = 2.0
CALMER = 0.75  # contrast of the better background to that of the worse
EVEN_LEVELS = (4, 4, 4)  # between neighbouring pixels of an even area
STIRRED_FRAC = 0.2  # of an even area that has to stir
MAX_THING_FRAC = 0.12  # of the picture
OWN_COLOUR_FRAC = 0.02


@dataclass(frozen=True)
class Ghost:
    """`place`: bool (H, W); `shown`: the colours (n, 3) that the frames show there."""

    place: Mask
    shown: NDArray[np.uint8]


def without_resting_things(behind: Picture, frames: Sequence[Picture], trails: Sequence[Trail]) -> Picture:
    """`behind` without the things that `trails`, followed against it, show to be part of it."""
    proven = [trail for trail in trails if len(trail.seen) >= PROVEN_FRAMES]
    mended = behind.copy()
    stirring = []
    for trail in proven:
        ghost = _ghost(behind, frames, trail)
        if ghost is not None:
            mended[ghost.place] = ghost.shown
        elif _stays_in_place(trail):
            stirring.append(trail)
    if stirring:
        _cut_out(mended, frames, stirring)
    return mended


def _ghost(behind: Picture, frames: Sequence[Picture], trail: Trail) -> Ghost | None:
    """The ghost that a trail begins or ends as, if it does."""
    seen = list(trail.seen.items())
    for stretch in (seen[:GHOST_FRAMES], seen[-GHOST_FRAMES:]):
        boxes = np.stack([region.box for _, region in stretch])
        if len(stretch) < GHOST_FRAMES or np.ptp(boxes, axis=0).max() > STILL_PX:
            continue
        place = _grown(_union([region for _, region in stretch], behind.shape), 2)
        shown = behind.copy()
        shown[place] = np.median(np.stack([frames[index][place] for index, _ in stretch]), axis=0).astype(np.uint8)
        if _outline_contrast(shown, place) < CALMER * _outline_contrast(behind, place):
            return Ghost(place, shown[place])
    return None


def _stays_in_place(trail: Trail) -> bool:
    boxes = np.stack([region.box for region in trail.seen.values()])
    whole = np.array([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
    largest = (boxes[:, 2:] - boxes[:, :2]).max(axis=0)
    return bool(((whole[2:] - whole[:2]) <= 1.6 * largest + 4).all())


def _cut_out(behind: Picture, frames: Sequence[Picture], stirring: Sequence[Trail]) -> None:
    """Take the things that the stirring trails belong to out of `behind`."""
    stirred = _union([region for trail in stirring for region in trail.seen.values()], behind.shape)
    things = _even_areas(behind, stirred)
    count, labels = cv2.connectedComponents(_closed(things).astype(np.uint8))
    for label in range(1, count):
        thing = labels == label
        own = colour_histogram(behind[thing])
        place = _grown(thing, 2)
        filled = cv2.inpaint(behind, place.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        rows, columns = np.nonzero(place)
        revealed, is_revealed = _revealed(behind, frames, rows, columns)
        is_revealed &= own[colour_bins(revealed)] < OWN_COLOUR_FRAC
        filled[rows[is_revealed], columns[is_revealed]] = revealed[is_revealed]
        behind[place] = filled[place]


def _even_areas(behind: Picture, stirred: Mask) -> Mask:
    """The even areas of `behind` of which a good part stirs: what the stirring things are made of."""
    height, width = stirred.shape
    things = np.zeros((height, width), np.bool_)
    visited = np.zeros((height, width), np.bool_)
    flooded = np.zeros((height + 2, width + 2), np.uint8)
    for row, column in zip(*np.nonzero(stirred), strict=True):
        if visited[row, column]:
            continue
        flooded[:] = 0
        cv2.floodFill(
            behind, flooded, (int(column), int(row)), 0, EVEN_LEVELS, EVEN_LEVELS, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
        )
        area = flooded[1:-1, 1:-1] == 1
        visited |= area
        size = int(area.sum())
        if size <= MAX_THING_FRAC * area.size and (area & stirred).sum() >= STIRRED_FRAC * size:
            things |= area
    return things


def _revealed(
    behind: Picture, frames: Sequence[Picture], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], Mask]:
    """What shows at each place when it does not look like `behind`, (n, 3), and whether that was seen often enough, (n,)."""
    values = np.stack([frame[rows, columns] for frame in frames[:: max(1, len(frames) // 64)]])
    differs = np.abs(values.astype(np.int16) - behind[rows, columns]).max(axis=2) > 24
    often = differs.sum(axis=0) >= 3
    revealed = behind[rows, columns]
    if often.any():
        shown = np.where(differs[:, often, None], values[:, often], np.float32(np.nan))
        revealed[often] = np.nanmedian(shown, axis=0).astype(np.uint8)
    return revealed, often


def _union(regions: Sequence[Region], shape: tuple[int, ...]) -> Mask:
    place = np.zeros(shape[:2], np.bool_)
    for region in regions:
        left, top, right, bottom = region.box.astype(int)
        place[top:bottom, left:right] |= region.mask
    return place


def _grown(place: Mask, pixels: int) -> Mask:
    return np.asarray(cv2.dilate(place.astype(np.uint8), NEIGHBOURHOOD, iterations=pixels) > 0)


def _closed(place: Mask) -> Mask:
    """With gaps between neighbouring areas and holes closed."""
    joined = cv2.morphologyEx(place.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(joined, outlines, -1, 1, cv2.FILLED) > 0)


def _outline_contrast(picture: Picture, place: Mask) -> float:
    """Mean step across the outline of `place`: high where a thing stands there, low where it is background."""
    mask = place.astype(np.uint8)
    outline = (cv2.dilate(mask, NEIGHBOURHOOD) - cv2.erode(mask, NEIGHBOURHOOD, iterations=4)) > 0
    steps = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, NEIGHBOURHOOD).max(axis=2)
    return float(steps[outline].mean()) + 1.0 if outline.any() else 1.0
