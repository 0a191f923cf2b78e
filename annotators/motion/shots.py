"""Where the camera picture changes as a whole: hard cuts, and the shots between them.

A cut needs three things at once: most of the picture changes even after the overall brightness is matched (so flicker is no
cut), the colours of the picture change (so a fast pan is no cut), and the change stays (so a one-frame flash is no cut).
Fades and dissolves are slow on purpose and are left out: they give no moment that a sound could belong to.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.regions import colour_histogram

THUMBNAIL_WH = (48, 27)
CHANGED_LEVELS = 25.0  # of 255, in the channel that changes most
CHANGED_FRAC = 0.4
MOVED_COLOURS_FRAC = 0.35
LEAST_RMS_LEVELS = CHANGED_LEVELS * math.sqrt(CHANGED_FRAC) - 2.0  # of which sqrt(3) for the rounding of thumbnails


@dataclass(frozen=True)
class Cut:
    """`index`: the first frame of the new shot; `strength`: 0..1 of the picture that changed."""

    index: int
    strength: float


def find_cuts(pixels: NDArray[np.uint8]) -> list[Cut]:
    """Hard cuts in frames uint8 (T, H, W, 3)."""

    @cache
    def thumbnail(index: int) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(pixels[index], THUMBNAIL_WH, interpolation=cv2.INTER_AREA), np.float32)

    cuts: list[Cut] = []
    for index in range(1, len(pixels)):
        if not _may_be_cut(pixels[index - 1], pixels[index]):
            continue
        strength = _changed_frac(thumbnail(index - 1), thumbnail(index))
        lasts_to = min(index + 1, len(pixels) - 1)
        if strength >= CHANGED_FRAC and _changed_frac(thumbnail(index - 1), thumbnail(lasts_to)) >= CHANGED_FRAC:
            cuts.append(Cut(index, strength))
    return cuts


def _may_be_cut(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """False where the thumbnails cannot have changed enough: ten times cheaper than to look at them.

    CHANGED_LEVELS in CHANGED_FRAC of a thumbnail are a root mean square of at least LEAST_RMS_LEVELS between the pictures:
    neither the means that a thumbnail consists of nor the matching of brightness can make differences larger.
    """
    height, width = before.shape[:2]
    if width < THUMBNAIL_WH[0] or height < THUMBNAIL_WH[1]:
        return True
    return cv2.norm(before, after, cv2.NORM_L2) >= LEAST_RMS_LEVELS * math.sqrt(height * width)


def shots(num_frames: int, cuts: list[Cut]) -> list[range]:
    """The stretches of frames between cuts, in order; empty for no frames."""
    edges = [0, *(cut.index for cut in cuts), num_frames]
    return [range(start, stop) for start, stop in pairwise(edges) if stop > start]


def _changed_frac(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Share of the picture that changed beyond brightness, 0 where the colours stayed and only their places changed."""
    matched = match_brightness(before, after)
    share = float((np.abs(matched - after).max(axis=2) > CHANGED_LEVELS).mean())
    if share < CHANGED_FRAC:  # no cut, whatever the colours did, which cost more to compare
        return share
    return share if _moved_colours_frac(matched, after) >= MOVED_COLOURS_FRAC else 0.0


def match_brightness(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """`before` with the gain and offset, the same for all pixels and channels, that bring it closest to `after`."""
    centred = before - before.mean()
    power = float((centred * centred).mean())
    gain = float((centred * (after - after.mean())).mean()) / power if power > 1.0 else 1.0
    matched: NDArray[np.float32] = centred * np.clip(gain, 0.5, 2.0) + np.float32(after.mean())
    return matched.clip(0.0, 255.0)


def _moved_colours_frac(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Half the L1 distance of two coarse colour histograms: 0 same colours .. 1 none in common."""
    counts = [colour_histogram(picture.astype(np.uint8).reshape(-1, 3)) for picture in (one, other)]
    return float(np.abs(counts[0] - counts[1]).sum() / 2)
