"""Parameters of every chat backend that transformers runs in its worker."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from annotators.base import Resources, placement
from annotators.weights import WeightsParams


def main_memory(gb: float) -> Any:
    """A field for what the default model of a backend needs."""
    return placement(
        gb, "GB of main memory of a worker, where the weights pass: 2 for a billion in bfloat16, and 2 beside them", gt=0
    )


class HfParams(WeightsParams):
    """Which model, and how it is asked."""

    reasks: int = Field(2, ge=0, le=8, description="how often a reply that does not validate is asked for again")
    clips_per_batch: int = placement(8, "clips whose questions are asked together", ge=1, le=512)
    memory_gb: float = main_memory(20.0)

    @property
    def resources(self) -> Resources:
        return replace(super().resources, memory_gb=self.memory_gb)
