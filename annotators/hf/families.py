"""How each architecture takes its media: what differs between the models that transformers runs, and nothing else.

Sources: the processors and docs of transformers 5.19 (qwen2_audio, qwen2_5_omni, qwen3_omni_moe, video_llama_3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from annotators.chat.request import AudioPart, Part, VideoPart
from annotators.weights import no_progress_bars, torch_dtype
from schemas.errors import ModelError, Rejected


@dataclass(frozen=True)
class Family:
    """`classes`: `model_type` of the checkpoint's config → the class that loads it."""

    classes: dict[str, str]
    takes: Literal["audio", "video"]

    def load(self, folder: Path, dtype: str, attention: str, device: str) -> tuple[Any, Any]:
        """(processor, model), ready to generate. ModelError if the checkpoint is of another architecture."""
        import transformers

        no_progress_bars()
        config = transformers.AutoConfig.from_pretrained(folder)
        if config.model_type not in self.classes:
            known = ", ".join(self.classes)
            raise ModelError(f"{folder.name} must be a checkpoint of type {known}, its config says {config.model_type!r}")
        processor = transformers.AutoProcessor.from_pretrained(folder)
        processor.tokenizer.padding_side = "left"  # replies begin where prompts end, for all of a batch
        kind = getattr(transformers, self.classes[config.model_type])
        model = kind.from_pretrained(folder, dtype=torch_dtype(dtype), attn_implementation=attention)
        return processor, model.to(device).eval()

    def refuses(self, processor: Any, part: Part) -> Rejected | None:
        """Why the model cannot be given this part as it is. A longer sound would be cut off without a word."""
        if isinstance(part, AudioPart):
            longest_s = processor.feature_extractor.chunk_length
            if part.sound.duration_s > longest_s:
                return Rejected(
                    "request_refused", f"the model hears {longest_s} s at most, the clip has {part.sound.duration_s:.1f} s"
                )
        return None

    def inputs(self, processor: Any, texts: Sequence[str], parts: Sequence[Part]) -> Any:
        """A padded batch of prompts with one part each."""
        common = {"text": list(texts), "padding": True, "return_tensors": "pt"}
        if self.takes == "audio":
            sounds = [part.sound for part in parts if isinstance(part, AudioPart)]
            (rate_hz,) = {sound.sample_rate_hz for sound in sounds}
            return processor(audio=[sound.mono for sound in sounds], sampling_rate=rate_hz, **common)
        shown = [part for part in parts if isinstance(part, VideoPart)]
        return processor(
            videos=[part.frames.pixels for part in shown],
            video_metadata=[
                {
                    "fps": part.fps,
                    "total_num_frames": len(part.frames.pixels),
                    "frames_indices": list(range(len(part.frames.pixels))),
                }
                for part in shown
            ],
            do_sample_frames=False,  # they were sampled when they were decoded
            **common,
        )


QWEN2_AUDIO = Family({"qwen2_audio": "Qwen2AudioForConditionalGeneration"}, "audio")
# The thinker is the half of an Omni checkpoint that answers in words; the talker, which speaks, is not loaded.
QWEN_OMNI = Family(
    {
        "qwen2_5_omni": "Qwen2_5OmniThinkerForConditionalGeneration",
        "qwen2_5_omni_thinker": "Qwen2_5OmniThinkerForConditionalGeneration",
        "qwen3_omni_moe": "Qwen3OmniMoeThinkerForConditionalGeneration",
        "qwen3_omni_moe_thinker": "Qwen3OmniMoeThinkerForConditionalGeneration",
    },
    "audio",
)
VIDEOLLAMA3 = Family({"video_llama_3": "VideoLlama3ForConditionalGeneration"}, "video")
