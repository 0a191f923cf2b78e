"""`grounded_sam2`: things that words name, found by Grounding DINO and followed by SAM 2 as masks.

Detection looks at one picture every `detect_every_s`; what is not yet followed there begins a new track at that picture. So a
track may begin up to that long after its thing appeared: following backwards as well was left out, it doubles the work for a
start that motion events give better. What is out of sight where detection looks and returns later stays the same track if
SAM 2 remembers it; if the detector finds it again before SAM 2 does, it is a new one.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from annotators.base import Annotator, AnyParams, Resources
from annotators.batching import free_cached_memory, is_out_of_memory
from annotators.grounded.detector import Found, GroundingDino
from annotators.grounded.masks import box_iou
from annotators.grounded.params import GroundedParams
from annotators.grounded.sam2_hf import Sam2Hf
from annotators.grounded.sam2_package import Sam2Package
from annotators.grounded.segmenter import Segmenter
from annotators.grounded.trails import Trail, tracks_of
from annotators.media import Frames
from annotators.roles import Seeing, TrackRequest
from annotators.weights import WeightsParams, joint_name, missing_packages, model_name
from schemas.errors import ModelError, Rejected
from schemas.evidence import Track


class GroundedTracker(Annotator[TrackRequest, Seeing]):
    """A subclass says who follows. `params` are GroundedParams and WeightsParams, whose `model` is the segmenter's."""

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.looking = params.part(GroundedParams)
        self.weights = params.part(WeightsParams)
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
        """Without a GPU the detector's activations are in main memory too: measured with grounding-dino-tiny in float32."""
        need = self.weights.resources
        return need if self.weights.device == "cuda" else replace(need, memory_gb=2.0 + 1.3 * self.weights.batch_size)

    def load(self) -> None:
        """ModelError that says which of the two it is about."""
        if lacks := self.lacks():
            raise ModelError(f"{self.weights.model} cannot be run here: {lacks[0]}")
        for part, parameter, load in (
            ("detector", "detector_model", self.detector.load),
            ("segmenter", "model", self.segmenter.load),
        ):
            try:
                load()
            except ModelError as error:
                raise ModelError(f"the {part} (parameter `{parameter}`): {error}") from error

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
            return Seeing(self._follow(frames, dict(zip(keys, found, strict=True))), [], [])
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            said = " ".join(str(error).split())[:300]
        free_cached_memory()  # outside the handler: the traceback holds the tensors of this clip
        return Rejected("out_of_memory", f"{len(frames.pixels)} pictures of {frames.pixels.shape[1:3]} px: {said}")

    def _follow(self, frames: Frames, found: dict[int, list[Found]]) -> list[Track]:
        video = self.segmenter.open(frames.pixels)
        trails: list[Trail] = []
        for first, detections in found.items():
            here = [box for trail in trails if (box := trail.box_at(first)) is not None]
            new = [one for one in detections if all(box_iou(one.box, box) < self.looking.same_thing for box in here)]
            if new := new[: self.looking.max_tracks - len(trails)]:
                followed = self.segmenter.follow(video, first, [one.box for one in new])
                each = zip(new, followed.masks, followed.scores, strict=True)
                trails += [Trail(one, first, masks, scores) for one, masks, scores in each if masks.any()]
        return tracks_of(trails, self.looking.fps, frames.scale)


class GroundedSam2(GroundedTracker):
    """SAM 2 by the `sam2` package."""

    class Params(GroundedParams, WeightsParams):
        model: str = Field("facebook/sam2.1-hiera-small", description="hub id, or a folder with the checkpoint")
        attention: Literal["sdpa"] = Field("sdpa", description="the package has no other attention implementation")

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
