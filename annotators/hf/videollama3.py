"""VideoLLaMA3 (transformers): captions by eye. It has no ears, so what it says cannot have been heard.

The default is the one conversion to transformers' format that its own documentation names; the checkpoints of
DAMO-NLP-SG bring code of their own, which is never run here.
"""

from pydantic import Field

from annotators.chat.asker import Asker
from annotators.chat.video_captioner import VideoCaptioner, VideoCaptionParams
from annotators.hf.asker import HfAsker
from annotators.hf.families import VIDEOLLAMA3
from annotators.hf.params import HfParams


class VideoLlama3Captioner(VideoCaptioner):
    class Params(VideoCaptionParams, HfParams):
        model: str = Field("lkhl/VideoLLaMA3-2B-Image-HF", description="hub id, or a folder with the checkpoint")

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, VIDEOLLAMA3)
