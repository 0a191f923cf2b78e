"""From tracks to things: which tracks follow one and the same.

At the same time by `parts`; one after the other by this file: a thing is lost and found again when phrase, size and place
agree. Left out: telling things of one phrase apart by their looks, which tracks do not carry.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from annotators.objects.parts import Busy, is_of, shares_fate, swarm_of
from annotators.objects.things import Thing, presence
from schemas.evidence import SeenEvent, Track

MAX_LOST_S = 3.0  # what is away for longer is not taken for the same
MAX_BOTH_S = 0.6  # a tracker that loses a thing may hold on to its place for so long
MAX_SIZE_RATIO = 1.6  # of the diagonals, before and after
REACH = 0.75  # diagonals by which the place after may differ from the place before, besides the way it may have gone,
MAX_WAY = 4.0  # which is no longer than so many


def find_things(tracks: Sequence[Track], seen: Sequence[SeenEvent], busy: Mapping[str, Busy], width_px: int) -> list[Thing]:
    """Every track belongs to exactly one thing; things by first appearance. A track must have boxes.

    Args:
        busy: for each track_id, whether what it follows moves in itself at each picture, (T,).
    """
    by_size = sorted(tracks, key=lambda track: (-presence(track), track.track_id))
    groups: list[list[Track]] = []  # each led by its largest track
    for track in by_size:
        if any(track in group for group in groups):
            continue
        whole = next((group for group in groups if _belongs(track, group, busy, width_px)), None)
        if whole is None:
            free = [other for other in by_size if all(other not in group for group in groups)]
            groups.append([track, *swarm_of(track, free, width_px)])
        else:
            whole.append(track)
    things = _with_their_parts([_thing(group, seen, busy) for group in groups], seen, busy, width_px)
    return sorted(_found_again(things, seen, busy), key=lambda thing: (thing.start_s, thing.tracks[0].track_id))


def _belongs(track: Track, group: Sequence[Track], busy: Mapping[str, Busy], width_px: int) -> bool:
    """Whether it is of any track of the group: the largest may have wandered off, and a part may have parts."""
    return any(is_of(track, one, busy[track.track_id], busy[one.track_id], width_px) for one in group)


def _thing(tracks: Sequence[Track], seen: Sequence[SeenEvent], busy: Mapping[str, Busy]) -> Thing:
    names = {track.track_id for track in tracks}
    return Thing(
        tuple(sorted(tracks, key=lambda track: (track.start_s, track.track_id))),
        tuple(sorted((event for event in seen if event.track_id in names), key=lambda event: event.time_s)),
        np.any([busy[name] for name in sorted(names)], axis=0),
    )


def _with_their_parts(
    things: Sequence[Thing], seen: Sequence[SeenEvent], busy: Mapping[str, Busy], width_px: int
) -> list[Thing]:
    """The things, those that touch and stir at the same moments made one (the Gestalt law of common fate)."""
    wholes: list[Thing] = []
    for thing in sorted(things, key=lambda thing: -thing.presence):
        kin = next((at for at, whole in enumerate(wholes) if shares_fate(thing, whole, width_px)), None)
        if kin is None:
            wholes.append(thing)
        else:
            wholes[kin] = _thing([*wholes[kin].tracks, *thing.tracks], seen, busy)
    return wholes


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
    """Above 0 if the later one may be the earlier one found again: the nearer, the more."""
    gap_s = later.start_s - earlier.end_s
    if not -MAX_BOTH_S <= gap_s <= MAX_LOST_S or later.end_s < earlier.end_s or later.phrase != earlier.phrase:
        return 0.0
    sizes = [float(np.hypot(*np.median(thing.sights[1][:, 2:] - thing.sights[1][:, :2], axis=0))) for thing in (earlier, later)]
    if max(sizes) > MAX_SIZE_RATIO * min(sizes):
        return 0.0
    (before,), (after,) = (thing.boxes_at(np.array([later.start_s])) for thing in (earlier, later))
    way_px = float(np.hypot(*((after[:2] + after[2:]) / 2 - (before[:2] + before[2:]) / 2)))
    speed = max(track.mean_speed_px_per_s for track in (*earlier.tracks, *later.tracks))
    gone_px = min(max(gap_s, 0.0) * speed, MAX_WAY * max(sizes))
    return max(0.0, 1 - way_px / (REACH * max(sizes) + gone_px))
