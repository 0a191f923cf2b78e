"""Qwen2.5-Omni and Qwen3-Omni with random weights, laid out like the published ones but without the half that speaks."""

from pathlib import Path
from typing import Any

from tests.checkpoints.tokenizer import chat_template, make_tokenizer

SPECIALS = {
    "image_token": "<|IMAGE|>", "audio_token": "<|AUDIO|>", "video_token": "<|VIDEO|>", "vision_bos_token": "<|vision_bos|>",
    "vision_eos_token": "<|vision_eos|>", "audio_bos_token": "<|audio_bos|>", "audio_eos_token": "<|audio_eos|>",
}  # fmt: skip
TEMPLATE = chat_template(audio="<|audio_bos|><|AUDIO|><|audio_eos|>")
_AUDIO = {
    "num_mel_bins": 128, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 64, "d_model": 64,
    "output_dim": 64, "initializer_range": 0.2,  # what is heard must be louder in the logits than rounding
}  # fmt: skip
_TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
}  # fmt: skip


def make(folder: Path, seed: int = 0) -> Path:
    """Qwen2.5-Omni, 0.5 M parameters."""
    from transformers import Qwen2_5OmniConfig, Qwen2_5OmniForConditionalGeneration, Qwen2_5OmniProcessor

    tokenizer = make_tokenizer(SPECIALS, TEMPLATE)
    vision = {
        "depth": 1, "hidden_size": 64, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
        "fullatt_block_indexes": [0],
    }  # fmt: skip
    text = _TEXT | {"rope_scaling": {"rope_type": "default", "mrope_section": [4, 6, 6]}}
    config = Qwen2_5OmniConfig(
        thinker_config=_thinker(tokenizer, "_token_index") | {"vision_config": vision, "text_config": text | _ends(tokenizer)},
        enable_audio_output=False,
    )
    return _save(Qwen2_5OmniForConditionalGeneration, Qwen2_5OmniProcessor, config, tokenizer, folder, seed)


def make_moe(folder: Path, seed: int = 0) -> Path:
    """Qwen3-Omni with four experts."""
    from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeForConditionalGeneration, Qwen3OmniMoeProcessor

    tokenizer = make_tokenizer(SPECIALS, TEMPLATE)
    vision = {
        "depth": 1, "hidden_size": 64, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
        "deepstack_visual_indexes": [0], "num_position_embeddings": 16,
    }  # fmt: skip
    text = _TEXT | {
        "moe_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2, "head_dim": 32,
        "rope_scaling": {"rope_type": "default", "mrope_section": [4, 6, 6], "mrope_interleaved": True},
    }  # fmt: skip
    thinker = _thinker(tokenizer, "_token_id") | {"vision_config": vision, "text_config": text | _ends(tokenizer)}
    thinker["audio_config"] = _AUDIO | {"downsample_hidden_size": 16}
    config = Qwen3OmniMoeConfig(thinker_config=thinker, enable_audio_output=False)
    return _save(Qwen3OmniMoeForConditionalGeneration, Qwen3OmniMoeProcessor, config, tokenizer, folder, seed)


def _ends(tokenizer: Any) -> dict[str, Any]:
    return {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}


def _thinker(tokenizer: Any, suffix: str) -> dict[str, Any]:
    ids = {name: tokenizer.convert_tokens_to_ids(SPECIALS[f"{name}_token"]) for name in ("audio", "image", "video")}
    return {f"{name}{suffix}": number for name, number in ids.items()} | {
        "audio_config": dict(_AUDIO),
        "audio_start_token_id": tokenizer.convert_tokens_to_ids("<|audio_bos|>"),
        "audio_end_token_id": tokenizer.convert_tokens_to_ids("<|audio_eos|>"),
        "vision_start_token_id": tokenizer.convert_tokens_to_ids("<|vision_bos|>"),
        "vision_end_token_id": tokenizer.convert_tokens_to_ids("<|vision_eos|>"),
    }


def _save(kind: Any, processor: Any, config: Any, tokenizer: Any, folder: Path, seed: int) -> Path:
    import torch
    from transformers import Qwen2VLImageProcessor, Qwen2VLVideoProcessor, WhisperFeatureExtractor

    torch.manual_seed(seed)
    model = kind(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    extractor = WhisperFeatureExtractor(feature_size=128)
    processor(Qwen2VLImageProcessor(), Qwen2VLVideoProcessor(), extractor, tokenizer, TEMPLATE).save_pretrained(folder)
    return folder
