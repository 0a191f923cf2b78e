"""Grounding DINO (Liu et al. 2023, arXiv 2303.05499): boxes of what phrases name, through transformers.

All phrases go into one prompt, "a dog. a red car."; a query's score for a phrase is its largest probability over that phrase's
tokens, so a box always has exactly one of the phrases that were asked for. That is why there is no second threshold on tokens:
it decides which words a box is called by, and here nothing is left to decide. More phrases than the model reads at once go
into several prompts. The model has one attention implementation only, so `attention` is the segmenter's alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotators.batching import free_cached_memory, in_halves
from annotators.grounded.masks import box_iou
from annotators.grounded.params import GroundedParams
from annotators.weights import find_weights, model_name, no_progress_bars, torch_dtype
from schemas.errors import ModelError, Rejected

Box = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """`box`: float64 (4,) x0 y0 x1 y1 in pixels of the picture. `score`: 0 .. 1."""

    phrase: str
    box: Box
    score: float


class GroundingDino:
    def __init__(self, params: GroundedParams, device: str, batch_size: int) -> None:
        self.params = params
        self._device = device
        self._batch_size = batch_size
        self._processor: Any = None
        self._model: Any = None

    @property
    def model(self) -> str:
        return model_name(self.params.detector_model, self.params.detector_revision)

    def load(self) -> None:
        """ModelError if the weights are not to be had."""
        from transformers import AutoProcessor, GroundingDinoForObjectDetection

        no_progress_bars()
        name = self.params.detector_model
        folder = find_weights(name, self.params.detector_revision)
        try:
            self._processor = AutoProcessor.from_pretrained(folder)
            model = GroundingDinoForObjectDetection.from_pretrained(folder, dtype=torch_dtype(self.params.detector_dtype))
        except (ValueError, RuntimeError, OSError, KeyError, AttributeError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"transformers cannot load {name}: {type(error).__name__}: {said}") from error
        self._model = model.to(self._device).eval()

    def detect(self, pictures: NDArray[np.uint8], phrases: Sequence[str]) -> list[list[Found]] | Rejected:
        """What is in each picture, uint8 (n, H, W, 3), the surest first."""
        found: list[list[Found]] = [[] for _ in pictures]
        for prompt in self._prompts(phrases):
            for start in range(0, len(pictures), self._batch_size):
                batch = [(picture, prompt) for picture in pictures[start : start + self._batch_size]]
                for number, outcome in enumerate(in_halves(self._forward, batch)):
                    if isinstance(outcome, Rejected):
                        return outcome
                    found[start + number] += outcome
        return [self._apart(of_picture) for of_picture in found]

    def _prompts(self, phrases: Sequence[str]) -> list[tuple[str, ...]]:
        """Phrases in groups that the model reads at once."""
        most = int(self._model.config.max_text_len)
        groups: list[list[str]] = [[]]
        length = 2  # the special tokens around a prompt
        for phrase in dict.fromkeys(self._readable(phrase, most - 3) for phrase in phrases):
            tokens = len(self._tokens(phrase)) + 1
            if length + tokens > most and groups[-1]:
                groups.append([])
                length = 2
            if phrase:
                groups[-1].append(phrase)
                length += tokens
        return [tuple(group) for group in groups if group]

    def _readable(self, phrase: str, most: int) -> str:
        """The phrase as the model knows it, with as many of its last words as fit; "" if the vocabulary has none of them."""
        words = _plain(phrase).split()
        while words and len(self._tokens(" ".join(words))) > most:
            words.pop(0)
        is_known = set(self._tokens(" ".join(words))) - {self._processor.tokenizer.unk_token_id}
        return " ".join(words) if is_known else ""

    def _tokens(self, phrase: str) -> list[int]:
        ids: list[int] = self._processor.tokenizer(phrase, add_special_tokens=False)["input_ids"]
        return ids

    def _forward(self, batch: Sequence[tuple[NDArray[np.uint8], tuple[str, ...]]]) -> list[list[Found] | Rejected]:
        import torch

        phrases = batch[0][1]
        height, width = batch[0][0].shape[:2]
        inputs = self._processor(
            images=[picture for picture, _ in batch],
            text=[" ".join(f"{phrase}." for phrase in phrases)] * len(batch),
            return_tensors="pt",
        ).to(self._device, self._model.dtype)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        probabilities = outputs.logits.float().sigmoid().cpu().numpy()
        centres = outputs.pred_boxes.float().cpu().numpy().astype(np.float64)
        spans = self._spans(phrases)
        return [
            _found(phrases, spans, rows, boxes, self.params.min_score, (width, height))
            for rows, boxes in zip(probabilities, centres, strict=True)
        ]

    def _spans(self, phrases: Sequence[str]) -> list[slice]:
        """Where each phrase's tokens are in the prompt: after the first special token, a full stop behind each."""
        spans, place = [], 1
        for phrase in phrases:
            length = len(self._tokens(phrase))
            spans.append(slice(place, place + length))
            place += length + 1
        return spans

    def _apart(self, found: Sequence[Found]) -> list[Found]:
        """Non-maximum suppression over all phrases: one thing has one name, the surest."""
        kept: list[Found] = []
        for one in sorted(found, key=lambda one: (-one.score, one.phrase)):
            if all(box_iou(one.box, other.box) <= self.params.max_overlap for other in kept):
                kept.append(one)
        return kept

    def close(self) -> None:
        self._processor = self._model = None
        free_cached_memory()


def _found(
    phrases: Sequence[str],
    spans: Sequence[slice],
    probabilities: NDArray[np.float32],
    centres: Box,
    min_score: float,
    size: tuple[int, int],
) -> list[Found]:
    """`probabilities` (queries, tokens); `centres` (queries, 4) cx cy w h, relative. Boxes end at the picture's edge."""
    scores = np.stack([probabilities[:, span].max(axis=1) for span in spans], axis=1)
    width, height = size
    found = []
    for query in np.flatnonzero(scores.max(axis=1) >= min_score):
        best = int(scores[query].argmax())
        cx, cy, w, h = centres[query] * (width, height, width, height)
        box = np.array([max(cx - w / 2, 0), max(cy - h / 2, 0), min(cx + w / 2, width), min(cy + h / 2, height)])
        if (box[2:] > box[:2]).all():
            found.append(Found(phrases[best], box, float(scores[query, best])))
    return found


def _plain(phrase: str) -> str:
    """Lower case, without the marks that would end it early."""
    return " ".join(re.sub(r"[.?]", " ", phrase.lower()).split())
