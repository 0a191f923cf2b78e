"""How well moving, sounding things on screen are tracked: overlap of boxes, and the share of things that were followed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.scenes import SceneTruth, ThingTruth
from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.track_match import box_iou
from schemas.evidence import Track

FOLLOWED_IOU = 0.5
FOLLOWED_COVERAGE = 0.5
MIN_MOVING_FRAMES = 3  # in fewer frames of motion a thing cannot be told from noise


@dataclass
class TrackScore:
    """Collects over scenes. `overlaps`: of each followed thing, over the frames where thing and track both are."""

    num_things: int = 0
    overlaps: list[float] = field(default_factory=list)

    def add(self, scene: SceneTruth, tracks: Sequence[Track]) -> None:
        for thing in scene.things:
            if not thing.sound_class or sum(box.moved_px >= 1 for box in thing.boxes) < MIN_MOVING_FRAMES:
                continue
            self.num_things += 1
            candidates = [_overlap(thing, track, scene.fps) for track in tracks]
            followed = [iou for iou, coverage in candidates if iou >= FOLLOWED_IOU and coverage >= FOLLOWED_COVERAGE]
            if followed:
                self.overlaps.append(max(followed))

    def figures(self) -> list[Figure]:
        recall = len(self.overlaps) / self.num_things if self.num_things else None
        mean = float(np.mean(self.overlaps)) if self.overlaps else None
        counted = f"{len(self.overlaps)} of {self.num_things} moving sounding things"
        return [
            Figure("tracks, mean IoU", mean, counted, at_least=0.6),
            Figure("tracks, recall", recall, counted, at_least=0.8),
        ]


def _overlap(thing: ThingTruth, track: Track, fps: float) -> tuple[float, float]:
    """Mean IoU over common frames, and the share of the thing's frames that the track's span covers with boxes."""
    if not thing.boxes or not track.boxes:
        return 0.0, 0.0
    times = np.array([box.time_s for box in track.boxes])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / fps
    ious: list[float] = []
    for box in thing.boxes:
        nearest = int(np.abs(times - box.time_s).argmin())
        if abs(times[nearest] - box.time_s) <= step / 2 + 1e-6:  # the tracker may work at a lower rate than the picture
            ious.append(box_iou(box.box_xyxy_px, track.boxes[nearest].box_xyxy_px))
    return (float(np.mean(ious)), len(ious) / len(thing.boxes)) if ious else (0.0, 0.0)
