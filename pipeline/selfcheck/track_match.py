"""Which track follows which thing of a rendered scene: by the overlap of their boxes."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.scenes import SceneTruth, ThingTruth
from schemas.evidence import Track


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return shared / (areas - shared)


def mean_iou(thing: ThingTruth, track: Track) -> float:
    """Mean over the track's boxes of the overlap with the thing's box in the frame nearest in time; 0 where it has none."""
    if not thing.boxes or not track.boxes:
        return 0.0
    times_s = np.array([box.time_s for box in thing.boxes])
    overlaps: list[float] = []
    for box in track.boxes:
        nearest = int(np.abs(times_s - box.time_s).argmin())
        is_there = abs(times_s[nearest] - box.time_s) <= 0.05
        overlaps.append(box_iou(thing.boxes[nearest].box_xyxy_px, box.box_xyxy_px) if is_there else 0.0)
    return float(np.mean(overlaps))


def match_tracks(scene: SceneTruth, tracks: Sequence[Track], least_iou: float = 0.3) -> dict[str, str]:
    """The track of each thing, by object_id: the one-to-one assignment with the largest sum of overlaps."""
    if not tracks or not scene.things:
        return {}
    overlaps = np.array([[mean_iou(thing, track) for track in tracks] for thing in scene.things])
    rows, columns = linear_sum_assignment(-overlaps)
    return {
        scene.things[row].object_id: tracks[column].track_id
        for row, column in zip(rows, columns, strict=True)
        if overlaps[row, column] >= least_iou
    }
