"""SAM 2 by transformers (`Sam2VideoModel`)."""

from collections.abc import Iterator, Sequence
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
        """Load the checkpoint with transformers; ModelError if it is none of SAM 2."""
        from transformers import Sam2VideoModel, Sam2VideoProcessor

        no_progress_bars()
        name = self.weights.model
        folder = find_weights(name, self.weights.revision)
        try:
            self.processor = Sam2VideoProcessor.from_pretrained(folder)
            model = Sam2VideoModel.from_pretrained(
                folder, dtype=torch_dtype(self.weights.dtype), attn_implementation=self.weights.attention
            )
        except (ValueError, RuntimeError, OSError, KeyError, AttributeError, ImportError) as error:
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
        with torch.inference_mode():
            return followed(self._logits(video, first))

    def _logits(self, video: Any, first: int) -> Iterator[NDArray[np.float32]]:
        size = [[video.video_height, video.video_width]]
        for output in self.model.propagate_in_video_iterator(video, start_frame_idx=first):
            (masks,) = self.processor.post_process_masks([output.pred_masks], size, binarize=False)
            yield masks[:, 0].float().cpu().numpy()

    def close(self) -> None:
        self.processor = self.model = None
        free_cached_memory()
