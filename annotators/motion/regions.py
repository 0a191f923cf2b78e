"""Moving regions of one frame: connected areas that differ from the background, with the colours that tell them apart."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

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
    weak = cv2.morphologyEx((changed > low).astype(np.uint8), cv2.MORPH_CLOSE, CLOSING)
    x0, y0, width, height = cv2.boundingRect(weak)
    if width * height < min_area_px:
        return []
    weak, changed = weak[y0 : y0 + height, x0 : x0 + width], changed[y0 : y0 + height, x0 : x0 + width]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    largest = 1 + np.argsort(-areas[1:], kind="stable")[:MAX_REGIONS]
    largest = largest[areas[largest] >= min_area_px]
    if not len(largest):
        return []
    strong = np.bincount(labels[changed > high], minlength=count)
    found: list[Region] = []
    for label in largest[strong[largest] >= np.maximum(4, areas[largest] // 20)]:
        left, top, wide, tall, _ = (int(value) for value in stats[label])
        found.append(region_at(frame, labels[top : top + tall, left : left + wide] == label, x0 + left, y0 + top))
    return found


def region_at(frame: Picture, mask: NDArray[np.bool_], x: int, y: int) -> Region:
    """The region of the pixels in `mask`, whose top left corner is at x, y of the frame."""
    rows, columns = np.nonzero(mask)
    top, left, bottom, right = rows[0], columns.min(), rows[-1] + 1, columns.max() + 1  # rows ascend
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


def _smoothing() -> csr_array:
    """(512, 512): each bin gets half of itself and a quarter of each neighbour, along every channel; at an end of the end."""
    along = np.eye(COLOUR_BINS, k=-1) + 2 * np.eye(COLOUR_BINS) + np.eye(COLOUR_BINS, k=1)
    along[0, 0] = along[-1, -1] = 3
    return csr_array(np.kron(along, np.kron(along, along)) / 64, dtype=np.float32)


_SMOOTHING = _smoothing()


def colour_histogram(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of each colour bin, summing to 1; neighbouring bins share a vote so that a shade at an edge does not jump."""
    counts = _SMOOTHING @ np.bincount(colour_bins(values), minlength=COLOUR_BINS**3).astype(np.float32)
    shares: NDArray[np.float32] = counts / counts.sum()
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
