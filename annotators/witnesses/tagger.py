"""`tagger`: AudioSet classes by an Audio Spectrogram Transformer (Gong et al. 2021, arXiv 2104.01778).

A claim's subject is turned into classes of the checkpoint's own list; its presence is the largest probability among classes
that are it (the model was trained on clips with several labels: a sigmoid per class). Where it is made of several, all of them
must sound for it to be supported, and none of them for it to be refuted. AudioSet is full of quiet and missed labels, so its
probabilities are low: the thresholds are far below one half.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.weights import WeightsParams
from annotators.witnesses.loading import complete_model
from annotators.witnesses.names import matching_classes
from annotators.witnesses.presence import Heard, Piece, PresenceParams, PresenceVerifier
from schemas.errors import Rejected

_Scores = NDArray[np.float32]


class Tagger(PresenceVerifier):
    class Params(PresenceParams, WeightsParams):
        model: str = Field("MIT/ast-finetuned-audioset-10-10-0.4593", description="hub id, or a folder with the checkpoint")
        present_from: float = Field(0.2, gt=0, lt=1, description="a class of at least this probability sounds")
        absent_below: float = Field(0.01, gt=0, lt=1, description="a class of less than this probability does not")

    rate_hz = 16_000

    def load_from(self, folder: str) -> None:
        from transformers import ASTFeatureExtractor, ASTForAudioClassification

        weights = self.weights
        self._extractor: Any = ASTFeatureExtractor.from_pretrained(folder)
        self._model = complete_model(
            ASTForAudioClassification, folder, weights.dtype, weights.device, attn_implementation=weights.attention
        )
        self._labels: dict[int, str] = dict(self._model.config.id2label)

    def listen(self, pieces: Sequence[Piece], subjects: Sequence[str]) -> list[Heard | Rejected | None]:
        classes = [matching_classes(subject, self._labels) for subject in subjects]
        asked = [number for number, matching in enumerate(classes) if matching]
        scores = self.hear_once(self._scores, [pieces[number] for number in asked])
        heard: list[Heard | Rejected | None] = [None] * len(pieces)
        for number, found in zip(asked, scores, strict=True):
            heard[number] = found if isinstance(found, Rejected) else heard_among(found, classes[number], self._labels)
        return heard

    def _scores(self, pieces: Sequence[Piece]) -> list[_Scores | Rejected]:
        """Probabilities of all classes per piece, float32 (classes,)."""
        import torch

        inputs = self._extractor(list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(inputs["input_values"].to(self._model.device, self._model.dtype)).logits
        return list(logits.float().sigmoid().cpu().numpy())


def heard_among(scores: _Scores, classes: Sequence[Sequence[int]], labels: dict[int, str]) -> Heard:
    """How present a subject is that is one of each list of classes, by the probabilities (classes,)."""
    best = [max(matching, key=lambda number: scores[number]) for matching in classes]
    told = ", ".join(f"{labels[number]!r} {scores[number]:.2f}" for number in best)
    return Heard(float(scores[best].min()), float(scores[best].max()), f"probability of {told}")
