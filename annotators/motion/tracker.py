"""The `motion` tracker: finds and follows whatever moves in any video, without weights.

Per shot: the camera's own motion is estimated (`camera`) and removed, differences to the background (`background`) become
regions (`regions`), regions become trails (`linking`), trails become paths (`paths`), and paths tell what happens
(`happenings`). It knows no classes: a phrase says colour and shape only. Left out on purpose: things that never move, and
things that leave the picture for longer than the gap (they come back as new tracks).
"""

from collections.abc import Sequence

import cv2
import numpy as np
from pydantic import Field

from annotators.base import Annotator, Resources
from annotators.base import Params as BaseParams
from annotators.media import Frames
from annotators.motion.background import differences
from annotators.motion.camera import transforms_to_first, travel_px
from annotators.motion.happenings import Scene, happenings
from annotators.motion.kinematics import speeds
from annotators.motion.linking import link
from annotators.motion.measurements import measurements
from annotators.motion.paths import Path, is_a_thing, path_of
from annotators.motion.regions import Region, find_regions
from annotators.motion.shots import Cut, find_cuts, shots
from annotators.motion.words import colour_word, shape_word
from annotators.roles import Seeing, TrackRequest
from schemas.evidence import SeenEvent, Track, TrackBox


class MotionParams(BaseParams):
    """Parameters of the motion tracker. Sizes are relative, so that they hold at any resolution."""

    fps: float = Field(25.0, gt=0, le=60, description="frames per second that are looked at")
    max_side_px: int = Field(320, ge=16, description="longer side of the picture that is looked at")
    low_difference: float = Field(14.0, gt=0, le=255, description="difference to the background that a moving pixel has")
    high_difference: float = Field(30.0, gt=0, le=255, description="difference that some pixels of a moving region have")
    min_area_frac: float = Field(0.0004, ge=0, le=1, description="smallest moving region, as a share of the picture")
    min_track_s: float = Field(0.24, ge=0, description="shortest time a track must be seen for")
    max_gap_s: float = Field(0.5, ge=0, description="longest time a track may be out of sight")
    min_move_frac: float = Field(0.15, ge=0, description="shortest way of a track, in diagonals of its box")
    min_impact: float = Field(1.5, ge=0, description="smallest velocity jump of an impact, in diagonals of the box per second")
    max_tracks: int = Field(16, ge=1, description="most tracks per clip; those with the largest area over time are kept")


class MotionTracker(Annotator[TrackRequest, Seeing]):
    """Tracks, motion events and measurements of the picture of each clip. Needs no words: `phrases` are not used."""

    Params = MotionParams
    version = 1
    resources = Resources(cpus=1.0, memory_gb=1.0)
    params: MotionParams

    @property
    def model(self) -> str:
        return f"motion@{self.version}"

    def annotate(self, batch: Sequence[TrackRequest]) -> Sequence[Seeing]:
        return [self._see(request) for request in batch]

    def _see(self, request: TrackRequest) -> Seeing:
        if not request.media.has_video:
            return Seeing([], [], [])
        frames = _at_most(request.media.frames(self.params.fps, self.params.max_side_px), self.params.max_side_px)
        if len(frames.pixels) == 0:
            return Seeing([], [], [])
        cuts = find_cuts(frames.pixels)
        found: list[tuple[Path, Scene]] = []
        moving_fracs, camera_px = [np.zeros(0)], [np.zeros(0)]
        for shot in shots(len(frames.pixels), cuts):
            pictures = [cv2.GaussianBlur(frames.pixels[index], (3, 3), 0) for index in shot]
            to_first = transforms_to_first([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures])
            regions = self._regions(pictures, differences(pictures, to_first, max(1, round(self.params.fps / 6))))
            height, width = pictures[0].shape[:2]
            scene = Scene(self.params.fps, width * frames.scale, height * frames.scale, shot)
            found += [(path, scene) for path in self._paths(pictures, regions, scene, frames.scale)]
            moving_fracs.append(np.array([sum(region.area_px for region in some) / (width * height) for some in regions]))
            camera_px.append(travel_px(to_first, width, height) * frames.scale)
        tracks, events = self._told(found)
        events += [_cut_event(cut, self.params.fps) for cut in cuts]
        numbers = measurements(
            frames.pixels, np.concatenate(moving_fracs), np.concatenate(camera_px) * self.params.fps, len(cuts), len(tracks)
        )
        return Seeing(tracks, sorted(events, key=lambda event: event.time_s), numbers)

    def _regions(self, pictures: list[np.ndarray], changed: list[np.ndarray]) -> list[list[Region]]:
        least = max(9, round(self.params.min_area_frac * pictures[0].shape[0] * pictures[0].shape[1]))
        return [
            find_regions(picture, change, self.params.low_difference, self.params.high_difference, least)
            for picture, change in zip(pictures, changed, strict=True)
        ]

    def _paths(self, pictures: list[np.ndarray], regions: list[list[Region]], scene: Scene, scale: float) -> list[Path]:
        trails = link(pictures, regions, max(1, round(self.params.max_gap_s * self.params.fps)))
        paths = [path_of(trail, scene.shot.start, scale, (scene.width_px, scene.height_px)) for trail in trails]
        min_frames = max(3, round(self.params.min_track_s * self.params.fps))
        return [path for path in paths if is_a_thing(path, min_frames, self.params.min_move_frac)]

    def _told(self, found: list[tuple[Path, Scene]]) -> tuple[list[Track], list[SeenEvent]]:
        """Tracks and events of the paths with the most presence, named in order of appearance."""
        most = sorted(found, key=lambda pair: -pair[0].presence)[: self.params.max_tracks]
        tracks: list[Track] = []
        events: list[SeenEvent] = []
        for number, (path, scene) in enumerate(sorted(most, key=lambda pair: (pair[0].first, pair[0].boxes[0].tolist()))):
            tracks.append(_track(path, f"t{number:02d}", scene.fps))
            events += happenings(path, f"t{number:02d}", scene, self.params.min_impact)
        return tracks, events


def _track(path: Path, track_id: str, fps: float) -> Track:
    boxes = [
        TrackBox(time_s=(path.first + offset) / fps, box_xyxy_px=path.boxes[offset].tolist(), score=float(path.scores[offset]))
        for offset in range(len(path.boxes))
    ]
    speed = speeds(path.centres, fps)
    words = (colour_word(path.mean_rgb), shape_word(*np.median(path.sizes, axis=0), path.fill), "region")
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
