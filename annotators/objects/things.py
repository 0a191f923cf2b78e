"""A thing: what is seen as one, however many tracks follow it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.evidence import SeenEvent, Track
from schemas.objects import Waypoint
from schemas.row import Span
from schemas.vocabulary import MotionKind

PATH_STEP_S = 0.5

Floats = NDArray[np.float64]


def boxes_at(track: Track, times_s: Floats) -> Floats:
    """A track's boxes (n, 4) at any times, straight lines between its own; before the first and after the last, those."""
    seen_s = [box.time_s for box in track.boxes]
    sides = zip(*(box.box_xyxy_px for box in track.boxes), strict=True)
    return np.stack([np.interp(times_s, seen_s, side) for side in sides], axis=1)


def presence(track: Track) -> float:
    """Area summed over time: what the track of the whole thing has most of."""
    boxes = np.array([box.box_xyxy_px for box in track.boxes])
    return float((boxes[:, 2:] - boxes[:, :2]).prod(axis=1).mean() * (track.end_s - track.start_s))


def seen_spans(track: Track) -> list[tuple[float, float]]:
    """The track's span without the stretches in which it was lost."""
    edges = [track.start_s, *(side for lost in track.lost for side in (lost.start_s, lost.end_s)), track.end_s]
    return [(start_s, end_s) for start_s, end_s in zip(edges[::2], edges[1::2], strict=True) if end_s > start_s]


@dataclass(frozen=True, eq=False)
class Thing:
    """`tracks`: those that follow it, in order of time; `events`: what happens to it; `busy`: (T,), whether it moves in itself
    at each picture that was looked at."""

    tracks: tuple[Track, ...]
    events: tuple[SeenEvent, ...]
    busy: NDArray[np.bool_]

    @property
    def start_s(self) -> float:
        return min(track.start_s for track in self.tracks)

    @property
    def end_s(self) -> float:
        return max(track.end_s for track in self.tracks)

    @property
    def phrase(self) -> str:
        """What its longest track is called, of equally long ones the largest."""
        return max(self.tracks, key=lambda track: (track.end_s - track.start_s, presence(track))).phrase

    @property
    def presence(self) -> float:
        """Area summed over time, of all of its tracks."""
        return sum(presence(track) for track in self.tracks)

    @cached_property
    def sights(self) -> tuple[Floats, Floats]:
        """Ascending times (n,) and boxes (n, 4) in stored pixels. Where several tracks see it, the largest is the whole."""
        boxes: dict[float, list[float]] = {}
        for track in sorted(self.tracks, key=presence, reverse=True):
            for box in track.boxes:
                boxes.setdefault(round(box.time_s, 4), box.box_xyxy_px)
        times_s = sorted(boxes)
        return np.array(times_s), np.array([boxes[time_s] for time_s in times_s])

    @cached_property
    def visible(self) -> list[Span]:
        """The stretches in which it is in sight, in order."""
        merged: list[tuple[float, float]] = []
        for start_s, end_s in sorted(span for track in self.tracks for span in seen_spans(track)):
            if merged and start_s <= merged[-1][1] + 1e-6:
                merged[-1] = merged[-1][0], max(end_s, merged[-1][1])
            else:
                merged.append((start_s, end_s))
        return [Span(start_s=start_s, end_s=end_s) for start_s, end_s in merged]

    def boxes_at(self, times_s: Floats) -> Floats:
        """Boxes (n, 4) at any times, straight lines between sights; before the first and after the last, those."""
        seen_s, boxes = self.sights
        return np.stack([np.interp(times_s, seen_s, side) for side in boxes.T], axis=1)

    def is_visible(self, times_s: Floats, margin_s: float = 0.0) -> NDArray[np.bool_]:
        """Whether it is in sight at each time, or within the margin of it; (n,)."""
        starts_s, ends_s = np.array([(span.start_s, span.end_s) for span in self.visible]).T
        inside = (times_s[:, None] >= starts_s - margin_s - 1e-6) & (times_s[:, None] <= ends_s + margin_s + 1e-6)
        return np.asarray(inside.any(axis=1))

    def places(self, times_s: Floats, width_px: int) -> Floats:
        """Where its middle is across the picture, -1 left .. +1 right, (n,); its nearest known place where it is not seen."""
        boxes = self.boxes_at(times_s)
        return np.asarray((boxes[:, 0] + boxes[:, 2]) / width_px - 1)

    def moments_s(self, *kinds: MotionKind) -> list[float]:
        """When events of these kinds happen to it."""
        return [event.time_s for event in self.events if event.kind in kinds]

    def path(self, width_px: int, height_px: int) -> list[Waypoint]:
        """Where it is at the start of each stretch in sight and every half second of it."""
        times_s = np.concatenate([np.arange(span.start_s, span.end_s, PATH_STEP_S) for span in self.visible])
        boxes = self.boxes_at(times_s) / np.array([width_px, height_px, width_px, height_px])
        middles, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        return [
            Waypoint(time_s=float(time_s), x_frac=float(x), y_frac=float(y), area_frac=float(width * height))
            for time_s, (x, y), (width, height) in zip(times_s, middles, sizes, strict=True)
        ]
