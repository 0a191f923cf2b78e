"""The turnstile: where the requests of one worker wait, outside of its concurrency slots, for the gate to let them pass.

Slots and tolls are drawn together: whoever passes has a slot and may send at once, so nothing waits with a permit that a pause
has made void, and nothing that waits for a rate holds a slot. One draw serves all that wait.
"""

import asyncio
import time
from collections import deque
from itertools import islice

from annotators.serving.gate import UNUSED, Gate, Limits, Toll

_LONGEST_NAP_S = 1.0  # another worker's refund or a shorter pause is noticed after so long


class Turnstile:
    """Belongs to one event loop."""

    def __init__(self, gate: Gate, server: str, limits: Limits, slots: int) -> None:
        self._gate, self._server, self._limits = gate, server, limits
        self._free = slots
        self._waiting: deque[tuple[Toll, asyncio.Future[None]]] = deque()
        self._drawing: asyncio.Task[None] | None = None
        self._paused_until = 0.0
        self._refusal: Exception | None = None

    async def enter(self, toll: Toll) -> None:
        """Wait until one request with this toll may be sent. BudgetError if it never may, or what `refuse` was given."""
        if self._refusal:
            raise self._refusal
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((toll, passed))
        self._wake()
        await passed

    async def leave(self, toll: Toll, used: Toll) -> None:
        """Give the slot back, and what was reserved but not used."""
        self._free += 1
        await self._gate.settle(self._server, toll, used)
        self._wake()

    def refuse(self, error: Exception) -> None:
        """Nobody passes from now on; those who wait get the error, without waiting for their turn. The first error stays."""
        self._refusal = self._refusal or error
        while self._waiting:
            self._fail(self._waiting.popleft()[1], self._refusal)

    async def pause(self, seconds: float) -> None:
        """The server asked for it: this worker stops now, the others with their next draw."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
        await self._gate.pause(self._server, seconds)

    @property
    def is_paused(self) -> bool:
        """Asked again right before sending: a pause may have begun since the request passed."""
        return time.monotonic() < self._paused_until

    def _wake(self) -> None:
        if self._waiting and self._free and (self._drawing is None or self._drawing.done()):
            self._drawing = asyncio.get_running_loop().create_task(self._draw())

    async def _draw(self) -> None:
        while self._waiting and self._free:
            tolls = [toll for toll, _ in islice(self._waiting, self._free)]
            try:
                grant = await self._gate.draw(self._server, self._limits, tolls)
            except Exception as error:
                while self._waiting:
                    self._fail(self._waiting.popleft()[1], error)
                return
            for toll in tolls[: grant.num_passed]:
                passed = self._waiting.popleft()[1] if self._waiting else None
                if passed is None or passed.done():  # refused or cancelled during the draw
                    await self._gate.settle(self._server, toll, UNUSED)
                    continue
                self._free -= 1
                passed.set_result(None)
            if grant.num_passed < len(tolls):
                await asyncio.sleep(min(grant.wait_s, _LONGEST_NAP_S))

    @staticmethod
    def _fail(passed: "asyncio.Future[None]", error: Exception) -> None:
        if not passed.done():
            passed.set_exception(error)
