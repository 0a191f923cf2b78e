"""Claims, clips of noise, and inquiries about them."""

from typing import Any

import numpy as np

from annotators.media import ArrayMedia, Sound
from annotators.roles import Inquiry
from schemas.errors import Rejected
from schemas.reasoning import Judged, Stated

RATE_HZ = 16_000


def claim(subject: str = "dog bark", type: str = "event", start_s: float = 1.0, end_s: float = 2.0, **more: Any) -> Stated:
    return Stated.model_validate(
        {"step_index": 0, "type": type, "basis": "heard", "text": "", "subject": subject, "start_s": start_s, "end_s": end_s}
        | more
    )


def clip(seed: int = 0, seconds: float = 4.0) -> ArrayMedia:
    samples = np.random.default_rng(seed).normal(0, 0.1, (1, int(RATE_HZ * seconds))).astype(np.float32)
    return ArrayMedia(f"clip{seed}", Sound(samples, RATE_HZ))


def inquiry(*claims: Stated, seed: int = 0, seconds: float = 4.0) -> Inquiry:
    return Inquiry(clip(seed, seconds), list(claims), [], [], None, None)


def judgements(answer: Any) -> list[Judged]:
    assert not isinstance(answer, Rejected), answer
    return list(answer)
