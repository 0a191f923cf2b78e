"""Text entailment: whether a text says, denies, or leaves open another (natural language inference, three classes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from annotators.base import Params, placement
from annotators.batching import free_cached_memory, in_halves
from annotators.weights import find_weights, model_name, no_progress_bars, torch_dtype
from schemas.errors import ModelError, Rejected


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
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        no_progress_bars()
        params = self.params
        folder = find_weights(params.nli_model, params.nli_revision)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch_dtype(params.nli_dtype))
        except (ValueError, RuntimeError, OSError, KeyError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"transformers cannot load {params.nli_model}: {type(error).__name__}: {said}") from error
        self._model = model.to(params.nli_device).eval()
        self._classes = _classes(params.nli_model, model.config.id2label)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Entailed | Rejected]:
        """(text, hypothesis) → what the text says of the hypothesis."""
        size = self.params.nli_batch_size
        return [one for start in range(0, len(pairs), size) for one in in_halves(self._forward, pairs[start : start + size])]

    def _forward(self, pairs: Sequence[tuple[str, str]]) -> list[Entailed | Rejected]:
        import torch

        texts, hypotheses = zip(*pairs, strict=True)
        inputs = self._tokenizer(
            list(texts), list(hypotheses), padding=True, truncation="only_first", max_length=512, return_tensors="pt"
        )
        with torch.inference_mode():
            shares = self._model(**inputs.to(self._model.device)).logits.float().softmax(-1).cpu()
        entailment, contradiction = self._classes
        return [Entailed(float(row[entailment]), float(row[contradiction])) for row in shares]

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
