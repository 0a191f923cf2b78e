"""Tells things of different colours apart that meet in the picture: colours that move against each other are two things.

The colours of a trail are divided by hue, and the ones without a hue into light and dark. The distance between any two is
watched over time: it stays the same for the parts of one thing, even one that turns, and changes for two things that pass
each other (the Gestalt law of common fate). Regions in which colours of different fate meet are divided; pixels of no fate
of their own go with the nearest. Left out: things of one colour.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.linking import Trail
from annotators.motion.regions import Picture, Region, owners, region_at

HUE_BINS = 36  # of 5 of OpenCV's degrees
NUM_HUES = 5
LIGHT, DARK = NUM_HUES, NUM_HUES + 1
MIN_SATURATION, MIN_VALUE = 70, 60  # of 255; below it a colour has no hue
_HUE_BIN = np.minimum(np.arange(256) // 5, HUE_BINS - 1)  # by hue
_SHADES = np.where(np.arange(256) > 127, LIGHT, DARK).astype(np.uint8)  # by value
SAMPLED_FRAMES = 60
MIN_SHARE = 0.06  # of a region, for a colour to count there
MIN_MEETINGS = 6  # sampled frames in which two colours were in one region
FREE_DISTANCE = 0.45  # change of distance that parts two colours, in sides of the smaller
PEAK_APART = 3  # hue bins

Floats = NDArray[np.float64]


class Palette:
    """The colours of one trail by the fate they have in common: `fates[colour]` is a group, -1 for none of its own."""

    def __init__(self, peaks: list[int], fates: NDArray[np.int64]) -> None:
        self._peaks = peaks
        self._fates = fates

    @property
    def is_plain(self) -> bool:
        """Whether no two colours were seen to move against each other."""
        return bool(self._fates.max() < 1)

    def divided(self, frame: Picture, region: Region, least_px: int) -> list[Region]:
        """`region` as one region for each fate in it that has `least_px` or more and a good share of it."""
        x, y = int(region.box[0]), int(region.box[1])
        height, width = region.mask.shape
        fates = self._fates[colours_of(cv2.cvtColor(frame[y : y + height, x : x + width], cv2.COLOR_RGB2HSV), self._peaks)]
        fates[~region.mask] = -1
        least = max(least_px, MIN_SHARE * region.area_px)
        present = [fate for fate in range(int(self._fates.max()) + 1) if np.count_nonzero(fates == fate) >= least]
        if len(present) < 2:
            return [region]
        owner = owners([-cv2.distanceTransform((fates != fate).view(np.uint8), cv2.DIST_L2, 3) for fate in present])
        return [region_at(frame, mask, x, y) for at in range(len(present)) if (mask := region.mask & (owner == at)).any()]


def divided_regions(frames: Sequence[Picture], trails: Sequence[Trail], least_px: int) -> list[list[Region]] | None:
    """The regions of all trails, frame by frame, with those divided in which things meet; None when there are none."""
    divided: list[list[Region]] = [[] for _ in frames]
    is_new = False
    for trail in trails:
        palette = _learn(frames, trail)
        for index, region in trail.seen.items():
            parts = [region] if palette.is_plain else palette.divided(frames[index], region, least_px)
            is_new = is_new or len(parts) > 1
            divided[index] += parts
    return divided if is_new else None


def _learn(frames: Sequence[Picture], trail: Trail) -> Palette:
    """The palette of what `trail` shows."""
    seen = list(trail.seen.items())
    patches = [_patch(frames[index], region) for index, region in seen[:: max(1, len(seen) // SAMPLED_FRAMES)]]
    peaks = _hue_peaks(patches)
    places = np.stack([_places(colours_of(colours, peaks), mask) for colours, mask in patches])
    return Palette(peaks, _fates(places))


def colours_of(patch: Picture, peaks: list[int]) -> NDArray[np.uint8]:
    """The colour of each pixel of an HSV patch, (h, w): the position of the nearest of the hue `peaks`, or LIGHT, or DARK."""
    hue, saturation, value = cv2.split(patch)
    plain = (saturation < MIN_SATURATION) | (value < MIN_VALUE)
    return np.asarray(np.where(plain, _SHADES[value], _nearest(tuple(peaks))[hue]))


@lru_cache(maxsize=64)
def _nearest(peaks: tuple[int, ...]) -> NDArray[np.uint8]:
    """The position of the nearest of the hue `peaks` for each of OpenCV's hues, (256,); LIGHT where there are none."""
    if not peaks:
        return np.full(256, LIGHT, np.uint8)
    off = np.abs(_HUE_BIN[:, None] - np.array(peaks)[None])
    nearest: NDArray[np.uint8] = np.minimum(off, HUE_BINS - off).argmin(axis=1).astype(np.uint8)
    return nearest


def _patch(frame: Picture, region: Region) -> tuple[Picture, NDArray[np.bool_]]:
    """What a region's box shows, in HSV, and its mask."""
    x0, y0, x1, y1 = region.box.astype(int)
    return cv2.cvtColor(frame[y0:y1, x0:x1], cv2.COLOR_RGB2HSV), region.mask


def _hue_peaks(patches: Sequence[tuple[Picture, NDArray[np.bool_]]]) -> list[int]:
    """The commonest hues of the pixels in the masks, at least PEAK_APART bins from each other."""
    counts = np.zeros(256)
    for colours, mask in patches:
        hue, saturation, value = cv2.split(colours)
        counts += np.bincount(hue[mask & (saturation >= MIN_SATURATION) & (value >= MIN_VALUE)], minlength=256)
    bins = np.bincount(_HUE_BIN, weights=counts)
    smooth = (np.roll(bins, 1) + 2 * bins + np.roll(bins, -1)) / 4
    peaks: list[int] = []
    for at in np.argsort(-smooth, kind="stable").tolist():
        far = all(min(abs(at - peak), HUE_BINS - abs(at - peak)) >= PEAK_APART for peak in peaks)
        if far and smooth[at] > 0.01 * smooth.sum() and len(peaks) < NUM_HUES:
            peaks.append(at)
    return peaks


def _places(colours: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Floats:
    """Mean x, mean y and share of each colour in a region, (NUM_HUES + 2, 3); nan where it hardly is."""
    rows, columns = np.nonzero(mask)
    kind = colours[rows, columns]
    counts = np.bincount(kind, minlength=NUM_HUES + 2)
    sums = [np.bincount(kind, weights=values, minlength=NUM_HUES + 2) for values in (columns, rows)]
    there = counts >= max(12, MIN_SHARE * len(rows))
    places = np.stack([sums[0] / np.maximum(counts, 1), sums[1] / np.maximum(counts, 1), counts], axis=1)
    return np.asarray(np.where(there[:, None], places, np.nan))


def _fates(places: Floats) -> NDArray[np.int64]:
    """Groups of colours from where they are in each region (n, colours, 3): see the module's text."""
    num_colours = NUM_HUES + 2
    apart = np.zeros((num_colours, num_colours))
    met = np.zeros((num_colours, num_colours), np.int64)
    for one in range(num_colours):
        for other in range(one):
            both = places[~np.isnan(places[:, one, 0]) & ~np.isnan(places[:, other, 0])]
            met[one, other] = met[other, one] = len(both)
            if len(both) >= MIN_MEETINGS:
                distance = np.hypot(*(both[:, one, :2] - both[:, other, :2]).T)
                side = np.sqrt(np.median(np.minimum(both[:, one, 2], both[:, other, 2])))
                apart[one, other] = apart[other, one] = np.subtract(*np.percentile(distance, (85, 15))) / side
    free = apart > FREE_DISTANCE
    fates = np.full(num_colours, -1)
    presence = np.nansum(places[:, :, 2], axis=0)
    groups: list[list[int]] = []
    for colour in (colour for colour in np.argsort(-presence, kind="stable").tolist() if free[colour].any()):
        kin = [group for group in groups if not free[colour, group].any() and (met[colour, group] >= MIN_MEETINGS).any()]
        if kin:
            min(kin, key=lambda group: float(apart[colour, group].min())).append(colour)
        else:
            groups.append([colour])
    for number, group in enumerate(groups):
        fates[group] = number
    for colour in np.flatnonzero(fates < 0):  # a colour that is always in the same place of one group belongs to it
        kin_numbers = [number for number, group in enumerate(groups) if (met[colour, group] >= MIN_MEETINGS).any()]
        fates[colour] = kin_numbers[0] if len(kin_numbers) == 1 else -1
    return fates
