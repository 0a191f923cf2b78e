"""Questions to a vLLM engine in this process: the asker that every `vllm` backend shares.

The engine batches by itself, so all questions go in at once and re-asks go in rounds. Replies to a schema are constrained by
grammar and validated all the same. Nothing is stored or paid here: replies cost the machine's own time.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from annotators.base import CallEstimate, Resources
from annotators.batching import free_cached_memory
from annotators.chat.request import AudioPart, ChatRequest, Reply, VideoPart
from annotators.chat.structured import RawReply, ask_in_rounds, strict_schema
from annotators.engine.params import EngineParams
from annotators.site import Site
from annotators.weights import find_weights, missing_packages, model_name
from schemas.accounting import Used
from schemas.errors import ModelError, Rejected

_KINDS = ("audio", "image", "video")
_READERS = {"audio": ("feature_extractor", "audio_processor"), "video": ("video_processor",)}  # attributes of processors
_SHUTDOWN_S = 30.0  # an engine with much memory takes longer than the 5 s after which vLLM kills it
_CPU_BATCH_TOKENS = 4096
_CPU_CACHE_GB = "1"  # vLLM's CPU build would take most of the machine's memory for its cache


class EngineAsker:
    """`takes`: the kind of media the questions have, None for text alone. Picklable until it is opened."""

    def __init__(self, params: EngineParams, takes: Literal["audio", "video"] | None) -> None:
        self.params = params
        self._takes = takes
        self._llm: Any = None
        self._template: Any = None  # what knows the chat template: the processor, or for text models the tokenizer
        self._patch_px = 14

    @property
    def model(self) -> str:
        return model_name(self.params.model, self.params.revision)

    @property
    def resources(self) -> Resources:
        gpus = float(self.params.num_gpus) if self.params.device == "cuda" else 0.0
        return Resources(cpus=1.0, gpus=gpus, memory_gb=8.0)

    @property
    def batch_size(self) -> int:
        return self.params.clips_per_batch

    @staticmethod
    def lacks() -> list[str]:
        return missing_packages("vllm", "qwen_vl_utils")

    def connect(self, site: Site) -> None:
        """An engine shares nothing with other workers."""

    def open(self) -> None:
        if lacks := self.lacks():
            raise ModelError(f"{self.params.model} cannot be run here: {lacks[0]}")
        folder = find_weights(self.params.model, self.params.revision)
        if self.params.device == "cpu":
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", _CPU_CACHE_GB)
        try:
            self._template = self._load_template(folder)
            self._llm = self._load_engine(folder)
        except (ValueError, RuntimeError, OSError, KeyError) as error:
            raise ModelError(f"vLLM cannot load {self.params.model}: {type(error).__name__}: {_short(error)}") from error

    def _load_engine(self, folder: Path) -> Any:
        from vllm import LLM

        params = self.params
        on_gpu: dict[str, Any] = {"gpu_memory_utilization": params.gpu_memory_frac, "tensor_parallel_size": params.num_gpus}
        # vLLM 0.32 dies of a prompt with a seed that it reads in pieces on a CPU: "CPU Generator does not use offset"
        on_cpu = {"enable_chunked_prefill": False, "max_num_batched_tokens": max(params.max_model_len, _CPU_BATCH_TOKENS)}
        return LLM(
            model=str(folder),
            dtype=params.dtype,
            max_model_len=params.max_model_len,
            load_format=params.load_format,
            enforce_eager=params.eager,
            enable_prefix_caching=True,
            structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},  # else models pad with it
            limit_mm_per_prompt={kind: int(kind == self._takes) for kind in _KINDS},  # no memory for encoders not in use
            seed=0,
            **(on_gpu if params.device == "cuda" else on_cpu),
        )

    def _load_template(self, folder: Path) -> Any:
        from transformers import AutoProcessor, AutoTokenizer

        if self._takes is None:
            return AutoTokenizer.from_pretrained(folder)
        processor = AutoProcessor.from_pretrained(folder)
        if not any(hasattr(processor, reader) for reader in _READERS[self._takes]):
            raise ModelError(
                f"{self.params.model} must take {self._takes}, and has no processor for it; name a model that does"
            )
        self._patch_px = getattr(getattr(processor, "image_processor", None), "patch_size", self._patch_px)
        return processor

    def ask(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        """In rounds: what does not validate is asked again together."""
        prepared: dict[int, dict[str, Any]] = {}  # media of a part, by its identity: the same for all questions about a clip
        return ask_in_rounds(requests, lambda asked: self._generate(asked, prepared), self.params.reasks)

    def _generate(self, requests: Sequence[ChatRequest], prepared: dict[int, dict[str, Any]]) -> list[RawReply | Rejected]:
        """All at once. vLLM refuses the lot before it begins if it refuses one (too long), so the halves are tried."""
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError

        prompts = [self._prompt(request, prepared) for request in requests]
        sampling = [self._sampling(request) for request in requests]
        try:
            outputs = self._llm.generate(prompts, sampling, use_tqdm=False)
        except (ValueError, VLLMClientError) as error:
            if len(requests) == 1:
                return [Rejected("request_refused", _short(error))]
            middle = len(requests) // 2
            return self._generate(requests[:middle], prepared) + self._generate(requests[middle:], prepared)
        except EngineDeadError:
            raise ModelError(f"the vLLM engine of {self.params.model} died; what it said is in the worker's output") from None
        return [
            RawReply(tuple(one.text for one in output.outputs), tuple(one.finish_reason or "stop" for one in output.outputs))
            for output in outputs
        ]

    def _prompt(self, request: ChatRequest, prepared: dict[int, dict[str, Any]]) -> dict[str, Any]:
        content: Any = request.text
        prompt: dict[str, Any] = {}
        if request.media:
            (part,) = request.media
            kind = "audio" if isinstance(part, AudioPart) else "video"
            content = [{"type": kind, kind: ""}, {"type": "text", "text": request.text}]
            if id(part) not in prepared:
                prepared[id(part)] = self._audio(part) if isinstance(part, AudioPart) else self._video(part)
            prompt = prepared[id(part)]
        messages: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
        messages.append({"role": "user", "content": content})
        for reply, answer in request.turns:
            messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": answer}]
        text = self._template.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return {"prompt": text, **prompt}

    @staticmethod
    def _audio(part: AudioPart) -> dict[str, Any]:
        return {"multi_modal_data": {"audio": [(part.sound.mono, part.sound.sample_rate_hz)]}}

    def _video(self, part: VideoPart) -> dict[str, Any]:
        """As Qwen's own tools prepare frames: sizes in whole patches, and the rate they were taken at."""
        from PIL import Image
        from qwen_vl_utils import process_vision_info

        images = [Image.fromarray(pixels) for pixels in part.frames.pixels]
        video = {"type": "video", "video": images, "sample_fps": part.fps}
        _, videos, kwargs = process_vision_info(
            [{"role": "user", "content": [video]}],
            return_video_kwargs=True,
            return_video_metadata=True,
            image_patch_size=self._patch_px,
        )
        return {"multi_modal_data": {"video": videos}, "mm_processor_kwargs": kwargs}

    def _sampling(self, request: ChatRequest) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        schema = StructuredOutputsParams(json=strict_schema(request.schema)) if request.schema else None
        return SamplingParams(
            n=request.samples,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            seed=request.seed,
            structured_outputs=schema,
        )

    def take_usage(self) -> Sequence[Used]:
        return ()

    def estimate(self, requests: Sequence[ChatRequest], reply_tokens: float) -> CallEstimate | None:
        return None

    def close(self) -> None:
        """Shut the engine's own process down and give its memory back."""
        if self._llm is not None:
            self._llm.llm_engine.engine_core.shutdown(_SHUTDOWN_S)
        self._llm = self._template = None
        free_cached_memory()


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
