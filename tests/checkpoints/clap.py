"""CLAP with 0.1 M random weights and the real processor (10 s at 48 kHz)."""

from pathlib import Path


def make(folder: Path, seed: int = 0, is_fused: bool = False) -> Path:
    """`is_fused`: of the kind that also takes three crops of a long sound."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    from tests.checkpoints.nli import word_tokenizer

    tokenizer = word_tokenizer()
    config = ClapConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "intermediate_size": 64, "max_position_embeddings": 128, "pad_token_id": tokenizer.pad_token_id,
            "projection_dim": 32,
        },
        audio_config={
            "patch_embeds_hidden_size": 16, "hidden_size": 128, "depths": [1, 1, 1, 1], "num_attention_heads": [2, 2, 2, 2],
            "projection_dim": 32, "num_mel_bins": 64, "enable_fusion": is_fused,
        },
        projection_dim=32,
    )  # fmt: skip
    torch.manual_seed(seed)
    ClapModel(config).save_pretrained(folder)
    extractor = ClapFeatureExtractor(truncation="fusion" if is_fused else "rand_trunc", padding="repeatpad")
    ClapProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder
