"""How each architecture takes its media: what differs between the models that transformers runs, and nothing else.

Sources: the processors and docs of transformers 5.19 (qwen2_audio, qwen2_5_omni, qwen3_omni_moe, video_llama_3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotators.chat.request import AudioPart, Part, VideoPart
from schemas.errors import Rejected


@dataclass(frozen=True)
class Family:
    """`classes`: `model_type` of the checkpoint's config → the class that loads it. `fills_chunk`: the encoder takes sounds of
    the feature extractor's chunk length only, padded with silence."""

    classes: dict[str, str]
    takes: Literal["audio", "video"]
    fills_chunk: bool = False

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
        """A padded batch of prompts with one part each. ValueError if a part would not be heard or seen, or twice."""
        place = getattr(processor, f"{self.takes}_token")
        for text in texts:
            if (count := text.count(place)) != 1:
                raise ValueError(f"a prompt must have one place for its {self.takes}, {place}, and has {count}")
        common = {"text": list(texts), "text_kwargs": {"padding": True}, "return_tensors": "pt"}
        made = self._audio(processor, parts, common) if self.takes == "audio" else self._video(processor, parts, common)
        if not (made["input_ids"] == processor.tokenizer.convert_tokens_to_ids(place)).any(dim=1).all():
            raise ValueError(f"the {self.takes} is too short to leave anything in the prompt")
        return made

    def _audio(self, processor: Any, parts: Sequence[Part], common: dict[str, Any]) -> Any:
        sounds = [part.sound for part in parts if isinstance(part, AudioPart)]
        (rate_hz,) = {sound.sample_rate_hz for sound in sounds}
        padding: dict[str, Any] = {"padding": "max_length"}
        if not self.fills_chunk:
            # a window of silence after the longest too, else the end of a sound would depend on whether it is the longest
            longest = max(sound.samples.shape[1] for sound in sounds)
            padding |= {"max_length": longest + processor.feature_extractor.n_fft, "truncation": False}
        return processor(audio=[sound.mono for sound in sounds], audio_kwargs={"sampling_rate": rate_hz, **padding}, **common)

    @staticmethod
    def _video(processor: Any, parts: Sequence[Part], common: dict[str, Any]) -> Any:
        shown = [part for part in parts if isinstance(part, VideoPart)]
        return processor(
            videos=[part.frames.pixels for part in shown],
            input_data_format="channels_last",  # else guessed from the sizes
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


QWEN2_AUDIO = Family({"qwen2_audio": "Qwen2AudioForConditionalGeneration"}, "audio", fills_chunk=True)
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
