"""Qwen2-Audio (transformers): captions by ear, and a witness asked about one claim at a time. 8.4 B parameters, hears 30 s."""

from pydantic import Field

from annotators.chat.asker import Asker
from annotators.chat.audio_captioner import AudioCaptioner
from annotators.chat.captioner import CaptionParams
from annotators.chat.listener import Listener, ListenParams
from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN2_AUDIO
from annotators.hf.params import HfParams


class Qwen2AudioParams(HfParams):
    model: str = Field("Qwen/Qwen2-Audio-7B-Instruct", description="hub id, or a folder with the checkpoint")


class Qwen2AudioCaptioner(AudioCaptioner):
    class Params(CaptionParams, Qwen2AudioParams):
        pass

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, QWEN2_AUDIO)


class Qwen2AudioListener(Listener):
    class Params(ListenParams, Qwen2AudioParams):
        pass

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, QWEN2_AUDIO)
