"""Masks as numbers: boxes, run lengths, and how well neighbouring ones agree."""

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.row import Span

Mask = NDArray[np.bool_]


def box_iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1; 0 where there is no area."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = float(np.prod(np.clip(sides, 0, None)))
    both = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - common
    return common / both if both > 0 else 0.0


def mask_iou(one: Mask, other: Mask) -> float:
    """Intersection over union of two masks; 1 for two empty ones."""
    both = int((one | other).sum())
    return int((one & other).sum()) / both if both else 1.0


def box_of(mask: Mask) -> NDArray[np.float64] | None:
    """The box around a mask, x0 y0 x1 y1 with x1 and y1 exclusive; None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)


def run_lengths(mask: Mask) -> str:
    """A COCO RLE object as JSON: {"size": [height, width], "counts": …}, column-major, as pycocotools reads it."""
    from pycocotools import mask as coco

    encoded = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return json.dumps({"size": encoded["size"], "counts": encoded["counts"].decode()}, separators=(",", ":"))


def mask_of(text: str) -> Mask:
    """The mask of `run_lengths`."""
    from pycocotools import mask as coco

    decoded: NDArray[np.uint8] = coco.decode(json.loads(text))
    return decoded.astype(bool)


def consistency(masks: Sequence[Mask]) -> float | None:
    """Mean IoU of masks that follow each other and are both there; None if no two do."""
    agreements = [mask_iou(one, other) for one, other in pairwise(masks) if one.any() and other.any()]
    return float(np.mean(agreements)) if agreements else None


def lost_spans(is_seen: Sequence[bool], first: int, fps: float) -> list[Span]:
    """The stretches between the first and the last sight in which a thing was out of sight. `first`: the frame of the first."""
    seen = np.flatnonzero(is_seen)
    return [
        Span(start_s=(first + int(last) + 1) / fps, end_s=(first + int(again)) / fps)
        for last, again in pairwise(seen)
        if again - last > 1
    ]
