"""Models for text entailment with random weights, their classes in an order of their own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLASSES = ("contradiction", "entailment", "neutral")


def make(folder: Path, seed: int = 0, classes: Sequence[str] = CLASSES, architecture: str = "roberta") -> Path:
    """`architecture`: roberta, or deberta-v2, which is also what DeBERTa v3 is."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    tokenizer = word_tokenizer()
    kind: dict[str, Any] = {"max_position_embeddings": 520, "type_vocab_size": 1}
    if architecture == "deberta-v2":  # as microsoft/deberta-v3-base has it
        kind = {
            "max_position_embeddings": 512, "type_vocab_size": 0, "relative_attention": True, "position_buckets": 256,
            "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "share_att_key": True,
            "position_biased_input": False, "max_relative_positions": -1,
        }  # fmt: skip
    config = AutoConfig.for_model(
        architecture, vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, pad_token_id=tokenizer.pad_token_id, id2label=dict(enumerate(classes)),
        label2id={name: number for number, name in enumerate(classes)},
        initializer_range=0.3,  # so that other words are clearly other answers
        **kind,
    )  # fmt: skip
    torch.manual_seed(seed)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
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
