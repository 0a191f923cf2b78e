"""Things at rest that the median picture took for background, and how they are taken out of it.

The first look at a shot shows them in two ways. A thing that left, or came, leaves a *ghost*: a region that stands still
because the background shows the thing and the frames show what is behind it. A thing that stirs in its place (a bell that
swings, a lamp that pulses) or creeps by less than its own length shows as its rim only. A ghost is filled with what the
frames show. Around a stirring thing and the even areas that it is made of, the background is guessed from its surroundings
(`filling`), and every pixel takes the colour it ever had that comes closest to the guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.filling import across
from annotators.motion.linking import PROVEN_FRAMES, Trail
from annotators.motion.regions import Picture, Region, channel_max
from annotators.motion.stirring import even_areas, stirring_areas

Mask = NDArray[np.bool_]
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)
GHOST_FRAMES = 8  # a ghost stands still for this long
STILL_PX = 2.0
CALMER = 0.75  # contrast of the better background to that of the worse
IN_PLACE = 1.8  # width and height of all a thing's boxes together, in those of its largest
STIRRED_FRAC = 0.2  # of an even area that has to stir
MAX_THING_FRAC = 0.12  # of the picture
GUESS_LEVELS = 36  # a colour that was shown is preferred to the guess when it is this close
SAMPLED_FRAMES = 64


@dataclass(frozen=True)
class Ghost:
    """`place`: bool (H, W); `shown`: the colours (n, 3) that the frames show there."""

    place: Mask
    shown: NDArray[np.uint8]


def without_resting_things(
    behind: Picture, frames: Sequence[Picture], changed: Sequence[Picture], trails: Sequence[Trail], low: float
) -> Picture:
    """`behind` without the things that `trails` and differences `changed` above `low`, both from it, show to be part of it."""
    mended = behind.copy()
    stirring: list[Region] = []
    largest_px = MAX_THING_FRAC * behind.shape[0] * behind.shape[1]  # around anything larger a guess is worth nothing
    for trail in (trail for trail in trails if len(trail.seen) >= PROVEN_FRAMES):
        ghost = _ghost(behind, frames, trail)
        if ghost is not None:
            mended[ghost.place] = ghost.shown
        elif _stays_in_place(trail) and max(region.area_px for region in trail.seen.values()) <= largest_px:
            stirring += trail.seen.values()
    stirred = _union(stirring, behind.shape)
    place = stirred | _even_areas(behind, stirred) | _closed(_grown(stirring_areas(behind, changed, low, largest_px), 2))
    if place.any():
        _guess(mended, frames, _grown(place, 2))
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
    whole = boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)
    return bool((whole <= IN_PLACE * (boxes[:, 2:] - boxes[:, :2]).max(axis=0) + 4).all())


def _even_areas(behind: Picture, stirred: Mask) -> Mask:
    """The even areas of `behind` of which a good part stirs: what the stirring things are made of."""
    labels, sizes = even_areas(behind)
    # an area begins two pixels inside its outline, so what stirs along the outline is counted from a little outside it
    shares = np.bincount(labels[_grown(stirred, 2)], minlength=len(sizes)) / sizes
    chosen = (shares >= STIRRED_FRAC) & (sizes <= MAX_THING_FRAC * stirred.size)
    chosen[0] = False
    return _closed(_grown(chosen[labels], 2))


def _guess(behind: Picture, frames: Sequence[Picture], place: Mask) -> None:
    """Fill `place` in `behind`: each pixel as shown in the frame that fits best to what is around the place."""
    sampled = np.stack(frames[:: max(1, len(frames) // SAMPLED_FRAMES)])
    rows, columns = np.nonzero(place)
    guess = across(behind, place)[rows, columns]
    shown = sampled[:, rows, columns]
    apart = np.maximum(shown, guess) - np.minimum(shown, guess)
    off = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    best = off.argmin(axis=0)
    everywhere = np.arange(len(guess))
    behind[rows, columns] = np.where((off[best, everywhere] <= GUESS_LEVELS)[:, None], shown[best, everywhere], guess)


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
    steps = channel_max(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, NEIGHBOURHOOD))
    return float(steps[outline].mean()) + 1.0 if outline.any() else 1.0
