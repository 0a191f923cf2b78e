"""Filling the store of paid replies for one stage: what its cells would ask is planned, sent, looked after and taken in.

`advance` does whatever can be done now and never waits: the caller decides how to wait, and can be interrupted anywhere. Every
step leaves its trace before the next: a file is uploaded, its record written, a batch made of it, its id written, its results
stored, its end written. Killed between two of them, the next process finds the batch by its file, or finds that there is none
and plans again; a file that nobody made a batch of costs nothing.

The budget is asked before a file is sent, for the most that each request in it may cost at the price of batches, and gets back
what was not used. It is the budget of this build: what an earlier one sent was reserved there.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from annotators.serving.batch.outbox import Asked
from annotators.serving.batch.planning import first_file, pending
from annotators.serving.batch.record import BatchFolder, Record
from annotators.serving.batch.results import read_result
from annotators.serving.batch.server import BatchServer
from annotators.serving.completion import Answered
from annotators.serving.gate import UNUSED, Gate, Limits, Toll
from annotators.serving.params import ServerParams
from annotators.serving.prices import price_list
from annotators.serving.replies import PaidReply, ReplyStore
from schemas.errors import Rejected, ServerError

log = logging.getLogger(__name__)
_THREADS = 16


@dataclass(frozen=True)
class Standing:
    """How far a stage's batches are. `num_done`: requests with a result, here or still at the server, or left alone."""

    num_open: int
    num_done: int
    is_finished: bool
    said: str


class Filling:
    """Of what the cells of one round would ask, with the batches of earlier processes. `most_open`: batches at one time."""

    def __init__(
        self,
        folder: BatchFolder,
        turn: int,
        params: ServerParams,
        gate: Gate,
        server: BatchServer,
        most_open: int | None = None,
    ) -> None:
        self.folder, self.turn, self.params = folder, turn, params
        self._asked = folder.asked(turn)
        self._gate, self._server, self._most_open = gate, server, most_open
        self._replies = ReplyStore(folder.storage)
        prices = price_list(params.prices)
        self._price = prices.of(params.model)
        self._share = prices.batch_share if params.batch == "openai" else 1.0  # one's own machine gives no discount
        self._records = {record.number: record for record in folder.records()}
        self._reserved: dict[str, Toll] = {}
        self._pending: list[Asked] | None = None  # None: not looked up since something changed
        self._has_room = True
        self._adopt()

    def _adopt(self) -> None:
        """Find out about files that perhaps became a batch."""
        for record in [record for record in self._open if record.batch_id is None]:
            if batch_id := self._server.find(record.file_id, record.uploaded_at):
                self._save(record.model_copy(update={"batch_id": batch_id}))
            else:
                self._forget(record)

    def advance(self) -> Standing:
        """One look at every batch, and new ones for what waits. ServerError, BudgetError: what is under way is not lost."""
        num_at_server, told = 0, []
        for record in self._open:
            look = self._server.look(record)
            if look.state == "running":
                num_at_server += look.num_done
                told.append(look.said)
            elif look.state == "ended":
                self._take_in(record)
            else:
                self._forget(record)
                self._has_room = look.state != "full"
                if look.state == "refused" or (look.state == "full" and not self._open):
                    raise ServerError(f"{look.said}; nothing of it was asked or paid")
        self._send()
        said = ", ".join(f"{told.count(word)} {word}" for word in sorted(set(told))) or "sent"
        num_left = len(self._waiting()) + sum(len(record.asked) for record in self._open)
        return Standing(len(self._open), self.num_asked - num_left + num_at_server, num_left == 0, said)

    @property
    def num_asked(self) -> int:
        return len(self._asked)

    @property
    def _open(self) -> list[Record]:
        return [record for record in self._records.values() if not record.is_done]

    def _waiting(self) -> list[Asked]:
        if self._pending is None:
            self._pending = pending(self._asked, self._records.values(), self._replies, self.params)
        return self._pending

    def _send(self) -> None:
        while self._has_room and self._waiting() and (self._most_open is None or len(self._open) < self._most_open):
            fits = first_file(self._waiting(), self.params)
            num_passed = self._reserve(fits)
            if not num_passed:
                return  # until what is out gives something back
            self._send_file(fits[:num_passed])
            self._pending = self._waiting()[num_passed:]

    def _reserve(self, asked: Sequence[Asked]) -> int:
        """How many of them the budget has room for. BudgetError if not even one, and nothing is out."""
        tolls = [Toll(one.tokens, None if one.usd is None else one.usd * self._share) for one in asked]
        grant = asyncio.run(self._gate.draw(self._name, Limits(), tolls))
        self._reserved |= {one.key: toll for one, toll in zip(asked[: grant.num_passed], tolls, strict=False)}
        return grant.num_passed

    @property
    def _name(self) -> str:
        """Batches have limits of their own."""
        return f"batches of {self.params.model} at {self.params.base_url or self.params.batch}"

    def _send_file(self, asked: Sequence[Asked]) -> None:
        assert self.params.batch != "off"
        number = max(self._records, default=-1) + 1
        name = f"{self.folder.cells}-{number:06d}"
        file_id = self._server.upload(name, self.folder.lines(self.turn, asked))
        record = Record(
            number=number, asked_of=self.params.batch, asked=tuple(asked), file_id=file_id, uploaded_at=time.time()
        )  # fmt: skip
        self.folder.add(record)
        self._records[number] = record
        batch_id = self._server.create(name, file_id, record.uploaded_at)
        self._save(record.model_copy(update={"batch_id": batch_id}))
        log.info("%s: batch %s with %d requests", name, batch_id, len(asked))

    def _take_in(self, record: Record) -> None:
        """Store the replies that there are, then write down what is left."""
        left = {one.key: Rejected("server_error", "the batch has no result for it") for one in record.asked}
        answered: dict[str, Answered] = {}
        for line in self._server.results(record):
            if (result := read_result(line)) is None or result[0] not in left:
                continue
            key, outcome = result
            if isinstance(outcome, Rejected):
                left[key] = outcome
            else:
                answered[key] = outcome
                del left[key]
        self._store(record, answered)
        usd = [self._usd(one) for one in answered.values()]
        done = record.model_copy(
            update={
                "is_done": True,
                "num_answered": len(answered),
                "usd": None if self._price is None else sum(one or 0.0 for one in usd),
                "left": {key: (why.code, why.message) for key, why in left.items()},
            }
        )
        self._save(done)
        self._settle(record, answered)
        self._pending, self._has_room = None, True
        log.info("%s: batch %s has %d replies, %d left", self.folder.cells, record.batch_id, len(answered), len(left))

    def _store(self, record: Record, answered: dict[str, Answered]) -> None:
        def put(one: Asked) -> None:
            reply = answered[one.key]
            cell = f"{self.folder.cells}/{one.shard:06d}"
            self._replies.put(one.key, PaidReply(reply.raw, reply.tokens, reply.seconds, cell, self._share))

        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(put, [one for one in record.asked if one.key in answered]))

    def _settle(self, record: Record, answered: dict[str, Answered]) -> None:
        """Only what this process reserved: another book knows nothing of it."""

        async def settle() -> None:
            for one in record.asked:
                if reserved := self._reserved.pop(one.key, None):
                    reply = answered.get(one.key)
                    used = Toll(reply.tokens.prompt + reply.tokens.completion, self._usd(reply)) if reply else UNUSED
                    await self._gate.settle(self._name, reserved, used)

        asyncio.run(settle())

    def _usd(self, reply: Answered) -> float | None:
        usd = reply.tokens.usd(self._price)
        return None if usd is None else usd * self._share

    def _save(self, record: Record) -> None:
        self.folder.save(record)
        self._records[record.number] = record

    def _forget(self, record: Record) -> None:
        """Nothing was paid: what was reserved is free again, and its requests wait again."""
        self._settle(record, {})
        self.folder.forget(record)
        del self._records[record.number]
        self._pending = None

    def close(self) -> None:
        self._server.close()
