"""The local executor: one worker process on this machine, without Ray, for tests, small work and `breakpoint()`.

The worker is a process of its own, so that a clip that kills, hangs or starves it costs that process and not the build: the
same faults end in the same rows as with Ray. It keeps the terminal's input, so `breakpoint()` in a stage or an annotator works.
At most one worker more has a GPU: several models would all be put on the first one.

Processes come from multiprocessing's fork server, which has no threads: forking the driver, with those of Prefect and Arrow,
is not safe. What the worker asks of the build's toll book travels through the same pipe as its jobs.
"""

import logging
import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from annotators.base import Resources
from annotators.serving.gate import Gate, LocalGate, TollBook
from pipeline.executors import Shared, usable_cores
from pipeline.executors.child import Call, Finished, Order, Started, Surroundings, serve
from pipeline.gpus import find_gpus
from pipeline.jobs import Job
from pipeline.memory import share_gb
from pipeline.pools import Outcome, Pool, could_not_start, most_workers
from schemas.errors import AudiocotError, Rejected

log = logging.getLogger(__name__)
_TIME_TO_CLOSE_S = 60


@dataclass
class _Child:
    process: BaseProcess
    connection: Connection
    pool: Pool
    is_started: bool = False
    is_busy: bool = False


class LocalExecutor:
    """`num_gpus` None: those that nvidia-smi lists."""

    def __init__(self, shared: Shared, num_gpus: int | None = None) -> None:
        self._shared = shared
        self._book = TollBook(shared.budget_usd)
        gpus = len(find_gpus()) if num_gpus is None else num_gpus
        self._machine = Resources(usable_cores(), gpus, psutil.virtual_memory().total / 2**30)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["pipeline.executors.child", "pipeline.stages"])
        self._children: dict[int, _Child] = {}
        self._next = 0

    @property
    def machines(self) -> list[Resources]:
        return [self._machine]

    @property
    def gate(self) -> Gate:
        return LocalGate(self._book)

    def room(self, need: Resources) -> int:
        has_same_kind = any(bool(child.pool.need.gpus) == bool(need.gpus) for child in self._children.values())
        has = self._machine
        return 0 if has_same_kind else min(1, most_workers(need, has.cpus, has.gpus, has.memory_gb))

    def start(self, pool: Pool) -> int:
        number, self._next = self._next, self._next + 1
        ours, theirs = self._context.Pipe()
        most_gb = self._shared.worker_memory_gb or share_gb(pool, self.machines)
        process = self._context.Process(
            target=serve, args=(theirs, Surroundings.here(self._shared.replies), pool.loads, most_gb)
        )
        process.start()
        theirs.close()  # so that its end is noticed
        self._children[number] = _Child(process, ours, pool)
        return number

    def is_ready(self, worker: int) -> bool:
        return self._children[worker].is_started

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        child = self._children[worker]
        child.is_busy = True
        _send(child.connection, Order(job, dict(set_aside), note_path))

    def wait(self, timeout_s: float) -> list[Outcome]:
        """AudiocotError if a worker could not be started: its model's own, or ResourceError."""
        speaking = wait([child.connection for child in self._children.values()], timeout_s)
        for worker in [worker for worker, child in self._children.items() if child.connection in speaking]:
            if outcome := self._heard(worker):
                return [outcome]  # one at a time: an error of the next must not cost this one
        return []

    def _heard(self, worker: int) -> Outcome | None:
        child = self._children[worker]
        try:
            said = child.connection.recv()
        except (EOFError, OSError):
            return self._death(worker, child)
        if isinstance(said, Call):
            _send(child.connection, self._answer(said))
        elif isinstance(said, Started):
            if said.error:
                self.kill(worker)
            if isinstance(said.error, AudiocotError):
                raise said.error
            if said.error:
                raise could_not_start(child.pool, f"{type(said.error).__name__}: {said.error}")
            child.is_started = True
        elif isinstance(said, Finished):
            child.is_busy = False
            return Outcome(worker, result=said.result, error=said.error)
        return None

    def _answer(self, call: Call) -> Any:
        try:
            return getattr(self._book, call.method)(*call.arguments)
        except AudiocotError as error:
            return error

    def _death(self, worker: int, child: _Child) -> Outcome:
        child.process.join()
        code = child.process.exitcode or 0
        said = f"its process was killed by signal {-code}" if code < 0 else f"its process ended with exit code {code}"
        if not child.is_started:
            self.kill(worker)
            raise could_not_start(child.pool, said)
        return Outcome(worker, death=said)

    def stop(self, worker: int) -> None:
        child = self._children.pop(worker)
        _send(child.connection, None)
        child.process.join(_TIME_TO_CLOSE_S)
        _end(child)

    def kill(self, worker: int) -> None:
        _end(self._children.pop(worker))

    def close(self) -> None:
        """Workers that are busy or have not started are killed: the build has failed or was interrupted."""
        for worker, child in list(self._children.items()):
            if child.is_started and not child.is_busy:
                self.stop(worker)
            else:
                self.kill(worker)


def _send(connection: Connection, message: object) -> None:
    try:
        connection.send(message)
    except OSError:
        log.debug("a worker died before it was told something")  # `wait` hears of it


def _end(child: _Child) -> None:
    """Kill a worker with all that it started."""
    try:
        family = psutil.Process(child.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    child.process.kill()
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    child.process.join()
    child.connection.close()
