"""How a witness gets its model by transformers: whatever is wrong with a checkpoint is one clear line.

transformers draws the weights that a checkpoint lacks at random and says so in a log only. A witness that guesses must not go
unnoticed, so a checkpoint that lacks any is refused.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from annotators.weights import find_weights, missing_packages, missing_parameters, no_progress_bars, torch_dtype
from schemas.errors import ModelError

Loaded = TypeVar("Loaded")


def load_from_weights(model: str, revision: str, load: Callable[[str], Loaded]) -> Loaded:
    """What `load` makes of the checkpoint's folder. ModelError if a package, the weights or a part of them is missing."""
    if lacks := missing_packages("torch", "transformers"):
        raise ModelError(f"{model} cannot be run here: {lacks[0]}")
    no_progress_bars()
    folder = find_weights(model, revision)
    try:
        return load(str(folder))
    except (ValueError, RuntimeError, OSError, KeyError, AttributeError, ImportError) as error:
        said = " ".join(str(error).split())[:300]
        raise ModelError(f"transformers cannot load {model}: {type(error).__name__}: {said}") from error


def complete_model(kind: Any, folder: str, dtype: str, device: str, **options: Any) -> Any:
    """The model of class `kind`, ready to judge. ValueError if the checkpoint lacks weights, or the machine a GPU."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("it is to run on cuda, and torch finds no GPU here; set its device to cpu")
    model, found = kind.from_pretrained(folder, dtype=torch_dtype(dtype), output_loading_info=True, **options)
    if lacking := missing_parameters(model, found):
        raise ValueError(
            f"the checkpoint lacks {len(lacking)} weights of {type(model).__name__}, such as {lacking[0]}; "
            "is it of another architecture, or without the last layers?"
        )
    return model.to(device).eval()
