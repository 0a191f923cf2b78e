"""`clap`: how much better a claim's words fit its sound than everyday sounds do (CLAP, Wu et al. 2023, arXiv 2211.06687).

Presence is the softmax share of "the sound of <subject>" among the phrases of `names.yaml`, with the model's own temperature.
So it is a comparison, not a probability: two sounds at once share it, and a sound that none of the phrases resembles gives it
to whatever is nearest. Phrases that have a word in common with the subject are left out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from annotators.batching import in_halves
from annotators.weights import WeightsParams, torch_dtype
from annotators.witnesses.names import sound_names, words_of
from annotators.witnesses.presence import Heard, PresenceParams, PresenceVerifier
from annotators.wording import a
from schemas.errors import Rejected

_Row = NDArray[np.float32]


class Clap(PresenceVerifier):
    class Params(PresenceParams, WeightsParams):
        model: str = Field("laion/clap-htsat-unfused", description="hub id, or a folder with the checkpoint")
        present_from: float = Field(0.5, gt=0, lt=1, description="a subject with at least this share of the likeness sounds")
        absent_below: float = Field(0.005, gt=0, lt=1, description="a subject with less than this share does not")

    params: Params
    rate_hz = 48_000

    @property
    def thresholds(self) -> tuple[float, float]:
        return self.params.present_from, self.params.absent_below

    def load_from(self, folder: str) -> None:
        from transformers import ClapModel, ClapProcessor

        self._processor: Any = ClapProcessor.from_pretrained(folder)
        model = ClapModel.from_pretrained(folder, dtype=torch_dtype(self.weights.dtype))
        self._model: Any = model.to(self.weights.device).eval()
        self._scale = float(model.logit_scale_a.detach().exp())

    def listen(self, pieces: Sequence[NDArray[np.float32]], subjects: Sequence[str]) -> list[Heard | Rejected | None]:
        decoys = sound_names().decoys
        phrases = list(dict.fromkeys([*map(phrase_of, subjects), *map(_spoken, decoys)]))
        texts = dict(zip(phrases, self._texts(phrases), strict=True))
        size = self.weights.batch_size
        sounds = [one for start in range(0, len(pieces), size) for one in in_halves(self._sounds, pieces[start : start + size])]
        return [
            sound if isinstance(sound, Rejected) else self._heard(sound, subject, texts)
            for sound, subject in zip(sounds, subjects, strict=True)
        ]

    def _heard(self, sound: _Row, subject: str, texts: dict[str, _Row]) -> Heard:
        others = [_spoken(decoy) for decoy in sound_names().decoys if not words_of(decoy) & words_of(a(subject))]
        logits = self._scale * np.array([texts[phrase] @ sound for phrase in (phrase_of(subject), *others)])
        shares = softmax(logits)
        nearest = others[int(shares[1:].argmax())]
        return Heard(
            float(shares[0]), f"{phrase_of(subject)!r} has {shares[0]:.2f} of the likeness, {nearest!r} {shares[1:].max():.2f}"
        )

    def _texts(self, phrases: Sequence[str]) -> list[_Row]:
        """Unit vectors, float32 (d,)."""
        import torch

        inputs = self._processor(text=list(phrases), return_tensors="pt", padding=True).to(self._model.device)
        with torch.inference_mode():
            pooled = self._model.text_model(**inputs).pooler_output
            return _unit(self._model.text_projection(pooled))

    def _sounds(self, pieces: Sequence[NDArray[np.float32]]) -> list[_Row | Rejected]:
        """Unit vectors, float32 (d,)."""
        import torch

        inputs = self._processor(audio=list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")
        features = inputs["input_features"].to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            pooled = self._model.audio_model(input_features=features, is_longer=inputs["is_longer"]).pooler_output
            return list(_unit(self._model.audio_projection(pooled)))


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


def _unit(vectors: Any) -> list[_Row]:
    return list((vectors / vectors.norm(dim=-1, keepdim=True)).float().cpu().numpy())
