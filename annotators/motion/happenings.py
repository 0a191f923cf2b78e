"""Motion events of one path: impacts, starts, stops, appearances and vanishings (schemas.vocabulary.MOTION_KINDS)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.motion.kinematics import rests, speeds, strongest, velocity_jumps
from annotators.motion.paths import Path
from schemas.evidence import SeenEvent
from schemas.vocabulary import MotionKind


@dataclass(frozen=True)
class Scene:
    """What a path's events are judged against: the clock, the stored picture's size, and the frames of its shot."""

    fps: float
    width_px: float
    height_px: float
    shot: range


def happenings(path: Path, track_id: str, scene: Scene, min_jump_frac: float) -> list[SeenEvent]:
    """All events of a path, in order of time. `min_jump_frac`: smallest impact, in diagonals of the thing per second."""
    found = [
        *_impacts(path, track_id, scene, min_jump_frac),
        *_starts_and_stops(path, track_id, scene),
        *_comings_and_goings(path, track_id, scene),
    ]
    return sorted(found, key=lambda event: event.time_s)


def _impacts(path: Path, track_id: str, scene: Scene, min_jump_frac: float) -> list[SeenEvent]:
    least = min_jump_frac * path.diagonal_px / scene.fps
    jumps = strongest(velocity_jumps(path.centres, _trusted(path, scene)), least, 0.6, 0.1 * scene.fps)
    return [_event("impact", path, track_id, scene, jump.at, jump.size * scene.fps) for jump in jumps]


def _trusted(path: Path, scene: Scene) -> NDArray[np.bool_]:
    """Frames whose centre is that of the whole thing: seen, and not cut off at the picture's edge."""
    usual = np.median(path.sizes, axis=0)
    at_edge = (path.boxes[:, :2] < 2) | (path.boxes[:, 2:] > np.array([scene.width_px, scene.height_px]) - 2)
    cut_off = (at_edge & (path.sizes < 0.92 * usual)).any(axis=1)
    trusted: NDArray[np.bool_] = path.is_seen & ~cut_off
    return trusted


def _starts_and_stops(path: Path, track_id: str, scene: Scene) -> list[SeenEvent]:
    speed = speeds(path.centres, scene.fps)
    moving = max(0.15 * path.diagonal_px, 0.02 * scene.width_px)
    changes = rests(speed, moving, moving / 2, max(2, round(0.25 * scene.fps)))
    reach = max(1, round(0.2 * scene.fps))
    events = []
    for index, begins in changes:
        around = speed[max(0, index - reach) : index + reach]
        events.append(_event("start" if begins else "stop", path, track_id, scene, index, float(around.max())))
    return events


def _comings_and_goings(path: Path, track_id: str, scene: Scene) -> list[SeenEvent]:
    share = float(np.prod(np.median(path.sizes, axis=0)) / (scene.width_px * scene.height_px))
    margin = max(2, round(0.1 * scene.fps))
    last = len(path.boxes) - 1
    events = []
    if path.first > scene.shot.start + margin:
        events.append(_event("appear", path, track_id, scene, 0, min(1.0, share)))
    if path.first + last < scene.shot.stop - 1 - margin:
        events.append(_event("vanish", path, track_id, scene, last, min(1.0, share)))
    return events


def _event(kind: MotionKind, path: Path, track_id: str, scene: Scene, at: float, strength: float) -> SeenEvent:
    nearest = int(np.clip(round(at), 0, len(path.centres) - 1))
    x, y = ((path.boxes[nearest, :2] + path.boxes[nearest, 2:]) / 2).tolist()
    return SeenEvent(
        kind=kind, time_s=(path.first + at) / scene.fps, track_id=track_id, x_px=x, y_px=y, strength=strength
    )  # fmt: skip
