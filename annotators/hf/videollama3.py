"""VideoLLaMA3 (transformers): captions by eye. It has no ears, so what it says cannot have been heard.

The checkpoints of DAMO-NLP-SG bring code of their own, which is never run here. The default is the conversion that the
documentation and tests of transformers name; lkhl/VideoLLaMA3-7B-Image-HF is its larger sister. Both are from before the last
stage of training, which is about video (DAMO-NLP-SG/VideoLLaMA3, issue 14); no conversion of what came after is known.
"""

from pydantic import Field

from annotators.chat.asker import Asker
from annotators.chat.video_captioner import VideoCaptioner, VideoCaptionParams
from annotators.hf.asker import HfAsker
from annotators.hf.families import VIDEOLLAMA3
from annotators.hf.params import HfParams, main_memory


class VideoLlama3Captioner(VideoCaptioner):
    class Params(VideoCaptionParams, HfParams):
        model: str = Field("lkhl/VideoLLaMA3-2B-Image-HF", description="hub id, or a folder with the checkpoint")
        memory_gb: float = main_memory(6.0)

    params: Params

    @classmethod
    def lacks(cls) -> list[str]:
        return HfAsker.lacks()

    def make_asker(self) -> Asker:
        return HfAsker(self.params, VIDEOLLAMA3)
