"""Motion events of one path: impacts, starts, stops, appearances and vanishings (schemas.vocabulary.MOTION_KINDS)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.motion.kinematics import blows_at_rest, rests, speeds, strongest, velocity_jumps
from annotators.motion.paths import Path
from schemas.evidence import SeenEvent
from schemas.vocabulary import MotionKind

MIN_EXPLAINED = 0.6
MIN_SURETY = 6.0
MIN_BLOW, MIN_BLOW_PX = 0.35, 1.0  # of a thing at rest: diagonals per second, stored px per frame
MIN_EVENTS, MAX_PER_S = 8, 1.0  # events of a kind on one path: so many, and so many more for each second
APART_S = 0.15  # about the reach of the fit: a weaker jump nearer to a stronger one is its shadow


@dataclass(frozen=True)
class Stage:
    """What a path's events are judged against: the clock, the stored picture's size, and the frames of its shot."""

    fps: float
    width_px: float
    height_px: float
    shot: range


def happenings(path: Path, track_id: str, stage: Stage, min_jump_frac: float) -> list[SeenEvent]:
    """All events of a path, in order of time. `min_jump_frac`: smallest impact, in diagonals of the thing per second."""
    found = [
        *_limited(_impacts(path, track_id, stage, min_jump_frac), path, stage),
        *_limited(_starts_and_stops(path, track_id, stage), path, stage),
        *_comings_and_goings(path, track_id, stage),
    ]
    return sorted(found, key=lambda event: event.time_s)


def _impacts(path: Path, track_id: str, stage: Stage, min_jump_frac: float) -> list[SeenEvent]:
    least = min_jump_frac * path.diagonal_px / stage.fps
    sure = [
        jump
        for jump in velocity_jumps(path.centres, _trusted(path, stage))
        if jump.size >= least and jump.explained >= MIN_EXPLAINED and jump.surety >= MIN_SURETY
    ]
    apart = APART_S * stage.fps
    jumps = [(jump.at, jump.size) for jump in strongest(sure, apart) if not jump.gains_speed]
    blows = blows_at_rest(path.centres, path.is_seen, max(MIN_BLOW * path.diagonal_px / stage.fps, MIN_BLOW_PX))
    jumps += [blow for blow in blows if all(abs(blow[0] - at) >= apart for at, _ in jumps)]
    return [_event("impact", path, track_id, stage, at, size * stage.fps) for at, size in jumps]


def _limited(events: list[SeenEvent], path: Path, stage: Stage) -> list[SeenEvent]:
    """The strongest of `events`, as many as a picture can tell apart: a path with more of them is restless."""
    most = MIN_EVENTS + round(MAX_PER_S * len(path.boxes) / stage.fps)
    return sorted(events, key=lambda event: -event.strength)[:most]


def _trusted(path: Path, stage: Stage) -> NDArray[np.bool_]:
    """Frames whose centre is that of the whole thing: seen, and not cut off at the picture's edge."""
    usual = np.median(path.sizes, axis=0)
    at_edge = (path.boxes[:, :2] < 2) | (path.boxes[:, 2:] > np.array([stage.width_px, stage.height_px]) - 2)
    cut_off = (at_edge & (path.sizes < 0.92 * usual)).any(axis=1)
    trusted: NDArray[np.bool_] = path.is_seen & ~cut_off
    return trusted


def _starts_and_stops(path: Path, track_id: str, stage: Stage) -> list[SeenEvent]:
    speed = speeds(path.centres, stage.fps)
    moving = max(0.15 * path.diagonal_px, 0.02 * stage.width_px)
    changes = rests(speed, moving, moving / 2, max(2, round(0.25 * stage.fps)))
    reach = max(1, round(0.2 * stage.fps))
    events = []
    for index, begins in changes:
        around = speed[max(0, index - reach) : index + reach]
        events.append(_event("start" if begins else "stop", path, track_id, stage, index, float(around.max())))
    return events


def _comings_and_goings(path: Path, track_id: str, stage: Stage) -> list[SeenEvent]:
    share = float(np.prod(np.median(path.sizes, axis=0)) / (stage.width_px * stage.height_px))
    margin = max(2, round(0.1 * stage.fps))
    last = len(path.boxes) - 1
    events = []
    if path.first > stage.shot.start + margin:
        events.append(_event("appear", path, track_id, stage, 0, min(1.0, share)))
    if path.first + last < stage.shot.stop - 1 - margin:
        events.append(_event("vanish", path, track_id, stage, last, min(1.0, share)))
    return events


def _event(kind: MotionKind, path: Path, track_id: str, stage: Stage, at: float, strength: float) -> SeenEvent:
    nearest = int(np.clip(round(at), 0, len(path.centres) - 1))
    x, y = ((path.boxes[nearest, :2] + path.boxes[nearest, 2:]) / 2).tolist()
    return SeenEvent(
        kind=kind, time_s=(path.first + at) / stage.fps, track_id=track_id, x_px=x, y_px=y, strength=strength
    )  # fmt: skip
