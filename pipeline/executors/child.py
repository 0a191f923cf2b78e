"""The process behind the local executor: it is given jobs through a pipe, and what it asks of the build goes back the same way.

A worker whose driver is gone finishes the job that it has, because a finished cell is never done again; it waits for nothing
else, and what takes longer than a few seconds is ended.
"""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from annotators.serving.gate import Grant, Limits, Toll
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from pipeline.jobs import Job
from pipeline.memory import limit_memory
from pipeline.plan import PlannedStage
from pipeline.worker import Worker
from schemas.errors import Rejected

_OUTLIVES_DRIVER_S = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What a worker has in common with its driver: the fork server was started some time ago, maybe somewhere else."""

    environment: Mapping[str, str]
    folder: str
    replies: ReplyStore | None

    @classmethod
    def here(cls, replies: ReplyStore | None) -> "Surroundings":
        return cls(dict(os.environ), str(Path.cwd()), replies)

    def restore(self) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.folder)


@dataclass(frozen=True)
class Order:
    """To the worker: do this. None instead of an order: end."""

    job: Job
    set_aside: Mapping[str, Rejected]
    note_path: str | None


@dataclass(frozen=True)
class Started:
    error: Exception | None = None


@dataclass(frozen=True)
class Finished:
    result: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class Call:
    """To the driver: a method of its toll book. What it returns or raises is sent back."""

    method: str
    arguments: tuple[Any, ...]


class _PipeGate:
    """The way to the toll book in the driver. One call at a time: the pipe has one end here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        granted: Grant = self._call("draw", server, limits, tolls)
        return granted

    async def pause(self, server: str, seconds: float) -> None:
        self._call("pause", server, seconds)

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        self._call("settle", server, reserved, used)

    def _call(self, method: str, *arguments: Any) -> Any:
        with self._turn:
            self._connection.send(Call(method, arguments))
            answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


def serve(connection: Connection, surroundings: Surroundings, loads: PlannedStage | None, most_gb: float | None) -> None:
    """Be a worker until told to end. `most_gb`: the memory it may take."""
    threading.Thread(target=_end_with_driver, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what an interrupt means
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # for breakpoint(); multiprocessing took it away
    surroundings.restore()
    limit_memory(most_gb)
    worker = Worker(Site(_PipeGate(connection), surroundings.replies))
    try:
        if loads:
            worker.stage(loads)
    except Exception as error:
        connection.send(Started(_portable(error)))
        return
    try:
        connection.send(Started())
        while order := connection.recv():
            connection.send(_done(worker, order))
    except (EOFError, OSError):
        os._exit(0)  # there is no driver any more: nobody to free a model for
    worker.close()


def _done(worker: Worker, order: Order) -> Finished:
    try:
        return Finished(order.job.work(worker, order.set_aside, order.note_path))
    except Exception as error:
        return Finished(error=_portable(error))


def _portable(error: Exception) -> Exception:
    """The error as it can be sent; some do not survive the way."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_driver() -> None:
    """Ends a worker that hangs, with all that it started, when its driver is gone."""
    driver = parent_process()
    assert driver is not None, "this runs in a child"
    driver.join()
    time.sleep(_OUTLIVES_DRIVER_S)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)
