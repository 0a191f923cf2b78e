"""Qwen2.5-Omni and Qwen3-Omni (transformers, the thinker alone): captions by ear, and a witness asked claim by claim.

Qwen3-Omni-30B-A3B-Captioner describes a sound and takes no question; with `is_asked` false it is given the sound alone, once,
and its one description answers the question about content. A listener asks, so it cannot be one. Models of 30 B take 64 GB, of
main memory (`memory_gb`) and of the GPU.
"""

from typing import Self

from pydantic import Field, model_validator

from annotators.base import AnyParams
from annotators.chat.asker import Asker
from annotators.chat.audio_captioner import AudioCaptioner
from annotators.chat.captioner import CaptionParams
from annotators.chat.listener import Listener, ListenParams
from annotators.chat.request import ChatRequest, Part
from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN_OMNI
from annotators.hf.params import HfParams


class QwenOmniParams(HfParams):
    model: str = Field("Qwen/Qwen2.5-Omni-7B", description="hub id, or a folder with the checkpoint")

    def takes_questions(self) -> bool:
        return not self.model.rstrip("/").endswith("-Captioner")


class QwenOmniCaptioner(AudioCaptioner):
    class Params(CaptionParams, QwenOmniParams):
        is_asked: bool = Field(True, description="false for Qwen3-Omni-30B-A3B-Captioner, which takes no question")

        @model_validator(mode="after")
        def _is_not_asked_in_vain(self) -> Self:
            if self.is_asked and not self.takes_questions():
                raise ValueError(f"{self.model} takes no question; set is_asked to false")
            return self

    params: Params

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        if not self.params.is_asked:
            del self._asked["temporal"]
            self.prompt_id = None

    def _questions(self, clip_id: str, part: Part) -> list[ChatRequest]:
        asked = super()._questions(clip_id, part)
        if self.params.is_asked:
            return asked
        (content,) = asked
        return [ChatRequest(clip_id, "", (part,), temperature=content.temperature, max_tokens=content.max_tokens)]

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, QWEN_OMNI)


class QwenOmniListener(Listener):
    class Params(ListenParams, QwenOmniParams):
        @model_validator(mode="after")
        def _can_be_asked(self) -> Self:
            if not self.takes_questions():
                raise ValueError(f"{self.model} takes no question, and a listener asks; use it as audio_captioner or blind")
            return self

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, QWEN_OMNI)
