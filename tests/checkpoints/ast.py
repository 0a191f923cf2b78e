"""An Audio Spectrogram Transformer with 0.1 M random weights and a few AudioSet classes."""

from pathlib import Path

CLASSES = ("Speech", "Dog", "Bark", "Knock", "Bell", "Rain", "Siren", "Chirp, tweet", "Hum", "Drum roll", "Silence")


def make(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_length=1024, num_mel_bins=128,
        id2label=dict(enumerate(CLASSES)), label2id={name: number for number, name in enumerate(CLASSES)},
    )  # fmt: skip
    torch.manual_seed(seed)
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor().save_pretrained(folder)
    return folder
