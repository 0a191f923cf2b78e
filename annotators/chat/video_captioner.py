"""Video captioners that are asked in words. They are given pictures only: what they say was seen and cannot have been heard."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from annotators.base import AnyParams
from annotators.chat.asker import Asker
from annotators.chat.captioner import AskingCaptioner, CaptionParams
from annotators.chat.request import Part, VideoPart
from annotators.engine.asker import EngineAsker
from annotators.engine.params import EngineParams
from annotators.media import Frames
from annotators.roles import VideoRequest
from annotators.serving.asker import ServedAsker
from annotators.serving.params import ServerParams


class VideoCaptionParams(CaptionParams):
    """What a video captioner is shown."""

    fps: float = Field(2.0, gt=0, le=30, description="pictures a second")
    max_side_px: int = Field(448, ge=56, le=2048, description="pictures are made smaller until no side is longer")
    max_frames: int = Field(64, ge=2, le=1024, description="a longer clip is shown at fewer pictures a second")


class VideoCaptioner(AskingCaptioner[VideoRequest]):
    modality: ClassVar[Literal["audio", "video"]] = "video"

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self._shown = VideoCaptionParams.model_validate(params.model_dump(include=set(VideoCaptionParams.model_fields)))

    def look(self, item: VideoRequest) -> tuple[str, Part | None]:
        fps = self._fps(item.media.duration_s)
        frames = item.media.frames(fps, self._shown.max_side_px)
        return item.media.clip_id, VideoPart(frames, fps) if len(frames.pixels) else None

    def _fps(self, duration_s: float) -> float:
        return min(self._shown.fps, self._shown.max_frames / max(duration_s, 1e-3))

    def typical_part(self, duration_s: float) -> Part:
        fps = self._fps(duration_s)
        count = max(1, round(duration_s * fps))
        height = self._shown.max_side_px * 9 // 16
        pixels = np.broadcast_to(np.zeros(1, np.uint8), (count, height, self._shown.max_side_px, 3))  # takes no memory
        return VideoPart(Frames(pixels, np.arange(count) / fps, 1.0), fps)


class ServedVideoCaptioner(VideoCaptioner):
    """Any server that takes pictures."""

    class Params(VideoCaptionParams, ServerParams):
        model: str = Field("gpt-4.1-mini", description="name of the model at the server")

    params: Params

    def make_asker(self) -> Asker:
        return ServedAsker(self.params)


class EngineVideoCaptioner(VideoCaptioner):
    """A vLLM engine in the worker."""

    class Params(VideoCaptionParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-VL-7B-Instruct", description="hub id, or a folder with the checkpoint")

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return EngineAsker.lacks()

    def make_asker(self) -> Asker:
        return EngineAsker(self.params, "video")
