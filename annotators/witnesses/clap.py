"""`clap`: how much better a claim's words fit its sound than everyday sounds do (CLAP, Wu et al. 2023, arXiv 2211.06687).

Presence is the softmax share of "the sound of <subject>" among the phrases of `names.yaml`, with the model's own temperature.
So it is a comparison, not a probability: two sounds at once share it, and a sound that none of the phrases resembles gives it
to whatever is nearest. Phrases that may be of the subject's kind, or have a word in common with it, are left out. So is the
claim's opposite: to a model that hardly reads "no", it is the nearest phrase of all, and would halve the share of true and
false claims alike. Nothing is drawn: no piece is long enough to be cropped at random.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.weights import WeightsParams
from annotators.witnesses.loading import complete_model
from annotators.witnesses.names import decoys_for
from annotators.witnesses.presence import Heard, Piece, PresenceParams, PresenceVerifier
from annotators.wording import a
from schemas.errors import Rejected

_Row = NDArray[np.float32]
_LONGEST_TEXT = 77  # tokens, as it was trained (github.com/LAION-AI/CLAP)


class Clap(PresenceVerifier):
    class Params(PresenceParams, WeightsParams):
        model: str = Field("laion/clap-htsat-unfused", description="hub id, or a folder with the checkpoint")
        attention: Literal["eager"] = Field("eager", description="transformers has no other for CLAP")
        present_from: float = Field(0.5, gt=0, lt=1, description="a subject with at least this share of the likeness sounds")
        absent_below: float = Field(0.005, gt=0, lt=1, description="a subject with less than this share does not")

    rate_hz = 48_000

    def load_from(self, folder: str) -> None:
        from transformers import ClapModel, ClapProcessor

        weights = self.weights
        self._processor: Any = ClapProcessor.from_pretrained(folder)
        self._model = complete_model(ClapModel, folder, weights.dtype, weights.device, attn_implementation=weights.attention)
        self._scale = float(self._model.logit_scale_a.detach().exp())

    def listen(self, pieces: Sequence[Piece], subjects: Sequence[str]) -> list[Heard | Rejected | None]:
        compared = {subject: [phrase_of(subject), *map(_spoken, decoys_for(subject))] for subject in subjects}
        phrases = list(dict.fromkeys(phrase for them in compared.values() for phrase in them))
        texts = dict(zip(phrases, self.in_batches(self._texts, phrases), strict=True))
        sounds = self.hear_once(self._sounds, pieces)
        return [
            likeness(sound, {phrase: texts[phrase] for phrase in compared[subject]}, self._scale)
            for sound, subject in zip(sounds, subjects, strict=True)
        ]

    def _texts(self, phrases: Sequence[str]) -> list[_Row | Rejected]:
        """Unit vectors, float32 (d,)."""
        import torch

        inputs = self._processor(
            text=list(phrases), return_tensors="pt", padding=True, truncation=True, max_length=_LONGEST_TEXT
        ).to(self._model.device)
        with torch.inference_mode():
            pooled = self._model.text_model(**inputs).pooler_output
            return _unit(self._model.text_projection(pooled))

    def _sounds(self, pieces: Sequence[Piece]) -> list[_Row | Rejected]:
        """Unit vectors, float32 (d,)."""
        import torch

        inputs = self._processor(audio=list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")
        features = inputs["input_features"].to(self._model.device, self._model.dtype)
        # none is; of short sounds alone the extractor of a fused checkpoint says so of one at random
        is_longer = torch.zeros(len(pieces), 1, dtype=torch.bool, device=self._model.device)
        with torch.inference_mode():
            pooled = self._model.audio_model(input_features=features, is_longer=is_longer).pooler_output
            return _unit(self._model.audio_projection(pooled))


def likeness(sound: _Row | Rejected, texts: Mapping[str, _Row | Rejected], scale: float) -> Heard | Rejected:
    """The share of the first text among all; unit vectors (d,). `scale` is the inverse of the model's temperature."""
    if isinstance(sound, Rejected):
        return sound
    if refusals := [row for row in texts.values() if isinstance(row, Rejected)]:
        return refusals[0]
    rows = [row for row in texts.values() if not isinstance(row, Rejected)]
    shares = softmax(scale * np.stack(rows) @ sound)
    subject, *others = texts
    nearest = others[int(shares[1:].argmax())]
    told = f"{subject!r} has {shares[0]:.2f} of the likeness, {nearest!r} {shares[1:].max():.2f}"
    return Heard(float(shares[0]), float(shares[0]), told)


def phrase_of(subject: str) -> str:
    """What a subject is called when it is compared."""
    return _spoken(a(subject))


def _spoken(name: str) -> str:
    return f"the sound of {name}"


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """exp(x - max) / sum."""
    shifted = np.exp(logits - logits.max())
    shares: NDArray[np.floating[Any]] = shifted / shifted.sum()
    return shares


def _unit(vectors: Any) -> list[_Row | Rejected]:
    vectors = vectors.float()
    return list((vectors / vectors.norm(dim=-1, keepdim=True)).cpu().numpy())
