"""Parts and wholes: which tracks of the same time follow one thing.

Two trackers see one thing in one place, and a tracker that knows no things sees a thing in parts. A part stirs only while the
whole does; a small one touches it (the handle of a hammer), one of about its size lies over some of it (the face of a clock and
its case), for two things stand side by side as well. Many alike share its ground or keep coming out of it (the drops of a
shower). Any two that touch and stir at the same moments are one by the Gestalt law of common fate. A tracker with masks knows
what belongs to a thing: what it follows is never a part (a person's guitar), and has none.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotators.objects.things import Floats, Thing, boxes_at
from schemas.evidence import Track

SAME_PLACE_IOU = 0.5
MOSTLY = 0.7  # of the time of the smaller of two tracks; one that wanders off later was a part before
SMALL_FRAC = 0.6  # area of a small part, in that of the whole
LARGE_WITHIN_FRAC = 0.25  # of the smaller of two boxes: how much of it lies in the other if a large part is one
NEAR_FRAC = 0.0125  # of the picture's width: what is no farther apart touches
MIN_SWARM = 5  # so many alike tracks on one ground are not things of their own
BRIEF = 0.95  # of the time of the larger one: what comes out of it comes and goes
WITHIN_FRAC = 0.6  # of a ground, or of a clot, that lies within another
TOUCHING_FRAC = 0.1  # of their time, drops touch what they come from,
SWARM_REACH = 0.75  # and go no farther from it than so many of its diagonals
TOGETHER = 0.7  # correlation of the times at which two things stir
STEP_S = 0.1

Busy = NDArray[np.bool_]


def is_of(part: Track, whole: Track, part_stirs: Busy, whole_stirs: Busy, width_px: int) -> bool:
    """Whether both are in one place, or one is a part of the other. (T,) for each: whether it stirs at each picture."""
    common = _common(part, whole)
    if common is None:
        return False
    mine, its = common
    if np.mean(_overlaps(mine, its)) >= SAME_PLACE_IOU:
        return True
    if _has_masks(part, whole):
        return False
    is_small = np.median(_areas(mine)) <= SMALL_FRAC * np.median(_areas(its))
    if not is_small and np.mean(_within(mine, its)) < LARGE_WITHIN_FRAC:
        return False
    with_whole = float(whole_stirs[part_stirs].mean()) if part_stirs.any() else 1.0
    return bool(np.mean(_gaps(mine, its) <= NEAR_FRAC * width_px) >= MOSTLY and with_whole >= MOSTLY)


def swarm_of(whole: Track, tracks: Sequence[Track], width_px: int) -> list[Track]:
    """The drops of a shower: many alike that keep coming out of a larger track or share its ground, and clots of them."""
    by_look: dict[str, list[Track]] = {}
    for track in tracks:
        if track is not whole and not _has_masks(track, whole):
            by_look.setdefault(_look(track), []).append(track)
    swarm: list[Track] = []
    for look, alike in by_look.items():
        drops = [
            track
            for track in alike
            if _is_about(track, whole, width_px) or (look == _look(whole) and _share_ground(track, whole))
        ]
        if len(drops) >= MIN_SWARM:
            swarm += [track for track in alike if track in drops or _is_among(track, [whole, *drops])]
    return swarm


def shares_fate(part: Thing, whole: Thing, width_px: int) -> bool:
    """Whether two things touch and stir at the same moments, but not always."""
    mine, its = part.busy, whole.busy
    if _has_masks(*part.tracks, *whole.tracks) or mine.all() or its.all() or not mine.any() or not its.any():
        return False
    if np.corrcoef(mine, its)[0, 1] < TOGETHER:
        return False
    if max(len(part.tracks), len(whole.tracks)) >= MIN_SWARM:  # what comes out of a thing is below it or beside it
        near = _gaps(*(np.array([_ground(one.tracks)]) for one in (part, whole)))
        return bool(near[0] <= NEAR_FRAC * width_px)
    pairs = (_common(track, other) for track in part.tracks for other in whole.tracks)
    return any(np.mean(_gaps(*pair) <= NEAR_FRAC * width_px) >= MOSTLY for pair in pairs if pair is not None)


def _has_masks(*tracks: Track) -> bool:
    return any(track.consistency_iou is not None for track in tracks)


def _look(track: Track) -> str:
    """The colour, with which a tracker without masks begins its phrases."""
    return track.phrase.partition(" ")[0]


def _share_ground(one: Track, other: Track) -> bool:
    """Whether most of the ground that the smaller one covers through its time is the other's too."""
    grounds = np.array([_ground([track]) for track in (one, other)])
    shared = (np.minimum(*grounds[:, 2:]) - np.maximum(*grounds[:, :2])).clip(0).prod()
    return bool(shared >= WITHIN_FRAC * _areas(grounds).min())


def _ground(tracks: Sequence[Track]) -> Floats:
    """The box around where they are, but for a tenth of the time on each side."""
    boxes = np.array([box.box_xyxy_px for track in tracks for box in track.boxes])
    return np.concatenate([np.percentile(boxes[:, :2], 10, axis=0), np.percentile(boxes[:, 2:], 90, axis=0)])


def _is_about(part: Track, whole: Track, width_px: int) -> bool:
    common = _common(part, whole)
    if common is None or part.end_s - part.start_s > BRIEF * (whole.end_s - whole.start_s):
        return False
    mine, its = common
    diagonal = float(np.median(np.hypot(*(its[:, 2:] - its[:, :2]).T)))
    nearest, farthest = np.percentile(_gaps(mine, its), (100 * TOUCHING_FRAC, 90))
    is_small = np.median(_areas(mine)) <= SMALL_FRAC * np.median(_areas(its))
    return bool(is_small and nearest <= NEAR_FRAC * width_px and farthest <= SWARM_REACH * diagonal)


def _is_among(part: Track, others: Sequence[Track]) -> bool:
    """Whether most of it lies where the others are, most of its time."""
    times_s = np.arange(part.start_s, part.end_s, STEP_S)
    boxes = [boxes_at(other, times_s) for other in others]
    around = np.concatenate([np.min(boxes, axis=0)[:, :2], np.max(boxes, axis=0)[:, 2:]], axis=1)
    mine = boxes_at(part, times_s)
    return bool(np.mean(_shared(mine, around) >= WITHIN_FRAC * _areas(mine)) >= MOSTLY)


def _common(part: Track, whole: Track) -> tuple[Floats, Floats] | None:
    """Boxes of both (n, 4) while both are there; None where that is not most of the part's time."""
    start_s, end_s = max(part.start_s, whole.start_s), min(part.end_s, whole.end_s)
    if end_s - start_s < max(MOSTLY * (part.end_s - part.start_s), STEP_S):
        return None
    times_s = np.arange(start_s, end_s, STEP_S)
    return boxes_at(part, times_s), boxes_at(whole, times_s)


def _gaps(one: Floats, other: Floats) -> Floats:
    """How far boxes are apart, in pixels, below 0 where they overlap."""
    return np.asarray((np.maximum(one[:, :2], other[:, :2]) - np.minimum(one[:, 2:], other[:, 2:])).max(axis=1))


def _overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union, (n,)."""
    shared = _shared(one, other)
    return np.asarray(shared / np.maximum(_areas(one) + _areas(other) - shared, 1e-9))


def _within(one: Floats, other: Floats) -> Floats:
    """How much of the smaller box lies in the other, 0 .. 1, (n,)."""
    return np.asarray(_shared(one, other) / np.maximum(np.minimum(_areas(one), _areas(other)), 1e-9))


def _shared(one: Floats, other: Floats) -> Floats:
    """Area that both cover, (n,)."""
    return np.asarray((np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])).clip(0).prod(axis=1))


def _areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
