"""VideoLLaMA3 with 0.4 M random weights, in the format of its conversion to transformers."""

from pathlib import Path

from tests.checkpoints.tokenizer import chat_template, make_tokenizer


def make(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import (
        VideoLlama3Config,
        VideoLlama3ForConditionalGeneration,
        VideoLlama3ImageProcessor,
        VideoLlama3Processor,
        VideoLlama3VideoProcessor,
    )

    template = chat_template(video="<|video_pad|>", image="<|image_pad|>")
    tokenizer = make_tokenizer(("<|image_pad|>", "<|video_pad|>"), template)
    config = VideoLlama3Config(
        text_config={
            "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 8192,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={
            "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
    )  # fmt: skip
    torch.manual_seed(seed)
    model = VideoLlama3ForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    size = {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 64}
    VideoLlama3Processor(
        VideoLlama3ImageProcessor(), tokenizer, VideoLlama3VideoProcessor(size=size), chat_template=template
    ).save_pretrained(folder)
    return folder
