"""Guesses what is behind a place from what is to the left and right of it, above and below it.

Each pixel takes the straight line between the two known pixels at the ends of its row, and of its column; the direction in
which the ends agree counts most. A horizon, a wall's edge or a shelf therefore goes on behind a thing that stands before it,
which inpainting (it spreads colours evenly from all sides) does not give.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.regions import Picture

SMOOTHING = (5, 5)  # pixels, over which the known values are averaged
OPEN_END_LEVELS = 40.0  # disagreement that a line with one end at the picture's edge is taken to have
AGREEING_LEVELS = 4.0  # ends this close are as good as equal


def across(picture: Picture, place: NDArray[np.bool_]) -> Picture:
    """`picture` with the pixels of `place`, bool (H, W), guessed; unchanged where nothing is known."""
    x, y, width, height = cv2.boundingRect(place.astype(np.uint8))
    near = np.s_[max(0, y - 5) : y + height + 5, max(0, x - 5) : x + width + 5]
    known = ~place[near]
    if not known.any():
        return picture
    weight = cv2.blur(known.astype(np.float32), SMOOTHING)[..., None]
    smooth = cv2.blur(picture[near] * known[..., None].astype(np.float32), SMOOTHING) / np.maximum(weight, 1e-6)
    level, level_gap = _along_rows(smooth, known)
    upright, upright_gap = (part.swapaxes(0, 1) for part in _along_rows(smooth.swapaxes(0, 1), known.T))
    shares = [1 / (gap + AGREEING_LEVELS)[..., None] ** 2 for gap in (level_gap, upright_gap)]
    mixed = (shares[0] * level + shares[1] * upright) / np.maximum(shares[0] + shares[1], 1e-12)
    filled = picture.copy()
    filled[near] = np.where(known[..., None], picture[near], mixed.clip(0, 255).astype(np.uint8))
    return filled


def _along_rows(values: NDArray[np.float32], known: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lines between the known ends in each row (h, w, 3), and how far the ends disagree (h, w); 1e6 without an end."""
    height, width = known.shape
    column = np.broadcast_to(np.arange(width), known.shape)
    before = np.maximum.accumulate(np.where(known, column, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, column, width)[:, ::-1], axis=1)[:, ::-1]
    open_before, open_after = before < 0, after >= width
    first = np.where(open_before, np.minimum(after, width - 1), before)
    last = np.where(open_after, np.maximum(before, 0), after)
    rows = np.arange(height)[:, None]
    start, end = values[rows, first], values[rows, last]
    share = ((column - first) / np.maximum(last - first, 1)).clip(0, 1).astype(np.float32)[..., None]
    gap = np.abs(end - start).max(axis=2)
    gap = np.where(open_before | open_after, gap + OPEN_END_LEVELS, gap)
    return start + (end - start) * share, np.where(open_before & open_after, 1e6, gap).astype(np.float32)
