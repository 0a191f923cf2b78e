"""Grounding DINO with a tiny Swin backbone, a tiny BERT and random weights, and its real processor."""

from pathlib import Path
from typing import Any

WORDS = ("dog", "cat", "ball", "red", "car", "door", "drum", "stick", "bell", "person", "hand", "bark", "bouncing")


def make(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import (
        BertConfig,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    tokenizer = bert_tokenizer(folder)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64, patch_size=4, embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        ),
        num_queries=20, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=64, decoder_ffn_dim=64, num_feature_levels=4, max_text_len=64, init_std=0.2,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = GroundingDinoForObjectDetection(config)
    model.save_pretrained(folder)
    GroundingDinoProcessor(
        GroundingDinoImageProcessor(size={"shortest_edge": 96, "longest_edge": 160}), tokenizer
    ).save_pretrained(folder)
    return folder


def bert_tokenizer(folder: Path) -> Any:
    """A word-piece tokenizer over a few words and all letters.

    Special tokens and the marks that end a phrase have the ids of bert-base-uncased: Grounding DINO has them in its code.
    """
    from transformers import BertTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?"}
    pieces |= dict(enumerate([*letters, *(f"##{letter}" for letter in letters), *WORDS], start=2000))
    vocabulary = {pieces.get(number, f"[unused{number}]"): number for number in range(max(pieces) + 1)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    return BertTokenizerFast(vocab=vocabulary)
