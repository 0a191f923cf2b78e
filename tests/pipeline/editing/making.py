"""Rows of editing tasks over sounds made from a seed."""

from typing import Any

import numpy as np

from pipeline.editing.render import Samples
from schemas.edits import Edit, Operation, SampleSpan

RATE_HZ = 44100


def noise(seconds: float, num_channels: int = 2, seed: int = 0, level: float = 0.2) -> Samples:
    """A sound as it is stored: rounded to 16 bits."""
    drawn = np.random.default_rng(seed).uniform(-level, level, (num_channels, round(seconds * RATE_HZ)))
    return np.rint(drawn * 32768) / 32768


def edit(operation: Operation, clip: Samples, first: int, end: int, **changed: Any) -> Edit:
    """A task whose mask is one span; where another sound is mixed in, its samples from 1000 on."""
    is_mix = operation not in ("extension", "inpainting")
    fields: dict[str, Any] = {
        "clip_id": "a", "model": "m@1", "edit_id": f"a/{operation}", "operation": operation, "sample_rate_hz": RATE_HZ,
        "num_samples": clip.shape[1], "num_channels": len(clip), "mask": [SampleSpan(first=first, end=end)], "crossfade": 441,
        "other_clip_id": "b" if is_mix else None, "other": SampleSpan(first=1000, end=1000 + end - first) if is_mix else None,
        "offset": first if is_mix else None, "other_gain_db": -3.0 if is_mix else None, "gain_db": -1.5,
        "snr_lu": 0.0 if is_mix else None, "seed": 1,
    }  # fmt: skip
    return Edit.model_validate(fields | changed)
