"""Splits: train, val and test by source, so that clips of one file never lie in two of them."""

import hashlib
from typing import Literal, Self

from pydantic import Field, model_validator

from annotators.base import Params

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class SplitParams(Params):
    """How sources are split where no manifest says it."""

    val_frac: float = Field(0.05, ge=0, lt=1, description="share of the sources that go to val")
    test_frac: float = Field(0.05, ge=0, lt=1, description="share of the sources that go to test")

    @model_validator(mode="after")
    def _leaves_room_for_train(self) -> Self:
        if self.val_frac + self.test_frac >= 1:
            raise ValueError(f"val_frac + test_frac must stay below 1, got {self.val_frac + self.test_frac:g}")
        return self


def split_of(source_id: str, given: str | None, params: SplitParams) -> Split:
    """What the manifest says, else by the content alone: stable whatever else is there, equal for all clips of a source."""
    if given in SPLITS:
        return given
    draw = int.from_bytes(hashlib.blake2b(source_id.encode(), digest_size=8).digest()) / 2**64
    if draw < params.test_frac:
        return "test"
    return "val" if draw < params.test_frac + params.val_frac else "train"
