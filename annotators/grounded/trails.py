"""From masks to a track: what a segmenter followed, in seconds and in pixels of the stored video."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotators.grounded.detector import Found
from annotators.grounded.masks import Mask, box_of, consistency, lost_spans, run_lengths
from schemas.evidence import Track, TrackBox


class Trail:
    """One thing, from picture `first`, in which it was found, to the last. `masks`: bool (T, H, W), not all empty.

    `scores`: float64 (T,), 0 .. 1, how sure the masks are.
    """

    def __init__(self, found: Found, first: int, masks: NDArray[np.bool_], scores: NDArray[np.float64]) -> None:
        self.found = found
        self.first = first
        self.masks: list[Mask] = list(masks)
        self.scores = scores * found.score  # surely this thing, surely there
        self._boxes = [box_of(mask) for mask in self.masks]
        self._seen = [offset for offset, box in enumerate(self._boxes) if box is not None]

    @property
    def begin(self) -> int:
        """The first picture with a mask."""
        return self.first + self._seen[0]

    def box_at(self, number: int) -> NDArray[np.float64] | None:
        """Its box in this picture, None where it is out of sight."""
        return self._boxes[number - self.first]

    def track(self, track_id: str, fps: float, scale: float) -> Track:
        """From the first sight to the last. `scale`: pixels of the stored video per pixel of the pictures."""
        begin, end = self._seen[0], self._seen[-1] + 1
        boxes = [self._box(offset, fps, scale) for offset in self._seen]
        corners = np.array([box.box_xyxy_px for box in boxes])
        moved = np.diff((corners[:, :2] + corners[:, 2:]) / 2, axis=0)
        speeds = np.linalg.norm(moved, axis=1) / np.diff(self._seen) * fps if len(boxes) > 1 else np.zeros(1)
        return Track(
            track_id=track_id,
            phrase=self.found.phrase,
            start_s=(self.first + begin) / fps,
            end_s=(self.first + end) / fps,
            boxes=boxes,
            coverage_frac=len(boxes) / (end - begin),
            mean_score=float(np.mean([box.score for box in boxes])),
            mean_speed_px_per_s=float(speeds.mean()),
            max_speed_px_per_s=float(speeds.max()),
            consistency_iou=consistency(self.masks[begin:end]),
            lost=lost_spans([box is not None for box in self._boxes], self.first, fps),
        )

    def _box(self, offset: int, fps: float, scale: float) -> TrackBox:
        box = self._boxes[offset]
        assert box is not None
        return TrackBox(
            time_s=(self.first + offset) / fps,
            box_xyxy_px=(box * scale).tolist(),
            score=float(self.scores[offset]),
            mask_rle=run_lengths(self.masks[offset]),
        )


def tracks_of(trails: Sequence[Trail], fps: float, scale: float) -> list[Track]:
    """Tracks g00, g01, … by first appearance, of those that appear together the surest detection first."""
    ordered = sorted(trails, key=lambda trail: (trail.begin, -trail.found.score))
    return [trail.track(f"g{number:02d}", fps, scale) for number, trail in enumerate(ordered)]
