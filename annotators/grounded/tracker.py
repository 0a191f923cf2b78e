"""`grounded_sam2`: things that words name, found by Grounding DINO and followed by SAM 2 as masks.

Detection looks at one picture every `detect_every_s`; what is not yet followed there begins a new track at that picture. So a
track may begin up to that long after its thing appeared: following backwards as well was left out, it doubles the work for a
start that motion events give better.
"""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.base import Annotator, AnyParams, Resources
from annotators.batching import is_out_of_memory
from annotators.grounded.detector import Found, GroundingDino
from annotators.grounded.masks import Mask, box_iou, box_of, consistency, lost_spans, run_lengths
from annotators.grounded.params import GroundedParams
from annotators.grounded.sam2_hf import Sam2Hf
from annotators.grounded.sam2_package import Sam2Package
from annotators.grounded.segmenter import Segmenter
from annotators.media import Frames
from annotators.roles import Seeing, TrackRequest
from annotators.weights import WeightsParams, joint_name, missing_packages, model_name
from schemas.errors import ModelError, Rejected
from schemas.evidence import Track, TrackBox


class GroundedTracker(Annotator[TrackRequest, Seeing]):
    """A subclass says who follows. `params` are GroundedParams and WeightsParams, whose `model` is the segmenter's."""

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.looking = GroundedParams.model_validate(params.model_dump(include=set(GroundedParams.model_fields)))
        self.weights = WeightsParams.model_validate(params.model_dump(include=set(WeightsParams.model_fields)))
        self.detector = GroundingDino(self.looking, self.weights.device, self.weights.batch_size)
        self.segmenter = self.make_segmenter()

    @abstractmethod
    def make_segmenter(self) -> Segmenter:
        """Cheap: nothing is loaded."""

    @property
    def model(self) -> str:
        """Both, because either changes the tracks."""
        return joint_name(self.detector.model, model_name(self.weights.model, self.weights.revision))

    @property
    def resources(self) -> Resources:
        return self.weights.resources

    def load(self) -> None:
        if lacks := self.lacks():
            raise ModelError(f"{self.weights.model} cannot be run here: {lacks[0]}")
        self.detector.load()
        self.segmenter.load()

    def close(self) -> None:
        self.detector.close()
        self.segmenter.close()

    def annotate(self, batch: Sequence[TrackRequest]) -> Sequence[Seeing | Rejected]:
        return [self._see(request) for request in batch]

    def _see(self, request: TrackRequest) -> Seeing | Rejected:
        looking = self.looking
        frames = request.media.frames(looking.fps, looking.max_side_px)
        if not len(frames.pixels) or not request.phrases:
            return Seeing([], [], [])
        step = max(1, round(looking.detect_every_s * looking.fps))
        keys = list(range(0, len(frames.pixels), step))
        found = self.detector.detect(frames.pixels[keys], request.phrases)
        if isinstance(found, Rejected):
            return found
        if not any(found):
            return Seeing([], [], [])
        try:
            tracks = self._follow(frames, dict(zip(keys, found, strict=True)))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return Rejected("out_of_memory", f"{len(frames.pixels)} pictures: {str(error).splitlines()[0][:300]}")
        return Seeing(tracks, [], [])

    def _follow(self, frames: Frames, found: dict[int, list[Found]]) -> list[Track]:
        video = self.segmenter.open(frames.pixels)
        paths: list[_Path] = []
        for first, detections in found.items():
            followed_here = [box for path in paths if (box := path.box_at(first)) is not None]
            new = [one for one in detections if all(box_iou(one.box, box) < self.looking.same_thing for box in followed_here)][
                : self.looking.max_tracks - len(paths)
            ]
            if new:
                masks = self.segmenter.follow(video, first, [one.box for one in new])
                paths += [
                    _Path(one, first, masks.masks[number], masks.scores[number])
                    for number, one in enumerate(new)
                    if masks.masks[number].any()
                ]
        return [path.track(f"g{number:02d}", self.looking.fps, frames.scale) for number, path in enumerate(paths)]


class _Path:
    """One thing from the picture it was found in. `masks`: bool (T, H, W)."""

    def __init__(self, found: Found, first: int, masks: NDArray[np.bool_], scores: NDArray[np.float64]) -> None:
        self.found = found
        self.first = first
        self.masks: list[Mask] = list(masks)
        self.scores = scores * found.score  # surely this thing, surely there
        self._boxes = [box_of(mask) for mask in self.masks]

    def box_at(self, frame: int) -> NDArray[np.float64] | None:
        return self._boxes[frame - self.first]

    def track(self, track_id: str, fps: float, scale: float) -> Track:
        """From the first sight to the last, times in seconds and boxes in pixels of the stored video."""
        seen = [offset for offset, box in enumerate(self._boxes) if box is not None]
        begin, end = seen[0], seen[-1] + 1
        boxes = [(offset, box) for offset, box in enumerate(self._boxes) if box is not None]
        centres = np.array([(box[:2] + box[2:]) / 2 * scale for _, box in boxes])
        times = np.array([offset / fps for offset, _ in boxes])
        speeds = np.linalg.norm(np.diff(centres, axis=0), axis=1) / np.diff(times) if len(boxes) > 1 else np.zeros(1)
        return Track(
            track_id=track_id,
            phrase=self.found.phrase,
            start_s=(self.first + begin) / fps,
            end_s=(self.first + end) / fps,
            boxes=[
                TrackBox(
                    time_s=(self.first + offset) / fps,
                    box_xyxy_px=(box * scale).tolist(),
                    score=float(self.scores[offset]),
                    mask_rle=run_lengths(self.masks[offset]),
                )
                for offset, box in boxes
            ],
            coverage_frac=len(boxes) / (end - begin),
            mean_score=float(np.mean([self.scores[offset] for offset, _ in boxes])),
            mean_speed_px_per_s=float(speeds.mean()),
            max_speed_px_per_s=float(speeds.max()),
            consistency_iou=consistency(self.masks[begin:end]),
            lost=lost_spans([box is not None for box in self._boxes], self.first, fps),
        )


class GroundedSam2(GroundedTracker):
    """SAM 2 by the `sam2` package."""

    class Params(GroundedParams, WeightsParams):
        model: str = Field("facebook/sam2.1-hiera-small", description="hub id, or a folder with the checkpoint")

    @classmethod
    def lacks(cls) -> list[str]:
        return missing_packages("torch", "transformers", "sam2", "pycocotools")

    def make_segmenter(self) -> Segmenter:
        return Sam2Package(self.weights)


class GroundedSam2Hf(GroundedTracker):
    """SAM 2 by transformers."""

    class Params(GroundedParams, WeightsParams):
        model: str = Field("facebook/sam2.1-hiera-small", description="hub id, or a folder with the checkpoint")

    @classmethod
    def lacks(cls) -> list[str]:
        return missing_packages("torch", "transformers", "pycocotools")

    def make_segmenter(self) -> Segmenter:
        return Sam2Hf(self.weights)
