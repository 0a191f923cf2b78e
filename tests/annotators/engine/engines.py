"""What tests of in-process engines share: how a tiny one is started here, what it is asked, and what it gives away."""

from typing import Any, Literal

import numpy as np
import psutil
import pytest
from pydantic import BaseModel

from annotators.chat.request import AudioPart, ChatRequest, VideoPart
from annotators.engine.asker import EngineAsker
from annotators.media import ArrayMedia, Frames, Sound

RATE_HZ = 16_000
ON_CPU: dict[str, Any] = {"device": "cpu", "dtype": "float32", "eager": True, "max_model_len": 2048}
MARKS = [
    pytest.mark.vllm,
    # vLLM's own, on import
    pytest.mark.filterwarnings("ignore::FutureWarning:torch", "ignore::FutureWarning:vllm", "ignore::UserWarning:torch"),
]


class Answer(BaseModel):
    heard: str
    answer: Literal["yes", "no", "cannot_tell"]


def sound(seed: int, duration_s: float = 2.0) -> Sound:
    """Noise under an envelope of its own."""
    random = np.random.default_rng(seed)
    samples = random.normal(0, 0.1, (1, round(duration_s * RATE_HZ))) * random.uniform(0, 2)
    return Sound(samples.astype(np.float32), RATE_HZ)


def pictures(seed: int, count: int = 4) -> Frames:
    pixels = np.random.default_rng(seed).integers(0, 255, (count, 56, 84, 3), dtype=np.uint8)
    return Frames(pixels, np.arange(count) / 2.0, 1.0)


def clip(seed: int) -> ArrayMedia:
    return ArrayMedia(f"clip-{seed}", sound(seed), pictures(seed))


def listening(number: int, text: str = "What is heard?", **how: Any) -> ChatRequest:
    return ChatRequest(f"clip-{number}", text, media=(AudioPart(sound(number)),), **how)


def watching(number: int, text: str = "What is seen?", fps: float = 2.0, **how: Any) -> ChatRequest:
    return ChatRequest(f"clip-{number}", text, media=(VideoPart(pictures(number), fps),), **how)


def likelihoods(asker: EngineAsker, requests: list[ChatRequest]) -> list[dict[int, float]]:
    """Log-probabilities of the 20 likeliest first tokens of each reply, which replies do not tell."""
    from vllm import SamplingParams

    prompts = [asker._prompt(request, {}) for request in requests]
    outputs = asker._llm.generate(prompts, SamplingParams(temperature=0, max_tokens=1, logprobs=20), use_tqdm=False)
    return [{token: one.logprob for token, one in output.outputs[0].logprobs[0].items()} for output in outputs]


def furthest(left: dict[int, float], right: dict[int, float]) -> float:
    """The largest difference between log-probabilities of the same token; infinite if they share none."""
    return max((abs(left[token] - right[token]) for token in left.keys() & right.keys()), default=float("inf"))


def engine_processes() -> list[psutil.Process]:
    """vLLM's own processes below this one: the engine core and its workers."""
    return [child for child in psutil.Process().children(recursive=True) if child.name().startswith("VLLM")]
