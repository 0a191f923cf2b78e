"""From tracks to things: which tracks follow one and the same.

At the same time: two trackers see one thing in one place, and a tracker that knows no things sees a thing in parts (the drops
of a shower, the handle of a hammer): small, touching, and in motion only while the whole is. One after the other: a thing is
lost and found again when phrase, size and place agree. Left out: telling things of one phrase apart by their looks,
which tracks do not carry.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from annotators.objects.things import Floats, Thing, boxes_at, presence
from schemas.evidence import SeenEvent, Track

MAX_LOST_S = 3.0  # what is away for longer is not taken for the same
MAX_BOTH_S = 0.6
MAX_SIZE_RATIO = 1.6  # of the diagonals, before and after
REACH = 0.75  # diagonals by which the place after may differ from the place before, besides the way it may have gone
SAME_PLACE_IOU = 0.5
MOSTLY = 0.8
MAX_PART_FRAC = 0.6  # area of a part, in that of the whole
NEAR_FRAC = 0.0125  # of the picture's width: what is no farther apart touches
MIN_SWARM = 5  # so many alike small tracks about a larger one are not things of their own
BRIEF = 0.95  # of the time of the larger one: they come and go
WITHIN_FRAC = 0.6
TOUCHING_FRAC, SWARM_REACH = 0.1, 0.75  # they touch it for so much of the time, and stay within so many of its diagonals
STEP_S = 0.1

Busy = NDArray[np.bool_]


def find_things(tracks: Sequence[Track], seen: Sequence[SeenEvent], busy: Mapping[str, Busy], width_px: int) -> list[Thing]:
    """Every track with boxes belongs to exactly one thing; things by first appearance.

    Args:
        busy: for each track_id, whether what it follows moves in itself at each picture, (T,).
    """
    by_size = sorted((track for track in tracks if track.boxes), key=lambda track: (-presence(track), track.track_id))
    groups: list[list[Track]] = []  # each led by its largest track
    for track in by_size:
        if any(track in group for group in groups):
            continue
        whole = next((group for group in groups if _is_of(track, group[0], busy, width_px)), None)
        if whole is None:
            free = [other for other in by_size if all(other not in group for group in groups)]
            groups.append([track, *_swarm(track, free, width_px)])
        else:
            whole.append(track)
    things = [_thing(group, seen, busy) for group in groups]
    return sorted(_found_again(things, seen, busy), key=lambda thing: (thing.start_s, thing.tracks[0].track_id))


def _thing(tracks: Sequence[Track], seen: Sequence[SeenEvent], busy: Mapping[str, Busy]) -> Thing:
    names = {track.track_id for track in tracks}
    return Thing(
        tuple(sorted(tracks, key=lambda track: (track.start_s, track.track_id))),
        tuple(sorted((event for event in seen if event.track_id in names), key=lambda event: event.time_s)),
        np.any([busy[name] for name in sorted(names)], axis=0),
    )


def _is_of(part: Track, whole: Track, busy: Mapping[str, Busy], width_px: int) -> bool:
    """Whether both are in one place, or one is a part of the other."""
    common = _common(part, whole)
    if common is None:
        return False
    mine, its = common
    if np.mean(_overlaps(mine, its)) >= SAME_PLACE_IOU:
        return True
    if _noun(part) != _noun(whole) or np.median(_areas(mine)) > MAX_PART_FRAC * np.median(_areas(its)):
        return False
    stirs = busy[part.track_id]
    with_whole = float(busy[whole.track_id][stirs].mean()) if stirs.any() else 1.0
    return bool(np.mean(_gaps(mine, its) <= NEAR_FRAC * width_px) >= MOSTLY and with_whole >= MOSTLY)


def _swarm(whole: Track, tracks: Sequence[Track], width_px: int) -> list[Track]:
    """The drops of a shower: many small tracks, alike, that keep coming out of a larger one; and clots of them."""
    by_look: dict[str, list[Track]] = {}
    for track in tracks:
        if (
            track is not whole
            and _noun(track) == _noun(whole)
            and track.end_s - track.start_s < BRIEF * (whole.end_s - whole.start_s)
        ):
            by_look.setdefault(track.phrase.split()[0], []).append(track)
    swarm: list[Track] = []
    for alike in by_look.values():
        drops = [track for track in alike if _is_about(track, whole, width_px)]
        if len(drops) >= MIN_SWARM:
            swarm += [track for track in alike if track in drops or _is_among(track, [whole, *drops])]
    return swarm


def _is_about(part: Track, whole: Track, width_px: int) -> bool:
    common = _common(part, whole)
    if common is None:
        return False
    mine, its = common
    diagonal = float(np.median(np.hypot(*(its[:, 2:] - its[:, :2]).T)))
    nearest, farthest = np.percentile(_gaps(mine, its), (100 * TOUCHING_FRAC, 90))
    is_small = np.median(_areas(mine)) <= MAX_PART_FRAC * np.median(_areas(its))
    return bool(is_small and nearest <= NEAR_FRAC * width_px and farthest <= SWARM_REACH * diagonal)


def _is_among(part: Track, others: Sequence[Track]) -> bool:
    """Whether most of it lies where the others are, most of its time."""
    times_s = np.arange(part.start_s, part.end_s, STEP_S)
    boxes = [boxes_at(other, times_s) for other in others]
    around = np.concatenate([np.min(boxes, axis=0)[:, :2], np.max(boxes, axis=0)[:, 2:]], axis=1)
    mine = boxes_at(part, times_s)
    shared = (np.minimum(mine[:, 2:], around[:, 2:]) - np.maximum(mine[:, :2], around[:, :2])).clip(0).prod(axis=1)
    return bool(np.mean(shared >= WITHIN_FRAC * _areas(mine)) >= MOSTLY)


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
    shared = (np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])).clip(0).prod(axis=1)
    return np.asarray(shared / np.maximum(_areas(one) + _areas(other) - shared, 1e-9))


def _areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def _noun(track: Track) -> str:
    """What a phrase names, without its qualities: parts of unlike things are not one."""
    return track.phrase.split()[-1] if track.phrase.split() else ""


def _found_again(things: Sequence[Thing], seen: Sequence[SeenEvent], busy: Mapping[str, Busy]) -> list[Thing]:
    """The things, those that go on where an earlier one was lost made one with it."""
    found: list[Thing] = []
    for thing in sorted(things, key=lambda thing: (thing.start_s, thing.tracks[0].track_id)):
        fits = {at: fit for at, earlier in enumerate(found) if (fit := _likeness(earlier, thing)) > 0}
        if not fits:
            found.append(thing)
            continue
        at = max(fits, key=fits.__getitem__)
        found[at] = _thing([*found[at].tracks, *thing.tracks], seen, busy)
    return found


def _likeness(earlier: Thing, later: Thing) -> float:
    """Above 0 if the later one may be the earlier one found again: the nearer, the more. A tracker that loses a thing may hold
    on to its place for a moment, so both may be there for a moment."""
    gap_s = later.start_s - earlier.end_s
    if not -MAX_BOTH_S <= gap_s <= MAX_LOST_S or later.end_s < earlier.end_s or later.phrase != earlier.phrase:
        return 0.0
    sizes = [float(np.hypot(*np.median(thing.sights[1][:, 2:] - thing.sights[1][:, :2], axis=0))) for thing in (earlier, later)]
    if max(sizes) > MAX_SIZE_RATIO * min(sizes):
        return 0.0
    (before,), (after,) = (thing.boxes_at(np.array([later.start_s])) for thing in (earlier, later))
    way_px = float(np.hypot(*((after[:2] + after[2:]) / 2 - (before[:2] + before[2:]) / 2)))
    speed = max(track.mean_speed_px_per_s for track in (*earlier.tracks, *later.tracks))
    return max(0.0, 1 - way_px / (REACH * max(sizes) + max(gap_s, 0.0) * speed))
