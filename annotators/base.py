"""The contract of an annotator: who owns what.

The annotator owns the model: loading it, batching for it, freeing it. It never sees a table, an id or a path of the
dataset. It returns one answer per question, in order; what it cannot answer is `Rejected` with a code, never missing and
never an exception for the whole batch. It is built in the driver (cheap, validates its parameters), loaded in a worker
once, and used there for many shards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from schemas.errors import Rejected

In = TypeVar("In")
Out = TypeVar("Out")


class Params(BaseModel):
    """Parameters of a backend or stage. An unknown key is an error; every field has a description for `recipe schema`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


AnyParams = Params  # inside a backend `Params` is the name of its own


@dataclass(frozen=True)
class Resources:
    """What one worker needs."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory_gb: float = 1.0


class Annotator(Generic[In, Out]):
    """Base of every backend. `version` counts changes of code that change answers; it is part of the fingerprint."""

    Params: ClassVar[type[Params]] = Params
    version: ClassVar[int] = 1
    resources: ClassVar[Resources] = Resources()
    batch_size: ClassVar[int] = 1
    prompt_id: str | None = None

    def __init__(self, params: AnyParams) -> None:
        self.params = params

    @property
    def model(self) -> str:
        """ "name@revision", written into every row."""
        raise NotImplementedError

    def load(self) -> None:
        """Load weights. Called in the worker, once, before the first batch."""

    def annotate(self, batch: Sequence[In]) -> Sequence[Out | Rejected]:
        """One answer per question, same order."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what `load` took."""
