"""The contract of an annotator: who owns what.

The annotator owns the model: loading it, batching for it, freeing it. It never sees a table, an id or a path of the
dataset. It returns one answer per question, in order; what it cannot answer is `Rejected` with a code, never missing and
never an exception for the whole batch. It is built in the driver (cheap, validates its parameters), loaded in a worker
once, and used there for many shards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.accounting import Used
from schemas.errors import Rejected

if TYPE_CHECKING:
    from annotators.site import Site

In = TypeVar("In")
Out = TypeVar("Out")
P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """Parameters of a backend or stage. An unknown key is an error; every field has a description for `recipe schema`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def part(self, kind: type[P]) -> P:
        """The parameters of one part, from those of the whole."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields)))

    def deciding(self) -> dict[str, Any]:
        """The values that decide answers, for the fingerprint: all but those made with `placement`."""
        placed = {name for name, field in type(self).model_fields.items() if field.json_schema_extra == _PLACEMENT}
        return self.model_dump(mode="json", exclude=placed)


_PLACEMENT: dict[str, Any] = {"placement": True}


def placement(default: Any, description: str, **limits: Any) -> Any:
    """A field that says where or how fast something runs, not what comes out: changing it re-runs nothing."""
    return Field(default, description=description, json_schema_extra=_PLACEMENT, **limits)


AnyParams = Params  # inside a backend `Params` is the name of its own


@dataclass(frozen=True)
class Resources:
    """What one worker needs. A GPU may be shared: 0.5 puts two such workers on one. `memory_gb`: main memory for its model."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory_gb: float = 0.0


@dataclass(frozen=True)
class CallEstimate:
    """What clips are expected to cost on served models. `usd` is None for models without a price, and in sums with one."""

    num_calls: float
    prompt_tokens: float
    completion_tokens: float
    audio_s: float
    usd: float | None

    def __add__(self, other: "CallEstimate") -> "CallEstimate":
        return CallEstimate(
            self.num_calls + other.num_calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.audio_s + other.audio_s,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
        )

    def times(self, factor: float) -> "CallEstimate":
        """That of so many clips like this one."""
        usd = None if self.usd is None else factor * self.usd
        tokens = (factor * self.prompt_tokens, factor * self.completion_tokens)
        return CallEstimate(factor * self.num_calls, *tokens, factor * self.audio_s, usd)


class Annotator(Generic[In, Out]):
    """Base of every backend. `version` counts changes of code that change answers; it is part of the fingerprint."""

    Params: ClassVar[type[Params]] = Params
    version: ClassVar[int] = 1
    prompt_id: str | None = None
    is_blind: ClassVar[bool] = False  # a verifier that forms its evidence without seeing the claim

    def __init__(self, params: AnyParams) -> None:
        self.params = params

    @property
    def resources(self) -> Resources:
        """What a worker with this backend needs."""
        return Resources()

    @property
    def batch_size(self) -> int:
        """The most questions that `annotate` is given at once."""
        return 1

    @classmethod
    def lacks(cls) -> list[str]:
        """What is missing on this machine to run with default parameters, one line each with how to get it (`doctor`)."""
        return []

    @property
    def model(self) -> str:
        """ "name@revision", written into every row."""
        raise NotImplementedError

    def connect(self, site: "Site") -> None:
        """Take what all workers of a build share (limits, budget, paid replies). Called before `load`; most need none of it."""

    def load(self) -> None:
        """Load weights. Called in the worker, once, before the first batch. ModelError if they are not to be had."""

    def annotate(self, batch: Sequence[In]) -> Sequence[Out | Rejected]:
        """One answer per question, same order."""
        raise NotImplementedError

    def take_usage(self) -> Sequence[Used]:
        """What was used since the last time this was asked; each use is handed over once. Empty for local models."""
        return ()

    def estimate(self, duration_s: float, has_video: bool) -> CallEstimate | None:
        """What a clip of this length is expected to cost, None for a model that is not served. Needs no server."""
        return None

    def close(self) -> None:
        """Free what `load` took."""
