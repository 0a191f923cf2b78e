"""Video captioners that are asked in words. They are given pictures only: what they say was seen and cannot have been heard."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from annotators.base import AnyParams
from annotators.chat.captioner import AskingCaptioner, CaptionParams
from annotators.chat.request import Part, VideoPart
from annotators.chat.transports import InEngine, Served
from annotators.engine.params import EngineParams
from annotators.media import Frames, Media
from annotators.roles import VideoRequest
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
        self._shown = params.part(VideoCaptionParams)

    def look(self, item: VideoRequest) -> tuple[str, Part | None]:
        return item.media.clip_id, pictures(item.media, self._shown)

    def typical_part(self, duration_s: float) -> Part:
        return blank_pictures(duration_s, self._shown)


def pictures(media: Media, shown: VideoCaptionParams) -> VideoPart | None:
    """A clip's pictures as models are shown them. None if it has none."""
    fps = _fps(media.duration_s, shown)
    frames = media.frames(fps, shown.max_side_px)
    return VideoPart(frames, fps) if len(frames.pixels) else None


def blank_pictures(duration_s: float, shown: VideoCaptionParams) -> VideoPart:
    """As many pictures of nothing, for estimates."""
    fps = _fps(duration_s, shown)
    count = max(1, round(duration_s * fps))
    height = shown.max_side_px * 9 // 16
    pixels = np.broadcast_to(np.zeros(1, np.uint8), (count, height, shown.max_side_px, 3))  # takes no memory
    return VideoPart(Frames(pixels, np.arange(count) / fps, 1.0), fps)


def _fps(duration_s: float, shown: VideoCaptionParams) -> float:
    return min(shown.fps, shown.max_frames / max(duration_s, 1e-3))


class ServedVideoCaptioner(Served, VideoCaptioner):
    """Any server that takes pictures."""

    class Params(VideoCaptionParams, ServerParams):
        model: str = Field("gpt-4.1-mini", description="name of the model at the server")


class EngineVideoCaptioner(InEngine, VideoCaptioner):
    """A vLLM engine in the worker."""

    takes = "video"

    class Params(VideoCaptionParams, EngineParams):
        model: str = Field("Qwen/Qwen2.5-VL-7B-Instruct", description="hub id, or a folder with the checkpoint")
