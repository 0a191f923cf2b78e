"""SAM 2 by transformers (`Sam2VideoModel`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotators.batching import free_cached_memory
from annotators.grounded.segmenter import Followed, followed
from annotators.weights import WeightsParams, find_weights, no_progress_bars, torch_dtype
from schemas.errors import ModelError


@dataclass
class Sam2Hf:
    weights: WeightsParams
    processor: Any = None
    model: Any = None

    def load(self) -> None:
        from transformers import Sam2VideoModel, Sam2VideoProcessor

        no_progress_bars()
        name = self.weights.model
        folder = find_weights(name, self.weights.revision)
        try:
            self.processor = Sam2VideoProcessor.from_pretrained(folder)
            model = Sam2VideoModel.from_pretrained(folder, dtype=torch_dtype(self.weights.dtype))
        except (ValueError, RuntimeError, OSError, KeyError, AttributeError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"transformers cannot load {name}: {type(error).__name__}: {said}") from error
        self.model = model.to(self.weights.device).eval()

    def open(self, pictures: NDArray[np.uint8]) -> Any:
        return self.processor.init_video_session(
            video=list(pictures), inference_device=self.weights.device, dtype=self.model.dtype
        )

    def follow(self, video: Any, first: int, boxes: Sequence[NDArray[np.float64]]) -> Followed:
        import torch

        video.reset_inference_session()
        self.processor.add_inputs_to_inference_session(
            video, frame_idx=first, obj_ids=list(range(len(boxes))), input_boxes=[[box.tolist() for box in boxes]]
        )
        size = [[video.video_height, video.video_width]]
        logits = []
        with torch.inference_mode():
            self.model(inference_session=video, frame_idx=first)
            for output in self.model.propagate_in_video_iterator(video, start_frame_idx=first):
                (masks,) = self.processor.post_process_masks([output.pred_masks], size, binarize=False)
                logits.append(masks[:, 0].float().cpu().numpy())
        return followed(logits)

    def close(self) -> None:
        self.processor = self.model = None
        free_cached_memory()
