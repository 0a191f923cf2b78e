"""The `motion` tracker: finds and follows whatever moves in any video, without weights.

The clip is divided into shots (`shots`), each shot is looked at by itself (`sight`), and what was followed there becomes
tracks and motion events (`happenings`). It knows no classes: a phrase says colour and shape only. Left out on purpose:
things that never move, and things out of sight for longer than the gap (they come back as new tracks).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from annotators.base import Annotator, Resources
from annotators.media import Frames
from annotators.motion.happenings import Stage, happenings
from annotators.motion.kinematics import speeds
from annotators.motion.measurements import measurements
from annotators.motion.params import MotionParams
from annotators.motion.paths import Path
from annotators.motion.shots import Cut, find_cuts, shots
from annotators.motion.sight import look_at
from annotators.motion.words import colour_word, shape_word
from annotators.roles import Seeing, TrackRequest
from schemas.evidence import SeenEvent, Track, TrackBox


class MotionTracker(Annotator[TrackRequest, Seeing]):
    """Tracks, motion events and measurements of the picture of each clip. Needs no words: `phrases` are not used."""

    Params = MotionParams
    version = 3
    resources = Resources(cpus=1.0, memory_gb=1.0)
    params: MotionParams

    @property
    def model(self) -> str:
        return "motion@1"

    def annotate(self, batch: Sequence[TrackRequest]) -> Sequence[Seeing]:
        return [self._see(request) for request in batch]

    def _see(self, request: TrackRequest) -> Seeing:
        if not request.media.has_video:
            return Seeing([], [], [])
        frames = _at_most(request.media.frames(self.params.fps, self.params.max_side_px), self.params.max_side_px)
        if len(frames.pixels) == 0:
            return Seeing([], [], [])
        cuts = find_cuts(frames.pixels)
        sights = [look_at(frames, shot, self.params) for shot in shots(len(frames.pixels), cuts)]
        tracks, events = self._told([(path, sight.stage) for sight in sights for path in sight.paths])
        events += [_cut_event(cut, self.params.fps) for cut in cuts]
        moving_fracs = np.concatenate([sight.moving_fracs for sight in sights])
        camera_px_per_s = np.concatenate([sight.camera_px_per_s for sight in sights])
        numbers = measurements(frames.pixels, moving_fracs, camera_px_per_s, len(cuts), len(tracks))
        return Seeing(tracks, sorted(events, key=lambda event: event.time_s), numbers)

    def _told(self, found: list[tuple[Path, Stage]]) -> tuple[list[Track], list[SeenEvent]]:
        """Tracks and events of the paths with the most presence, named in order of appearance."""
        most = sorted(found, key=lambda pair: -pair[0].presence)[: self.params.max_tracks]
        tracks: list[Track] = []
        events: list[SeenEvent] = []
        for number, (path, stage) in enumerate(sorted(most, key=lambda pair: (pair[0].first, pair[0].boxes[0].tolist()))):
            tracks.append(_track(path, f"t{number:02d}", stage.fps))
            events += happenings(path, f"t{number:02d}", stage, self.params.min_impact)
        return tracks, events


def _track(path: Path, track_id: str, fps: float) -> Track:
    boxes = [
        TrackBox(time_s=(path.first + offset) / fps, box_xyxy_px=path.boxes[offset].tolist(), score=float(path.scores[offset]))
        for offset in range(len(path.boxes))
    ]
    speed = speeds(path.centres, fps)
    width_px, height_px = np.median(path.sizes, axis=0).tolist()
    words = (colour_word(path.mean_rgb), shape_word(width_px, height_px, path.fill), "region")
    return Track(
        track_id=track_id,
        phrase=" ".join(word for word in words if word),
        start_s=path.first / fps,
        end_s=(path.first + len(path.boxes)) / fps,
        boxes=boxes,
        coverage_frac=float(path.is_seen.mean()),
        mean_score=float(path.scores.mean()),
        mean_speed_px_per_s=float(speed.mean()),
        max_speed_px_per_s=float(speed.max()),
    )


def _cut_event(cut: Cut, fps: float) -> SeenEvent:
    return SeenEvent(kind="cut", time_s=cut.index / fps, track_id=None, x_px=None, y_px=None, strength=cut.strength)


def _at_most(frames: Frames, max_side_px: int) -> Frames:
    """`frames`, shrunk where the media could not (arrays are handed out at their own size)."""
    height, width = frames.pixels.shape[1:3]
    shrink = max_side_px / max(height, width)
    if shrink >= 1 or len(frames.pixels) == 0:
        return frames
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    pixels = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames.pixels])
    return Frames(pixels, frames.times_s, frames.scale * width / size[0])
