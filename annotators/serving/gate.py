"""The gate: what all workers of a build share about a server. One request may pass when rates, pauses and budget allow it.

`TollBook` keeps the books: rates per server, pauses that a server asked for (Retry-After), money reserved and spent. Workers
reach the one book of their build through a `Gate`: in the same process `LocalGate`, in a cluster an actor of the executor. A
worker draws for all of its waiting requests at once, so the gate costs one call per burst, not one per request.

Money that was reserved and not used comes back. Tokens do not: providers count the longest reply that a request allows against
their limit (platform.openai.com, rate limits guide), whatever the reply turns out to be.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schemas.errors import BudgetError

_WAIT_FOR_REFUND_S = 0.05
_LONGEST_REPLY_S = 900.0  # a worker that was killed gives nothing back: after so long without a reply nobody waits for it


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


UNUSED = Toll(0, 0.0)


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


class _Window:
    """At most `most` within any `span_s` seconds; a single amount above that passes when nothing else has."""

    def __init__(self, span_s: float, most: float) -> None:
        self._span_s, self._most = span_s, most
        self._passed: deque[tuple[float, float]] = deque()  # (moment, amount)
        self._total = 0.0

    def wait_s(self, amount: float, now: float) -> float:
        """How long until this much may pass; 0 if it may now."""
        while self._passed and self._passed[0][0] + self._span_s <= now:
            self._total -= self._passed.popleft()[1]
        if not self._passed:
            self._total = 0.0  # what adding and subtracting left over
        excess, free_at = self._total + amount - self._most, now
        for moment, taken in self._passed:
            if excess <= 0:
                break
            excess, free_at = excess - taken, moment + self._span_s
        return free_at - now

    def take(self, amount: float, now: float) -> None:
        self._passed.append((now, amount))
        self._total += amount


class _Rate:
    """A limit per minute, also held over each second so that a minute's worth does not go out at once."""

    def __init__(self, per_minute: float | None) -> None:
        self.per_minute = per_minute
        spans_s = () if per_minute is None else (60.0, 1.0)
        self._windows = [_Window(span_s, (per_minute or 0.0) * span_s / 60) for span_s in spans_s]

    def wait_s(self, amount: float, now: float) -> float:
        return max((window.wait_s(amount, now) for window in self._windows), default=0.0)

    def take(self, amount: float, now: float) -> None:
        for window in self._windows:
            window.take(amount, now)


@dataclass
class _Server:
    requests: _Rate = field(default_factory=lambda: _Rate(None))
    tokens: _Rate = field(default_factory=lambda: _Rate(None))
    paused_until: float = 0.0

    def limit(self, limits: Limits) -> None:
        """A limit that changed begins with nothing passed yet."""
        if self.requests.per_minute != limits.requests_per_minute:
            self.requests = _Rate(limits.requests_per_minute)
        if self.tokens.per_minute != limits.tokens_per_minute:
            self.tokens = _Rate(limits.tokens_per_minute)


class TollBook:
    """Safe for threads. `budget_usd` None: no budget. `clock`: seconds that only go forward."""

    def __init__(self, budget_usd: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._servers: dict[str, _Server] = defaultdict(_Server)
        self._reserved_usd = 0.0
        self._num_out = 0
        self._moved_at = 0.0
        self.budget_usd = budget_usd
        self.spent_usd = 0.0

    def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        """How many of the tolls may pass now, in order."""
        with self._lock:
            now, state = self._clock(), self._servers[server]
            if state.paused_until > now:
                return Grant(0, state.paused_until - now)
            state.limit(limits)
            for number, toll in enumerate(tolls):
                wait_s = max(state.requests.wait_s(1, now), state.tokens.wait_s(toll.tokens, now))
                if wait_s:
                    return Grant(number, wait_s)
                if not self._can_afford(toll):
                    if number or (self._num_out and now - self._moved_at < _LONGEST_REPLY_S):
                        return Grant(number, _WAIT_FOR_REFUND_S)
                    raise self._spent(server, toll)
                state.requests.take(1, now)
                state.tokens.take(toll.tokens, now)
                self._reserved_usd += toll.usd or 0.0
                self._num_out += 1
                self._moved_at = now
            return Grant(len(tolls), 0.0)

    def pause(self, server: str, seconds: float) -> None:
        """Nobody asks this server for so many seconds."""
        with self._lock:
            state = self._servers[server]
            state.paused_until = max(state.paused_until, self._clock() + seconds)

    def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        """Take back what was reserved for one request and count what it used."""
        with self._lock:
            if (more := used.tokens - reserved.tokens) > 0:
                self._servers[server].tokens.take(more, self._clock())
            self._num_out -= 1
            self._moved_at = self._clock()
            self._reserved_usd = self._reserved_usd - (reserved.usd or 0.0) if self._num_out else 0.0
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
            f"{self.spent_usd:.6f} are spent; the same command with a new budget goes on and pays nothing twice"
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
