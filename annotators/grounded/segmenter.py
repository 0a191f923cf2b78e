"""A segmenter: follows boxes through pictures as masks. Two implementations of SAM 2 (Ravi et al. 2024, arXiv 2408.00714)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Followed:
    """`masks`: bool (things, T, H, W), from the picture of the boxes on. `scores`: float64 (things, T), 0 where unseen."""

    masks: NDArray[np.bool_]
    scores: NDArray[np.float64]


class Segmenter(Protocol):
    def load(self) -> None:
        """ModelError if the weights are not to be had."""
        ...

    def open(self, pictures: NDArray[np.uint8]) -> Any:
        """What `follow` needs of a clip's pictures, uint8 (T, H, W, 3)."""
        ...

    def follow(self, video: Any, first: int, boxes: Sequence[NDArray[np.float64]]) -> Followed:
        """Follow what is in these boxes of picture `first`, from there to the end."""
        ...

    def close(self) -> None: ...


def followed(logits: Iterable[NDArray[np.float32]]) -> Followed:
    """From mask logits (things, H, W) of each picture: a mask where they are positive, its score the mean probability there.

    One picture at a time: a mask is a quarter of its logits.
    """
    masks, scores = [], []
    for of_picture in logits:
        mask = of_picture > 0
        probabilities = 1 / (1 + np.exp(-of_picture.clip(0, 30)))
        masks.append(mask)
        scores.append(np.where(mask, probabilities, 0.0).sum(axis=(1, 2)) / np.maximum(mask.sum(axis=(1, 2)), 1))
    return Followed(np.stack(masks, axis=1), np.stack(scores, axis=1).astype(np.float64))
