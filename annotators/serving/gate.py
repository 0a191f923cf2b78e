"""The gate: what all workers of a build share about a server. One request may pass when rates, pauses and budget allow it.

`TollBook` keeps the books: rates per server, pauses that a server asked for (Retry-After), money reserved and spent. Workers
reach the one book of their build through a `Gate`: in the same process `LocalGate`, in a cluster an actor of the executor. A
worker draws for all of its waiting requests at once, so the gate costs one call per burst, not one per request.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.errors import BudgetError

_WAIT_FOR_REFUND_S = 0.05


@dataclass(frozen=True)
class Limits:
    """None: no limit of ours."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Toll:
    """What one request may cost at most: tokens (prompt and longest reply) and money (None: the model has no price)."""

    tokens: int
    usd: float | None


@dataclass(frozen=True)
class Grant:
    """The first `num_passed` of the tolls may pass now. `wait_s`: how long to wait before drawing for the rest."""

    num_passed: int
    wait_s: float


class Gate(Protocol):
    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        """BudgetError if the next toll is more than the budget has left, with nothing out that could give some back."""
        ...

    async def pause(self, server: str, seconds: float) -> None:
        """Nobody passes to this server for so long."""
        ...

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        """What a request really cost, in place of what was reserved for it."""
        ...


@dataclass
class _Rate:
    """A token bucket that holds one second's worth and may go into debt: a larger toll passes when the bucket is full, and the
    next one waits until it is paid. Over any minute at most the limit, one second's worth and one toll pass."""

    per_minute: float | None = None
    level: float = 0.0
    filled_at: float = 0.0

    def limit(self, per_minute: float | None, now: float) -> None:
        if per_minute == self.per_minute:
            return
        self.per_minute, self.filled_at = per_minute, now
        self.level = self._capacity

    @property
    def _capacity(self) -> float:
        return max(1.0, (self.per_minute or 0.0) / 60)

    def wait_s(self, amount: float, now: float) -> float:
        """How long until this much may pass; 0 if it may now."""
        if self.per_minute is None:
            return 0.0
        per_s = self.per_minute / 60
        self.level = min(self._capacity, self.level + (now - self.filled_at) * per_s)
        self.filled_at = now
        return max(0.0, (min(amount, self._capacity) - self.level) / per_s - 1e-9)

    def take(self, amount: float) -> None:
        self.level -= amount


@dataclass
class _Server:
    requests: _Rate = field(default_factory=_Rate)
    tokens: _Rate = field(default_factory=_Rate)
    paused_until: float = 0.0


class TollBook:
    """Safe for threads. `budget_usd` None: no budget. `clock`: seconds that only go forward."""

    def __init__(self, budget_usd: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._servers: dict[str, _Server] = defaultdict(_Server)
        self._reserved_usd = 0.0
        self._num_out = 0
        self.budget_usd = budget_usd
        self.spent_usd = 0.0

    def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        """How many of the tolls may pass now, in order."""
        with self._lock:
            now, state = self._clock(), self._servers[server]
            if state.paused_until > now:
                return Grant(0, state.paused_until - now)
            state.requests.limit(limits.requests_per_minute, now)
            state.tokens.limit(limits.tokens_per_minute, now)
            for number, toll in enumerate(tolls):
                wait_s = max(state.requests.wait_s(1, now), state.tokens.wait_s(toll.tokens, now))
                if wait_s:
                    return Grant(number, wait_s)
                if not self._can_afford(toll):
                    if number or self._num_out:
                        return Grant(number, _WAIT_FOR_REFUND_S)
                    raise self._spent(server, toll)
                state.requests.take(1)
                state.tokens.take(toll.tokens)
                self._reserved_usd += toll.usd or 0.0
                self._num_out += 1
            return Grant(len(tolls), 0.0)

    def pause(self, server: str, seconds: float) -> None:
        with self._lock:
            state = self._servers[server]
            state.paused_until = max(state.paused_until, self._clock() + seconds)

    def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        with self._lock:
            self._servers[server].tokens.take(used.tokens - reserved.tokens)
            self._reserved_usd -= reserved.usd or 0.0
            self._num_out -= 1
            self.spent_usd += used.usd or 0.0

    def _can_afford(self, toll: Toll) -> bool:
        if self.budget_usd is None:
            return True
        return toll.usd is not None and self.spent_usd + self._reserved_usd + toll.usd <= self.budget_usd

    def _spent(self, server: str, toll: Toll) -> BudgetError:
        if toll.usd is None:
            return BudgetError(
                f"a budget needs the price of every served model, and one at {server} has none; name a price file with the "
                "parameter `prices` (free models have price 0), or leave the budget away"
            )
        return BudgetError(
            f"the next request could cost {toll.usd:.6f} USD, and of the budget of {self.budget_usd:g} USD "
            f"{self.spent_usd:.6f} are spent; the same command with a larger --budget-usd goes on and pays nothing twice"
        )


class LocalGate:
    """A gate to a book in this process."""

    def __init__(self, book: TollBook | None = None) -> None:
        self.book = book or TollBook()

    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        return self.book.draw(server, limits, tolls)

    async def pause(self, server: str, seconds: float) -> None:
        self.book.pause(server, seconds)

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        self.book.settle(server, reserved, used)
