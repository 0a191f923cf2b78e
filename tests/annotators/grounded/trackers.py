"""Noise to look at, and trackers on tiny random weights to look at it with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotators.grounded.tracker import GroundedSam2, GroundedSam2Hf, GroundedTracker
from annotators.media import ArrayMedia, Frames, Sound
from tests.checkpoints import sam2

FPS = 4.0
PHRASES = ["a dog", "a red car"]
KINDS: list[tuple[type[GroundedTracker], Callable[..., Path]]] = [(GroundedSam2, sam2.make), (GroundedSam2Hf, sam2.make_hf)]


def pictures(seed: int, count: int = 8) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (count, 60, 90, 3), dtype=np.uint8)


def film(seed: int, count: int = 8, scale: float = 2.0) -> ArrayMedia:
    sound = Sound(np.zeros((1, int(16000 * count / FPS)), np.float32), 16000)
    return ArrayMedia("clip", sound, Frames(pictures(seed, count), np.arange(count) / FPS, scale))


def make(kind: type[GroundedTracker], segmenter: Path, detector: Path, **more: Any) -> GroundedTracker:
    given = {
        "model": str(segmenter), "detector_model": str(detector), "dtype": "float32", "device": "cpu", "fps": FPS,
        "min_score": 0.05, "detect_every_s": 1.0, "max_tracks": 6,
    }  # fmt: skip
    return kind(kind.Params.model_validate(given | more))
