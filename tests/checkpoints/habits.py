"""Habits for noise: a checkpoint with random weights hardly ever ends a reply by chance, and says the same about everything.

`give_habits` raises the odds of a few tokens at every position. One number of every token's embedding is made a constant, which
passes through the residual stream into the last norm, and the head turns it into a logit. The rest of the head is made
stronger, so that the noise differs from clip to clip; it stays as random as it was.
"""

import math
from pathlib import Path

_LOGIT_PER_WEIGHT = 3.7  # what is left of sqrt(64 / 2) after two layers have added to the stream
_STRENGTH = 8.0
_LOGITS = {  # all others spread by 1.2 around 0, which makes about 6.5 of them together
    **dict.fromkeys(("Ġdog", "Ġrain", "Ġdoor", "Ġthen"), 6.0),  # of ten tokens five are words,
    "<|im_end|>": 5.0,  # one in twenty ends the reply,
    '"': 5.5,  # one in twelve a string in JSON,
    **dict.fromkeys("yn", 4.0),  # and a choice of yes, no and cannot_tell falls on yes as often as on no
}


def give_habits(folder: Path) -> Path:
    """Rewrites the checkpoint in `folder`, which must have the tokenizer of `tokenizer.make_tokenizer`."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    (embeddings,) = (value for name, value in weights.items() if name.endswith("embed_tokens.weight"))
    (head,) = (value for name, value in weights.items() if name.endswith("lm_head.weight"))
    embeddings[:, 0] = embeddings.std() * math.sqrt(embeddings.shape[1])
    head *= _STRENGTH
    head[:, 0] = 0.0
    for token, logit in _LOGITS.items():
        head[tokenizer.convert_tokens_to_ids(token), 0] = logit / _LOGIT_PER_WEIGHT
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def give_credulity(folder: Path) -> Path:
    """Makes a model with habits answer yes, and no where the prompt has a sentence that begins with N ("No siren is heard").

    A listener that believes in every event and denies that it is absent, whatever it hears. One number of the embedding of N is
    carried by the first head of the first layer to every later position, averaged over the prompt; nothing else writes there.
    """
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    weights = load_file(folder / "model.safetensors")

    def of_text(suffix: str) -> list[torch.Tensor]:
        return [weights[name] for name in sorted(weights) if name.endswith(suffix) and "tower" not in name]

    for writer in (*of_text("o_proj.weight"), *of_text("down_proj.weight"), *of_text("linear.weight"), *of_text("linear.bias")):
        writer[1] = 0.0
    (embeddings,), (head,) = of_text("embed_tokens.weight"), of_text("lm_head.weight")
    embeddings[:, 1], head[:, 1] = 0.0, 0.0
    embeddings[tokenizer.convert_tokens_to_ids("N"), 1] = 10.0
    value, output = of_text("v_proj.weight")[0], of_text("o_proj.weight")[0]
    value[0], output[:, 0] = 0.0, 0.0
    value[0, 1], output[1, 0] = 1.0, 12.0
    yes, no = tokenizer.convert_tokens_to_ids(["y", "n"])
    head[yes, 0], head[no, 0] = 6.0 / _LOGIT_PER_WEIGHT, 2.0 / _LOGIT_PER_WEIGHT
    head[yes, 1], head[no, 1] = -1.2, 1.2
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
