"""How well moving, sounding things on screen are tracked: overlap of boxes, and the share of things that were followed.

A track follows a thing if it is there for at least half of the thing's frames and overlaps it by half. Things and tracks are
matched one to one, so that one big track cannot follow everything. A thing that is not followed counts in the mean as 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.scenes import SceneTruth, ThingTruth
from pipeline.selfcheck.figures import Figure, matched_pairs
from pipeline.selfcheck.track_match import box_iou
from schemas.evidence import Track

FOLLOWED_IOU = 0.5
FOLLOWED_COVERAGE = 0.5
MIN_MOVING_FRAMES = 3  # in fewer frames of motion a thing cannot be told from noise


@dataclass
class TrackScore:
    """Collects over scenes. `overlaps`: of each thing with the track that follows it, 0 where none does."""

    overlaps: list[float] = field(default_factory=list)

    def add(self, scene: SceneTruth, tracks: Sequence[Track]) -> None:
        things = [
            thing
            for thing in scene.things
            if thing.sound_class and sum(box.moved_px >= 1 for box in thing.boxes) >= MIN_MOVING_FRAMES
        ]
        pairs = dict(matched_pairs(things, tracks, lambda thing, track: _overlap(thing, track, scene.fps)))
        self.overlaps += [
            _overlap(thing, tracks[pairs[index]], scene.fps) if index in pairs else 0.0 for index, thing in enumerate(things)
        ]

    def figures(self) -> list[Figure]:
        num_things, num_followed = len(self.overlaps), sum(overlap > 0 for overlap in self.overlaps)
        recall = num_followed / num_things if num_things else None
        mean = float(np.mean(self.overlaps)) if self.overlaps else None
        counted = f"{num_followed} of {num_things} moving sounding things"
        return [
            Figure("tracks, mean IoU", mean, counted, at_least=0.6),
            Figure("tracks, recall", recall, counted, at_least=0.8),
        ]


def _overlap(thing: ThingTruth, track: Track, fps: float) -> float:
    """Mean IoU over common frames if the track follows the thing, else 0."""
    if not track.boxes:
        return 0.0
    times = np.array([box.time_s for box in track.boxes])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / fps
    ious: list[float] = []
    for box in thing.boxes:
        nearest = int(np.abs(times - box.time_s).argmin())
        if abs(times[nearest] - box.time_s) <= step / 2 + 1e-6:  # the tracker may work at a lower rate than the picture
            ious.append(box_iou(box.box_xyxy_px, track.boxes[nearest].box_xyxy_px))
    mean = float(np.mean(ious)) if ious else 0.0
    return mean if mean >= FOLLOWED_IOU and len(ious) >= FOLLOWED_COVERAGE * len(thing.boxes) else 0.0
