"""Text entailment: whether a text says, denies, or leaves open another (natural language inference, three classes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from annotators.base import Params, placement
from annotators.batching import free_cached_memory, in_halves
from annotators.weights import model_name
from annotators.witnesses.loading import complete_model, load_from_weights
from schemas.errors import ModelError, Rejected

_LONGEST_PAIR = 512  # tokens that RoBERTa and DeBERTa were trained on


class EntailmentParams(Params):
    """Which model judges the words."""

    nli_model: str = Field("cross-encoder/nli-deberta-v3-base", description="hub id, or a folder: a model of three classes")
    nli_revision: str = Field("main", description="commit, tag or branch of the hub id; pin a commit for a build to repeat")
    nli_dtype: Literal["bfloat16", "float16", "float32"] = Field("float32", description="number format of its weights")
    nli_device: Literal["cuda", "cpu"] = placement("cpu", "where it runs; sentences are short, a CPU does")
    nli_batch_size: int = placement(32, "most pairs in one forward pass; a batch that does not fit is halved", ge=1, le=1024)
    decides_from: float = Field(0.7, gt=0.5, le=1, description="probability from which entailment or contradiction decides")


@dataclass(frozen=True)
class Entailed:
    """Probabilities; what is left of 1 is neutral."""

    entailment: float
    contradiction: float


class Entailment:
    """Loads once, then answers pairs in batches."""

    def __init__(self, params: EntailmentParams) -> None:
        self.params = params
        self._tokenizer: Any = None
        self._model: Any = None
        self._classes = (0, 0)

    @property
    def model(self) -> str:
        return model_name(self.params.nli_model, self.params.nli_revision)

    def load(self) -> None:
        """ModelError if the weights are missing, or the model does not say which of its classes is which."""
        load_from_weights(self.params.nli_model, self.params.nli_revision, self._load_from)
        self._classes = _classes(self.params.nli_model, self._model.config.id2label)

    def _load_from(self, folder: str) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = complete_model(AutoModelForSequenceClassification, folder, self.params.nli_dtype, self.params.nli_device)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Entailed | Rejected]:
        """(text, hypothesis) → what the text says of the hypothesis. Pairs longer than the model reads lose their ends."""
        size = self.params.nli_batch_size
        return [one for start in range(0, len(pairs), size) for one in in_halves(self._forward, pairs[start : start + size])]

    def _forward(self, pairs: Sequence[tuple[str, str]]) -> list[Entailed | Rejected]:
        import torch

        texts, hypotheses = zip(*pairs, strict=True)
        inputs = self._tokenizer(
            list(texts), list(hypotheses), padding=True, truncation=True, max_length=_LONGEST_PAIR, return_tensors="pt"
        )
        with torch.inference_mode():
            shares = self._model(**inputs.to(self._model.device)).logits.float().softmax(-1).cpu()
        entailment, contradiction = self._classes
        return [
            Entailed(float(row[entailment]), float(row[contradiction]))
            if row.isfinite().all()
            else Rejected("annotator_error", "the entailment is not a number; is nli_dtype too narrow for the model?")
            for row in shares
        ]

    def close(self) -> None:
        self._tokenizer = self._model = None
        free_cached_memory()


def _classes(model: str, labels: dict[int, str]) -> tuple[int, int]:
    """(entailment, contradiction), by the names the checkpoint gives its classes: their order differs between models."""
    named = {label.lower(): number for number, label in labels.items()}
    try:
        return named["entailment"], named["contradiction"]
    except KeyError:
        raise ModelError(
            f"{model} must name its classes entailment, neutral and contradiction, its config says {list(labels.values())}"
        ) from None
