"""Habits for noise: a checkpoint with random weights hardly ever ends a reply, or a string in JSON, by chance.

`prefer` raises the odds of single tokens at every position. One number of every token's embedding is made a constant, which
passes through the residual stream into the last norm, and the head turns it into a logit. All else stays as random as it was.
"""

import math
from pathlib import Path

_LOGIT_PER_WEIGHT = 4.5  # what is left of sqrt(64 / 2) after two layers have added to the stream


def prefer(folder: Path, logits: dict[str, float]) -> Path:
    """About so much is added to the logits of these tokens of the checkpoint in `folder`; all others are near 0."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    (embeddings,) = (value for name, value in weights.items() if name.endswith("embed_tokens.weight"))
    (head,) = (value for name, value in weights.items() if name.endswith("lm_head.weight"))
    embeddings[:, 0] = embeddings.std() * math.sqrt(embeddings.shape[1])
    head[:, 0] = 0.0
    for token, logit in logits.items():
        head[tokenizer.convert_tokens_to_ids(token), 0] = logit / _LOGIT_PER_WEIGHT
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
