"""A checkpoint, loaded whole: transformers fills weights that are missing with noise and goes on, which is an error here.

Generation settings that come with a checkpoint (repetition penalties, top-k) are dropped: what decides a reply is in our
parameters. Weights pass through main memory on their way to a GPU; loading them onto it directly takes `accelerate`, which
nothing else here needs.
"""

from pathlib import Path
from typing import Any

from annotators.hf.families import Family
from annotators.hf.params import HfParams
from annotators.weights import missing_parameters, no_progress_bars, torch_dtype
from schemas.errors import ModelError

_TURN_END = "<|im_end|>"  # ChatML, in which all families here were trained
_LIBRARY_ERRORS = (ValueError, RuntimeError, OSError, KeyError, AttributeError, ImportError, AssertionError)


def load_chat_model(folder: Path, family: Family, params: HfParams) -> tuple[Any, Any]:
    """(processor, model), ready to generate. ModelError if the checkpoint is of another family, incomplete or does not load."""
    _check_device(params)
    try:
        return _load(folder, family, params)
    except _LIBRARY_ERRORS as error:
        said = " ".join(str(error).split())[:300]
        raise ModelError(f"transformers cannot load {params.model}: {type(error).__name__}: {said}") from error


def _check_device(params: HfParams) -> None:
    import torch

    if params.device == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"{params.model} is to run on device=cuda, and torch finds no GPU here; set device=cpu")


def _load(folder: Path, family: Family, params: HfParams) -> tuple[Any, Any]:
    import transformers

    no_progress_bars()
    config = transformers.AutoConfig.from_pretrained(folder)
    if config.model_type not in family.classes:
        known = ", ".join(family.classes)
        raise ModelError(f"{folder.name} must be a checkpoint of type {known}, its config says {config.model_type!r}")
    processor = transformers.AutoProcessor.from_pretrained(folder)
    processor.tokenizer.padding_side = "left"  # replies begin where prompts end, for all of a batch
    model, found = getattr(transformers, family.classes[config.model_type]).from_pretrained(
        folder, dtype=torch_dtype(params.dtype), attn_implementation=params.attention, output_loading_info=True
    )
    if missing := missing_parameters(model, found):
        raise ModelError(
            f"{params.model} must hold all weights of {type(model).__name__}, {len(missing)} are missing, "
            f"the first is {missing[0]}; get the checkpoint again, or one in the format of transformers"
        )
    model.generation_config = _plain_generation(processor.tokenizer, model.generation_config)
    return processor, model.to(params.device).eval()


def _plain_generation(tokenizer: Any, own: Any) -> Any:
    """Only where a reply ends and what fills a batch. Not every checkpoint's own settings have the end (Qwen3-Omni: none)."""
    from transformers import GenerationConfig

    ends = {own.eos_token_id} if isinstance(own.eos_token_id, int) else set(own.eos_token_id or ())
    ends |= {tokenizer.eos_token_id, tokenizer.get_vocab().get(_TURN_END)} - {None}
    return GenerationConfig(eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id)
