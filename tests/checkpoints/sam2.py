"""SAM 2.1 with a tiny image encoder and random weights, in both formats: the `sam2` package's and transformers'."""

from importlib.resources import files
from pathlib import Path

IMAGE_PX = 128


def make(folder: Path, seed: int = 0) -> Path:
    """For the `sam2` package: `sam2.pt`, and its configuration beside it, cut down from the package's smallest."""
    import torch
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    config = OmegaConf.create((files("sam2") / "configs/sam2.1/sam2.1_hiera_t.yaml").read_text())
    model = config.model
    model.image_size = IMAGE_PX
    trunk = model.image_encoder.trunk
    trunk.embed_dim, trunk.stages, trunk.global_att_blocks = 16, [1, 1, 2, 1], [3]
    model.image_encoder.neck.backbone_channel_list = [128, 64, 32, 16]
    model.memory_attention.num_layers = 1
    for attention in (model.memory_attention.layer.self_attention, model.memory_attention.layer.cross_attention):
        attention.feat_sizes = [IMAGE_PX // 16, IMAGE_PX // 16]
    torch.manual_seed(seed)
    built = instantiate(model, _recursive_=True)
    built.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.data.fill_(5.0)  # noise, but noise that sees something
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": built.state_dict()}, folder / "sam2.pt")
    OmegaConf.save(config, folder / "config.yaml")
    return folder


def make_hf(folder: Path, seed: int = 0) -> Path:
    """For transformers."""
    import torch
    from transformers import Sam2ImageProcessor, Sam2VideoConfig, Sam2VideoModel, Sam2VideoProcessor, Sam2VideoVideoProcessor

    backbone = {
        "hidden_size": 16, "embed_dim_per_stage": [16, 32, 64, 128], "num_attention_heads_per_stage": [1, 2, 4, 8],
        "blocks_per_stage": [1, 1, 2, 1], "image_size": [IMAGE_PX, IMAGE_PX], "window_size_per_stage": [8, 4, 8, 4],
        "global_attention_blocks": [3],
    }  # fmt: skip
    sides = [IMAGE_PX // stride for stride in (4, 8, 16)]
    config = Sam2VideoConfig(
        vision_config={
            "backbone_config": {"model_type": "sam2_hiera_det_model", **backbone},
            "backbone_channel_list": [128, 64, 32, 16],
            "backbone_feature_sizes": [[side, side] for side in sides],
        },
        prompt_encoder_config={"image_size": IMAGE_PX},
        image_size=IMAGE_PX,
        memory_attention_num_layers=1,
        memory_attention_rope_feat_sizes=[sides[2], sides[2]],
    )
    torch.manual_seed(seed)
    model = Sam2VideoModel(config)
    model.mask_decoder.pred_obj_score_head.proj_out.bias.data.fill_(5.0)  # noise, but noise that sees something
    model.save_pretrained(folder)
    size = {"height": IMAGE_PX, "width": IMAGE_PX}
    Sam2VideoProcessor(Sam2ImageProcessor(size=size), Sam2VideoVideoProcessor(size=size)).save_pretrained(folder)
    return folder
