"""What the tests of all architectures share: media of a length from a seed, questions about it, and what was generated."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotators.chat.request import AudioPart, ChatRequest, Part, VideoPart
from annotators.hf.asker import HfAsker
from annotators.hf.families import QWEN2_AUDIO, QWEN_OMNI, VIDEOLLAMA3, Family
from annotators.hf.params import HfParams
from annotators.media import Frames, Sound
from schemas.errors import Rejected
from tests.checkpoints import qwen2_audio, qwen_omni, videollama3

RATE_HZ = 16_000


@dataclass(frozen=True)
class Architecture:
    """`part` makes media from a seed and a length in seconds."""

    name: str
    make: Callable[..., Path]
    family: Family
    part: Callable[[int, float], Part]


@dataclass(frozen=True)
class Loaded:
    architecture: Architecture
    folder: Path
    asker: HfAsker


def sound(seed: int, seconds: float) -> AudioPart:
    samples = np.random.default_rng(seed).normal(0, 0.1, (1, int(RATE_HZ * seconds)))
    return AudioPart(Sound(samples.astype(np.float32), RATE_HZ))


def pictures(seed: int, seconds: float) -> VideoPart:
    count = max(1, round(2 * seconds))
    pixels = np.random.default_rng(seed).integers(0, 255, (count, 56, 84, 3), dtype=np.uint8)
    return VideoPart(Frames(pixels, np.arange(count) / 2.0, 1.0), 2.0)


ARCHITECTURES = [
    Architecture("qwen2_audio", qwen2_audio.make, QWEN2_AUDIO, sound),
    Architecture("qwen2_5_omni", qwen_omni.make, QWEN_OMNI, sound),
    Architecture("qwen3_omni", qwen_omni.make_moe, QWEN_OMNI, sound),
    Architecture("videollama3", videollama3.make, VIDEOLLAMA3, pictures),
]


def opened(folder: Path, family: Family, **more: Any) -> HfAsker:
    """An asker on the CPU in float32, loaded."""
    asker = HfAsker(
        HfParams.model_validate({"model": str(folder), "dtype": "float32", "device": "cpu", "reasks": 1} | more), family
    )
    asker.open()
    return asker


def end_often(folder: Path) -> Path:
    """Every seventh token ends a reply: noise hardly ever says that it is done."""
    path = folder / "generation_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {"eos_token_id": [settings["eos_token_id"], *range(5, 300, 7)]}))
    return folder


def question(part: Part, text: str = "What happens?", **more: Any) -> ChatRequest:
    return ChatRequest("clip", text, media=(part,), **({"max_tokens": 12} | more))


def texts(asker: HfAsker, *requests: ChatRequest) -> list[tuple[str, ...]]:
    """What was generated, finished or not."""
    raws = asker._generate(requests)
    assert not any(isinstance(raw, Rejected) for raw in raws), raws
    return [raw.texts for raw in raws if not isinstance(raw, Rejected)]


def first_logits(asker: HfAsker, *requests: ChatRequest) -> Any:
    """(requests, vocabulary): what the model makes of the prompts before it says a word."""
    import torch

    with torch.inference_mode():
        return asker._model(**asker._inputs(requests)).logits[:, -1]
