"""SAM 2 by the `sam2` package: its video predictor, built from its own configuration and checkpoint formats.

The package builds models through a global configuration store and prints progress bars; here the configuration file is read
directly, so that any number of models can be built in one process, and its output is kept quiet. It reads pictures only from
JPEG files, which are written at the best quality into a folder that is gone afterwards.

Of what the package's own builder sets for inference only `fill_hole_area` is left out: it does something only where the
package's CUDA extension was compiled, and answers would depend on that.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.batching import free_cached_memory
from annotators.grounded.segmenter import Followed, followed
from annotators.weights import WeightsParams, find_weights, torch_dtype
from schemas.errors import ModelError

_NEARLY_LOSSLESS = [
    cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip


@dataclass
class Sam2Package:
    weights: WeightsParams
    predictor: Any = None

    def load(self) -> None:
        """A folder holds one `*.pt` and may hold its `config.yaml`; otherwise the file's name says which of the package's."""
        name = self.weights.model
        if (self.weights.device, self.weights.dtype) == ("cpu", "float16"):
            raise ModelError("dtype must be bfloat16 or float32 on the cpu, got float16, which the package has no kernels for")
        folder = find_weights(name, self.weights.revision)
        checkpoints = sorted(folder.glob("*.pt"))
        if len(checkpoints) != 1:
            raise ModelError(f"{name} must hold one SAM 2 checkpoint (*.pt), it holds {len(checkpoints)}")
        try:
            self.predictor = self._build(_config(folder, checkpoints[0]), checkpoints[0])
        except (ValueError, RuntimeError, OSError, KeyError, EOFError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"sam2 cannot load {name}: {type(error).__name__}: {said}") from error

    def _build(self, config: Any, checkpoint: Path) -> Any:
        import torch
        from hydra.utils import instantiate

        config.model["_target_"] = "sam2.sam2_video_predictor.SAM2VideoPredictor"
        config.model.sam_mask_decoder_extra_args = {
            "dynamic_multimask_via_stability": True,
            "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        }
        config.model.binarize_mask_from_pts_for_mem_enc = True
        predictor = instantiate(config.model, _recursive_=True)
        predictor.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["model"])
        return predictor.to(self.weights.device).eval()

    def open(self, pictures: NDArray[np.uint8]) -> Any:
        import torch

        with TemporaryDirectory() as folder, redirect_stderr(io.StringIO()), torch.inference_mode(), self._precision():
            for number, picture in enumerate(pictures):
                path = str(Path(folder) / f"{number:06d}.jpg")
                if not cv2.imwrite(path, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), _NEARLY_LOSSLESS):
                    raise OSError(f"{path} could not be written: is the disk full?")
            return self.predictor.init_state(folder)

    def follow(self, video: Any, first: int, boxes: Sequence[NDArray[np.float64]]) -> Followed:
        import torch

        with redirect_stderr(io.StringIO()), torch.inference_mode(), self._precision():
            self.predictor.reset_state(video)
            for number, box in enumerate(boxes):
                self.predictor.add_new_points_or_box(video, frame_idx=first, obj_id=number, box=box.astype(np.float32))
            frames = self.predictor.propagate_in_video(video, start_frame_idx=first)
            return followed(logits[:, 0].float().cpu().numpy() for _, _, logits in frames)

    def _precision(self) -> Any:
        import torch

        dtype = torch_dtype(self.weights.dtype)
        return torch.autocast(self.weights.device, dtype=dtype, enabled=dtype is not torch.float32)

    def close(self) -> None:
        self.predictor = None
        free_cached_memory()


def _config(folder: Path, checkpoint: Path) -> Any:
    from omegaconf import OmegaConf
    from sam2.build_sam import HF_MODEL_ID_TO_FILENAMES

    if (own := folder / "config.yaml").exists():
        return OmegaConf.load(own)
    known = {file: config for config, file in HF_MODEL_ID_TO_FILENAMES.values()}
    if checkpoint.name not in known:
        raise ModelError(f"{checkpoint.name} must be one of {', '.join(sorted(known))}, or have its config.yaml beside it")
    with as_file(files("sam2") / known[checkpoint.name]) as path:
        return OmegaConf.load(path)
