"""Moving regions of one frame: connected areas that differ from the background, with the colours that tell them apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Box = NDArray[np.float64]  # x0 y0 x1 y1 in working pixels, x1 and y1 exclusive
CLOSING = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
COLOUR_BINS = 8  # per channel
COLOUR_SAMPLES = 1000  # pixels of a region that are looked at for its colours
CLOSING_PX = 4  # closing looks no farther
MAX_REGIONS = 24  # per frame: more are specks, or a camera that could not be followed


# each bin gets half of itself and a quarter of each neighbour, along every channel; at an end of the end
_ALONG = (np.eye(COLOUR_BINS, k=-1) + 2 * np.eye(COLOUR_BINS) + np.eye(COLOUR_BINS, k=1)).astype(np.float32) / 4
_ALONG[0, 0] = _ALONG[-1, -1] = 0.75
_ACROSS = np.kron(_ALONG, _ALONG)  # along the second and third channel at once


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
    weak, at_x, at_y = _closed(cv2.threshold(changed, low, 1, cv2.THRESH_BINARY)[1])
    if weak.size < min_area_px:
        return []
    kind = cv2.CV_16U if weak.size < 1 << 16 else cv2.CV_32S  # fewer labels than pixels
    _, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8, ltype=kind)
    areas = stats[:, cv2.CC_STAT_AREA]
    largest = 1 + np.argsort(-areas[1:], kind="stable")[:MAX_REGIONS]
    found: list[Region] = []
    for label in largest[areas[largest] >= min_area_px].tolist():
        left, top, wide, tall, area_px = stats[label].tolist()
        mask = labels[top : top + tall, left : left + wide] == label
        x, y = at_x + left, at_y + top
        strong_px = np.count_nonzero(mask & (changed[y : y + tall, x : x + wide] > int(high)))
        if strong_px >= max(4, area_px // 20):
            found.append(region_at(frame, mask, x, y))
    return found


def _closed(weak: Picture) -> tuple[Picture, int, int]:
    """`weak` (0 or 1) with its gaps closed, cut out where it is not 0 (perhaps nowhere), and the x and y of the cutting."""
    around = CLOSING_PX
    x, y, width, height = cv2.boundingRect(weak)
    left, top = max(0, x - around), max(0, y - around)
    near = cv2.morphologyEx(weak[top : y + height + around, left : x + width + around], cv2.MORPH_CLOSE, CLOSING)
    x, y, width, height = cv2.boundingRect(near)
    return near[y : y + height, x : x + width], left + x, top + y


def region_at(frame: Picture, mask: NDArray[np.bool_], x: int, y: int) -> Region:
    """The region of the pixels in `mask`, whose top left corner is at x, y of the frame."""
    width = mask.shape[1]
    places = np.flatnonzero(mask)
    area_px = len(places)
    in_column = cv2.reduce(mask.view(np.uint8), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    columns = np.flatnonzero(in_column)
    left, right = int(columns[0]), int(columns[-1]) + 1
    top, bottom = int(places[0]) // width, int(places[-1]) // width + 1
    sum_x = int(in_column @ np.arange(width))
    sum_y = (int(places.sum()) - sum_x) // width
    values = colours_at(frame, places[:: max(1, area_px // COLOUR_SAMPLES)], width, x, y)
    return Region(
        box=np.array([x + left, y + top, x + right, y + bottom], np.float64),
        centre=np.array([x + sum_x / area_px + 0.5, y + sum_y / area_px + 0.5]),
        area_px=area_px,
        mask=mask[top:bottom, left:right],
        colours=colour_histogram(values),
        mean_rgb=np.array(cv2.sumElems(values[None])[:3]) / len(values),
    )


def colours_at(frame: Picture, places: NDArray[np.int64], width: int, x: int, y: int) -> Picture:
    """The colours (n, 3) at `places`, positions in a flat mask of that `width` whose corner is at x, y of the frame."""
    across = frame.shape[1]
    colours: Picture = frame.reshape(-1, 3).take(places + places // width * (across - width) + (y * across + x), axis=0)
    return colours


def owners(scores: Sequence[NDArray[np.floating]]) -> NDArray[np.uint8]:
    """Which of several arrays has the largest value at each place, the first of equals; np.argmax takes ten times longer."""
    best, owner = scores[0], np.zeros(scores[0].shape, np.uint8)
    for at, score in enumerate(scores[1:], start=1):
        np.putmask(owner, score > best, at)
        best = np.maximum(best, score)
    return owner


def channel_max(picture: Picture) -> Picture:
    """The largest of the three channels of each pixel, (H, W)."""
    red, green, blue = cv2.split(picture)
    most: Picture = cv2.max(cv2.max(red, green), blue)
    return most


def colour_bins(values: Picture) -> NDArray[np.int64]:
    """The histogram bin of each colour, (n, 3) -> (n,)."""
    shifted = (values >> 5).astype(np.uint16)
    bins = (shifted[:, 0] * COLOUR_BINS + shifted[:, 1]) * COLOUR_BINS + shifted[:, 2]
    return bins.astype(np.int64)


def colour_histogram(values: Picture) -> NDArray[np.float32]:
    """Share of each colour bin, summing to 1; neighbouring bins share a vote so that a shade at an edge does not jump."""
    counts = cv2.calcHist([values[None]], [0, 1, 2], None, [COLOUR_BINS] * 3, [0, 256] * 3)
    smooth = _ALONG @ (counts.reshape(COLOUR_BINS, -1) @ _ACROSS)
    shares: NDArray[np.float32] = smooth.ravel() / np.float32(len(values))
    return shares


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Bhattacharyya coefficient of two histograms: 0 nothing in common .. 1 the same."""
    return float(np.sqrt(one * other).sum())


def intersection_px(one: Box, other: Box) -> NDArray[np.float64]:
    """The area that boxes (..., 4) share."""
    size = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    shared: NDArray[np.float64] = np.maximum(size[..., 0], 0) * np.maximum(size[..., 1], 0)
    return shared


def area_px(box: Box) -> NDArray[np.float64]:
    """The area of boxes (..., 4)."""
    areas: NDArray[np.float64] = (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])
    return areas
