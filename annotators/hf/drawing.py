"""Drawn replies in a batch: each row has a source of noise of its own, so its words depend on its seed and on no neighbour.

`generate` draws a whole batch from one global source, which makes a reply depend on its neighbours. Here a word is the largest
of logits / temperature + Gumbel noise, which is a draw from their softmax (Gumbel 1954; Maddison et al. 2014, arXiv 1411.0030),
and `generate` only takes the largest. What is left of the neighbours is rounding, as for replies that are not drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotators.chat.request import ChatRequest


class Drawing:
    """A logits processor for a batch of (request, number of the sample). Rows of temperature 0 are left as they are."""

    def __init__(self, rows: Sequence[tuple[ChatRequest, int]], device: Any) -> None:
        import torch

        self._drawn = {
            row: (request.temperature, torch.Generator(device).manual_seed(_seed(request.seed, sample)))
            for row, (request, sample) in enumerate(rows)
            if request.temperature
        }

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """`scores`: float32 (rows, vocabulary)."""
        import torch

        for row, (temperature, source) in self._drawn.items():
            gumbel = -torch.empty_like(scores[row]).exponential_(generator=source).log()
            scores[row] = scores[row] / temperature + gumbel
        return scores


def _seed(seed: int, sample: int) -> int:
    """Far apart for neighbouring seeds and samples."""
    return int(np.random.SeedSequence((seed, sample)).generate_state(1, np.uint64)[0])
