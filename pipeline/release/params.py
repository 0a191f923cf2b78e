"""What decides a release besides the data."""

from typing import Self

from pydantic import Field, model_validator

from annotators.base import Params


class Threshold(Params):
    """A bound on a measurement. Clips without the measurement pass: what was not measured is no reason to drop."""

    measurement: str = Field(description="name in the measurement table, for example silence_frac")
    at_least: float | None = Field(None, description="clips below are left out")
    at_most: float | None = Field(None, description="clips above are left out")

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"a threshold on {self.measurement} needs at_least or at_most")
        return self


class ReleaseParams(Params):
    """Parameters of a release."""

    thresholds: tuple[Threshold, ...] = Field(
        (), description="measurements a clip must satisfy; changing them costs no model call"
    )
    max_false_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="a witness counts only if at most this share of what it supports can be false, by the planted decoys; "
        "a clip with a claim that no such witness supports is left out",
    )
    shard_mb: float = Field(256.0, gt=0, description="a shard is closed when it has this much media")
