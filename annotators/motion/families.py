"""Paths that belong to one thing are made one: parts that lie within a larger thing, and parts that always move together.

A part lies within another path's box nearly all its time: the drops of a shower, a limb, a glint. Parts that move together
(the Gestalt law of common fate) stir at the same moments and touch, at a steady distance, or they look alike and meet: the
head and the handle of a hammer, the two halves of a pair. The larger part leads: its centre and colour stay those of the
whole.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotators.motion.kinematics import speeds
from annotators.motion.paths import Path, bridged

INSIDE_FRAC = 0.75  # of a part's area that lies within the whole
MAX_PART_FRAC = 0.4  # area of a part, in that of the whole
UNCOVERED_FRAC = 0.2  # growth of both, for one to uncover the other
MOSTLY = 0.85  # of the frames in common
STIRRING = 0.1  # diagonals per second
TOGETHER = 0.55  # of the frames in which either stirs, both do
RIGID = 0.45  # change of the distance between parts that touch, in sides of the smaller
MIN_STIRRING_S = 0.2
TOUCHING_PX = 4.0  # of the stored picture's 320ths
SAME_SIZE = 0.6
ALIKE_LEVELS = 30.0

Floats = NDArray[np.float64]


def families(paths: list[Path], fps: float, width_px: float) -> list[Path]:
    """`paths` with the parts of each thing made one, the largest first."""
    near_px = TOUCHING_PX * width_px / 320
    wholes: list[Path] = []
    for path in sorted(paths, key=lambda path: -path.presence):
        if any(_lies_in(path, whole, near_px) for whole in wholes):
            continue
        kin = next((at for at, whole in enumerate(wholes) if _moves_with(path, whole, fps, near_px)), None)
        if kin is None:
            wholes.append(path)
        else:
            wholes[kin] = _joined(wholes[kin], path)
    return wholes


def _common(one: Path, other: Path) -> tuple[slice, slice]:
    """The frames both have, as places in each."""
    start, stop = max(one.first, other.first), min(one.first + len(one.boxes), other.first + len(other.boxes))
    stop = max(start, stop)
    return slice(start - one.first, stop - one.first), slice(start - other.first, stop - other.first)


def _lies_in(part: Path, whole: Path, near_px: float) -> bool:
    mine, its = _common(part, whole)
    if mine.stop - mine.start < MOSTLY * len(part.boxes):
        return False
    box, around = part.boxes[mine], whole.boxes[its] + np.array([-near_px, -near_px, near_px, near_px])
    if np.median(part.sizes.prod(axis=1)) > MAX_PART_FRAC * np.median(whole.sizes.prod(axis=1)):
        return False
    shared = (np.minimum(box[:, 2:], around[:, 2:]) - np.maximum(box[:, :2], around[:, :2])).clip(0).prod(axis=1)
    return bool(np.mean(shared >= INSIDE_FRAC * (box[:, 2:] - box[:, :2]).prod(axis=1)) >= MOSTLY)


def _moves_with(part: Path, whole: Path, fps: float, near_px: float) -> bool:
    mine, its = _common(part, whole)
    if mine.stop - mine.start < MOSTLY * max(len(part.boxes), len(whole.boxes)):
        return False
    stirs, whole_stirs = _stirs(part, fps)[mine], _stirs(whole, fps)[its]
    both, either = int((stirs & whole_stirs).sum()), int((stirs | whole_stirs).sum())
    if both < MIN_STIRRING_S * fps or both < TOGETHER * either:
        return False
    box, other = part.boxes[mine], whole.boxes[its]
    if _uncovers(box, other):
        return False
    gaps = (np.maximum(box[:, :2], other[:, :2]) - np.minimum(box[:, 2:], other[:, 2:])).max(axis=1)
    if gaps.min() <= near_px and _look_alike(part, whole):
        return True
    distances = np.hypot(*(part.centres[mine] - whole.centres[its]).T)
    is_rigid = np.subtract(*np.percentile(distances, (85, 15))) <= RIGID * np.sqrt(np.prod(np.median(part.sizes, axis=0)))
    return bool(is_rigid and np.mean(gaps <= near_px) >= MOSTLY)


def _uncovers(box: Floats, other: Floats) -> bool:
    """Whether one grows as the other shrinks: a door and what is seen through it are not parts of one thing."""
    sizes = [np.sqrt((some[:, 2:] - some[:, :2]).prod(axis=1)) for some in (box, other)]
    if min(np.ptp(size) / size.mean() for size in sizes) < UNCOVERED_FRAC:
        return False
    return bool(np.corrcoef(sizes[0], sizes[1])[0, 1] < -0.5)


def _look_alike(one: Path, other: Path) -> bool:
    sizes = np.median(one.sizes, axis=0), np.median(other.sizes, axis=0)
    same_size = bool((np.minimum(*sizes) >= SAME_SIZE * np.maximum(*sizes)).all())
    return same_size and bool(np.abs(one.mean_rgb - other.mean_rgb).max() <= ALIKE_LEVELS)


def _stirs(path: Path, fps: float) -> NDArray[np.bool_]:
    """In which frames a side of the box moves."""
    fastest = np.maximum(speeds(path.boxes[:, :2], fps), speeds(path.boxes[:, 2:], fps))
    return np.asarray(fastest > STIRRING * path.diagonal_px)


def _joined(whole: Path, part: Path) -> Path:
    first = min(whole.first, part.first)
    every = np.arange(first, max(path.first + len(path.boxes) for path in (whole, part)))
    spans = [np.arange(path.first, path.first + len(path.boxes)) for path in (whole, part)]
    boxes = [bridged(every, span, path.boxes) for span, path in zip(spans, (whole, part), strict=True)]
    is_seen = np.isin(every, spans[0][whole.is_seen]) | np.isin(every, spans[1][part.is_seen])
    return replace(
        whole,
        first=first,
        boxes=np.concatenate([np.minimum(*boxes)[:, :2], np.maximum(*boxes)[:, 2:]], axis=1),
        centres=bridged(every, spans[0], whole.centres),
        scores=bridged(every, spans[0], whole.scores[:, None])[:, 0],
        is_seen=is_seen,
    )
