"""Qwen2-Audio with 0.3 M random weights, under the names of the published checkpoint, which vLLM and transformers both read."""

from pathlib import Path

from tests.checkpoints.tokenizer import chat_template, make_tokenizer


def make(folder: Path, seed: int = 0) -> Path:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        WhisperFeatureExtractor,
    )

    template = chat_template(audio="<|audio_bos|><|AUDIO|><|audio_eos|>")
    tokenizer = make_tokenizer(("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"), template)
    config = Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder", "num_mel_bins": 128, "encoder_layers": 2, "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64, "d_model": 64, "max_source_positions": 1500,
        },
        text_config={
            "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 8192,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )  # fmt: skip
    config.eos_token_id = config.text_config.eos_token_id = tokenizer.eos_token_id
    torch.manual_seed(seed)
    model = Qwen2AudioForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    weights = folder / "model.safetensors"  # transformers 5 saves them as language_model.model.model.*
    renamed = {name.replace(".model.model.", ".model."): value for name, value in load_file(weights).items()}
    save_file(renamed, weights, metadata={"format": "pt"})
    Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=128), tokenizer, chat_template=template).save_pretrained(folder)
    return folder
