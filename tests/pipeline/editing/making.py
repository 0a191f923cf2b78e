"""Rows of editing tasks over sounds made from a seed, and clips to draw tasks for."""

from typing import Any

import numpy as np

from pipeline.editing.profile import Profile, profile_of
from pipeline.editing.render import Samples
from pipeline.splits import Split
from schemas.edits import Edit, Operation, SampleSpan
from schemas.evidence import HeardEvent
from schemas.vocabulary import SoundKind
from tests.pipeline.spelling import clip as stored_clip

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


def event(kind: SoundKind, start_s: float, end_s: float, snr_db: float = 30.0) -> HeardEvent:
    """A clear event, unless it hardly stands out."""
    return HeardEvent(
        start_s=start_s, end_s=end_s, kind=kind, kind_score=1.0, onsets_s=[start_s], peak_dbfs=-6, loudness_lufs=-20,
        loudness_slope_db_per_s=None, pitch_hz=None, pitch_start_hz=None, pitch_end_hz=None, harmonicity=None, centroid_hz=None,
        flatness=None, pan=None, pan_slope_per_s=None, repetition_hz=None, snr_db=snr_db,
    )  # fmt: skip


def profile(clip_id: str, sound: Samples, *heard: HeardEvent, split: Split = "train", **changed: Any) -> Profile:
    """What is known of a clip with this sound. `changed`: fields of its row."""
    row = stored_clip(clip_id).model_copy(
        update={
            "sample_rate_hz": RATE_HZ, "num_samples": sound.shape[1], "num_channels": len(sound),
            "duration_s": sound.shape[1] / RATE_HZ, "end_s": sound.shape[1] / RATE_HZ, **changed,
        }
    )  # fmt: skip
    return profile_of(row, split, heard, sound, min_strength=0.2)
