"""The gate: what all workers of a build share about a server. One request may pass when rates, pauses and budget allow it.

`TollBook` keeps the books: token buckets per server, pauses that a server asked for (Retry-After), money reserved and spent.
Workers reach the one book of their build through a `Gate`: in the same process `LocalGate`, in a cluster an actor of the
executor. A worker draws for all of its waiting requests at once, so the gate costs one call per burst, not one per request.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Limits:
    """None: no limit of ours."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Toll:
    """What one request may cost at most: tokens (prompt and longest reply) and money."""

    tokens: int
    usd: float


@dataclass(frozen=True)
class Grant:
    """The first `num_passed` of the tolls may pass now. `wait_s`: how long to wait before drawing for the rest."""

    num_passed: int
    wait_s: float


class Gate(Protocol):
    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        """BudgetError if the next toll is more than the budget still has, with nothing out that could give some back."""
        ...

    async def pause(self, server: str, seconds: float) -> None:
        """Nobody passes to this server for so long."""
        ...

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        """What a request really cost, in place of what was reserved for it."""
        ...


class TollBook:
    """Safe for threads. `budget_usd` None: no budget."""

    def __init__(self, budget_usd: float | None = None) -> None:
        self._lock = threading.Lock()
        self.budget_usd = budget_usd


class LocalGate:
    """A gate to a book in this process."""

    def __init__(self, book: TollBook | None = None) -> None:
        self.book = book or TollBook()

    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        return Grant(len(tolls), 0.0)

    async def pause(self, server: str, seconds: float) -> None: ...

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None: ...
