"""Parameters of every chat backend that transformers runs in its worker."""

from pydantic import Field

from annotators.base import placement
from annotators.weights import WeightsParams


class HfParams(WeightsParams):
    """Which model, and how it is asked."""

    reasks: int = Field(2, ge=0, le=8, description="how often a reply that does not validate is asked for again")
    clips_per_batch: int = placement(8, "clips whose questions are asked together", ge=1, le=512)
