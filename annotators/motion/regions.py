"""Moving regions of one frame: connected areas that differ from the background, with the colours that tell them apart."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Box = NDArray[np.float64]  # x0 y0 x1 y1 in working pixels, x1 and y1 exclusive
CLOSING = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
COLOUR_BINS = 8  # per channel
COLOUR_SAMPLES = 1000  # pixels of a region that are looked at for its colours
MAX_REGIONS = 24  # per frame: more are specks, or a camera that could not be followed


@dataclass(frozen=True)
class Region:
    """`centre`: mass centre x, y; `mask`: bool (h, w) within the box; `colours`: normalised histogram float32 (512,)."""

    box: Box
    centre: NDArray[np.float64]
    area_px: int
    mask: NDArray[np.bool_]
    colours: NDArray[np.float32]
    mean_rgb: NDArray[np.float64]


def find_regions(frame: Picture, changed: Picture, low: float, high: float, min_area_px: int) -> list[Region]:
    """Areas above `low` that somewhere reach `high` (hysteresis), cleaned of specks, largest first."""
    weak = (changed > low).astype(np.uint8)
    weak = cv2.morphologyEx(weak, cv2.MORPH_CLOSE, CLOSING)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    strong = np.bincount(labels[changed > high], minlength=count)
    found: list[Region] = []
    largest = sorted(range(1, count), key=lambda label: -stats[label][cv2.CC_STAT_AREA])[:MAX_REGIONS]
    for label in largest:
        x, y, width, height, area = (int(value) for value in stats[label])
        if area < min_area_px or strong[label] < max(4, area // 20):
            continue
        found.append(region_at(frame, labels[y : y + height, x : x + width] == label, x, y))
    return found


def region_at(frame: Picture, mask: NDArray[np.bool_], x: int, y: int) -> Region:
    """The region of the pixels in `mask`, whose top left corner is at x, y of the frame."""
    rows, columns = np.nonzero(mask)
    top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    every = max(1, len(rows) // COLOUR_SAMPLES)
    values = frame[y + rows[::every], x + columns[::every]]
    return Region(
        box=np.array([x + left, y + top, x + right, y + bottom], np.float64),
        centre=np.array([x + columns.mean() + 0.5, y + rows.mean() + 0.5]),
        area_px=len(rows),
        mask=mask[top:bottom, left:right],
        colours=colour_histogram(values),
        mean_rgb=values.mean(axis=0),
    )


def colour_bins(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The histogram bin of each colour, (n, 3) -> (n,)."""
    shifted = values.astype(np.int64) >> 5
    bins: NDArray[np.int64] = (shifted[:, 0] * COLOUR_BINS + shifted[:, 1]) * COLOUR_BINS + shifted[:, 2]
    return bins


def colour_histogram(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of each colour bin, summing to 1; neighbouring bins share a vote so that a shade at an edge does not jump."""
    counts = np.bincount(colour_bins(values), minlength=COLOUR_BINS**3).reshape([COLOUR_BINS] * 3).astype(np.float32)
    for axis in range(3):
        padded = np.concatenate([counts.take([0], axis), counts, counts.take([-1], axis)], axis)
        inner = range(1, COLOUR_BINS + 1)
        counts = (
            padded.take(range(COLOUR_BINS), axis) + 2 * padded.take(inner, axis) + padded.take(range(2, COLOUR_BINS + 2), axis)
        ) / 4
    shares: NDArray[np.float32] = (counts / counts.sum()).ravel()
    return shares


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Bhattacharyya coefficient of two histograms: 0 nothing in common .. 1 the same."""
    return float(np.sqrt(one * other).sum())


def iou(one: Box, other: Box) -> NDArray[np.float64]:
    """Intersection over union of boxes (..., 4)."""
    overlap = intersection_px(one, other)
    shares: NDArray[np.float64] = overlap / np.maximum(area_px(one) + area_px(other) - overlap, 1e-9)
    return shares


def intersection_px(one: Box, other: Box) -> NDArray[np.float64]:
    """The area that boxes (..., 4) share."""
    size = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    shared: NDArray[np.float64] = size.clip(0).prod(axis=-1)
    return shared


def area_px(box: Box) -> NDArray[np.float64]:
    """The area of boxes (..., 4)."""
    areas: NDArray[np.float64] = (box[..., 2:] - box[..., :2]).prod(axis=-1)
    return areas
