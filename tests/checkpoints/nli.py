"""A RoBERTa for text entailment with random weights, its classes in an order of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLASSES = ("contradiction", "entailment", "neutral")


def make(folder: Path, seed: int = 0, classes: Sequence[str] = CLASSES) -> Path:
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    tokenizer = word_tokenizer()
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=520, pad_token_id=tokenizer.pad_token_id, type_vocab_size=1,
        id2label=dict(enumerate(classes)), label2id={name: number for number, name in enumerate(classes)},
    )  # fmt: skip
    torch.manual_seed(seed)
    RobertaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def word_tokenizer() -> Any:
    """RoBERTa's byte-level tokenizer, trained on a few sentences."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizer

    from tests.checkpoints.tokenizer import SENTENCES

    trained = ByteLevelBPETokenizer()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator(list(SENTENCES) * 10, vocab_size=400, special_tokens=specials, show_progress=False)
    return RobertaTokenizer(tokenizer_object=trained._tokenizer, model_max_length=512)
