"""Audio captioners that are asked in words."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from annotators.chat.captioner import AskingCaptioner, CaptionParams
from annotators.chat.request import AudioPart, Part
from annotators.chat.transports import InEngine, Served
from annotators.engine.params import EngineParams
from annotators.media import Media, Sound
from annotators.roles import AudioRequest
from annotators.serving.params import ServerParams

RATE_HZ = 16_000  # what every listening model here was trained on


def heard(media: Media) -> AudioPart | None:
    """A clip's sound as listening models take it: mono, 16 kHz. None if there is none, or it is not finite."""
    mono = media.sound(RATE_HZ).mono
    return AudioPart(Sound(mono[None], RATE_HZ)) if mono.size and np.isfinite(mono).all() else None


def silence(duration_s: float) -> AudioPart:
    """Sound of this length, for estimates."""
    samples = np.broadcast_to(np.zeros(1, np.float32), (1, max(1, round(duration_s * RATE_HZ))))
    return AudioPart(Sound(samples, RATE_HZ))


class AudioCaptioner(AskingCaptioner[AudioRequest]):
    modality: ClassVar[Literal["audio", "video"]] = "audio"

    def look(self, item: AudioRequest) -> tuple[str, Part | None]:
        return item.media.clip_id, heard(item.media)

    def typical_part(self, duration_s: float) -> Part:
        return silence(duration_s)


class ServedAudioCaptioner(Served, AudioCaptioner):
    """Any server that takes sound."""

    class Params(CaptionParams, ServerParams):
        model: str = Field("gpt-audio-mini", description="name of the model at the server")


class EngineAudioCaptioner(InEngine, AudioCaptioner):
    """A vLLM engine in the worker."""

    takes = "audio"

    class Params(CaptionParams, EngineParams):
        model: str = Field("Qwen/Qwen2-Audio-7B-Instruct", description="hub id, or a folder with the checkpoint")
