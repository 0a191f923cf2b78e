"""Which visible track makes a kind of sound, where motion and sound give positive evidence for exactly one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotators.correspondence import following, position, strikes
from annotators.template.salience import Group
from schemas.evidence import HeardEvent, SeenEvent, Track


@dataclass(frozen=True)
class Maker:
    """`how` completes "…: its sudden moves fall on their onsets"."""

    track: Track
    how: str


def maker(
    group: Group,
    tracks: Sequence[Track],
    seen: Sequence[SeenEvent],
    width_px: int,
    duration_s: float,
    tolerance_s: float,
    max_p_chance: float,
) -> Maker | None:
    """The one track that makes the group's sounds, or None where there is none, or more than one candidate."""
    if group.is_sustained:
        moving = [track for track in tracks if _pan_follows(group.strongest, track, width_px)]
        return Maker(moving[0], "the sound moves along with it") if len(moving) == 1 else None
    onsets_s = [onset for event in group.events for onset in event.onsets_s]
    striking: list[Track] = []
    for track in tracks:
        bounces_s = [event.time_s for event in seen if event.track_id == track.track_id and event.kind == "impact"]
        if strikes(bounces_s, onsets_s, tolerance_s, 0.0, duration_s).p_chance <= max_p_chance:
            striking.append(track)
    return Maker(striking[0], "its sudden moves fall on their onsets") if len(striking) == 1 else None


def _pan_follows(event: HeardEvent, track: Track, width_px: int) -> bool:
    """Whether the straight line through the event's stereo position and the track's place agree all along a clear move."""
    if event.pan is None or event.pan_slope_per_s is None or event.end_s - event.start_s < 1.0:
        return False
    times_s = np.linspace(event.start_s, event.end_s, 9)
    pan = event.pan + event.pan_slope_per_s * (times_s - times_s.mean())
    found = following(pan, position(track, width_px, times_s))
    return found.num_points >= 7 and float(np.ptp(pan)) >= 0.3 and found.correlation >= 0.9 and found.gap <= 0.2
