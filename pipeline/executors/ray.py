"""The Ray executor: one actor per worker, on this machine or on the cluster that RAY_ADDRESS names.

The only file that knows Ray. Actors never restart and calls never retry by themselves: who tries what again is the engine's
business alone. Media never passes through the object store, so it is kept at its smallest. Memory is not declared to Ray, which
would count it against what is free now: it bounds how many workers of a kind are started, and the kernel holds each to its
share (`pipeline.memory`).

A worker is on its way in two steps: Ray finds it a place, then it loads its model. The first has a limit, because Ray waits for
ever for a place that will never be; the second has none. When a machine goes, its workers are lost and the engine starts others
where there is room. When the driver's own machine goes from the cluster, nothing can be started any more: ClusterError.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import ray

from annotators.base import Resources
from annotators.serving.gate import Gate, Grant, Limits, LocalGate, Toll, TollBook
from annotators.site import Site
from pipeline.executors import Shared, usable_cores
from pipeline.jobs import Job
from pipeline.memory import limit_memory, share_gb
from pipeline.plan import PlannedStage
from pipeline.pools import Outcome, Pool, could_not_start, most_workers, told
from pipeline.worker import Worker
from schemas.errors import AudiocotError, ClusterError, Rejected, ResourceError

log = logging.getLogger(__name__)
_OBJECT_STORE_BYTES = 100 * 2**20  # reports and plans only
_TIME_TO_CLOSE_S = 60
_TIME_TO_KNOCK_S = 5
_TRIES_TO_START = 3
_NEWS_OF_A_LOSS_S = 30  # Ray takes up to 25 s to know that a machine is gone


class _Actor:
    def __init__(self, keeper: Any, shared: Shared, most_gb: float | None) -> None:
        self._shared = shared
        self._most_gb = most_gb
        self._worker = Worker(Site(_gate(keeper), shared.replies))

    def place(self) -> str:
        """The machine this worker got its place on."""
        node: str = ray.get_runtime_context().get_node_id()
        return node

    def start(self, loads: PlannedStage | None) -> None:
        self._shared.check_places()
        limit_memory(self._most_gb)
        if loads:
            self._worker.stage(loads)

    def run(self, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> Any:
        return job.work(self._worker, set_aside, note_path)

    def close(self) -> None:
        self._worker.close()


class _GateKeeper:
    """The actor with the one toll book of a build."""

    def __init__(self, budget_usd: float | None) -> None:
        self._book = TollBook(budget_usd)

    def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        return self._book.draw(server, limits, tolls)

    def pause(self, server: str, seconds: float) -> None:
        self._book.pause(server, seconds)

    def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        self._book.settle(server, reserved, used)


class _RayGate:
    """A worker's way to the book of its build."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper

    async def draw(self, server: str, limits: Limits, tolls: Sequence[Toll]) -> Grant:
        try:
            granted: Grant = await self._keeper.draw.remote(server, limits, tolls)
        except ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        return granted

    async def pause(self, server: str, seconds: float) -> None:
        await self._keeper.pause.remote(server, seconds)

    async def settle(self, server: str, reserved: Toll, used: Toll) -> None:
        await self._keeper.settle.remote(server, reserved, used)


def _gate(keeper: Any) -> Gate:
    return _RayGate(keeper) if keeper else LocalGate()


class RayExecutor:
    """Starts Ray if it is not running, and stops it then, too. `place_limit_s`: how long a worker may wait for a place."""

    def __init__(self, shared: Shared, place_limit_s: float = 120.0) -> None:
        self._shared = shared
        self._place_limit_s = place_limit_s
        self._workers: dict[int, _Worker] = {}
        self._waiting: dict[Any, int] = {}  # reference to what a worker does now → worker
        self._next = 0
        self._owns_ray = not ray.is_initialized()
        if self._owns_ray:
            _start_ray(usable_cores())
        self._node = ray.get_runtime_context().get_node_id()
        self._keeper = ray.remote(_GateKeeper).options(num_cpus=0).remote(shared.budget_usd) if shared.has_gate else None

    @property
    def machines(self) -> list[Resources]:
        """Memory is what Ray counts as usable: about 70 % of what was free when it started."""
        has = [node["Resources"] for node in self._nodes()]
        return [Resources(one.get("CPU", 0.0), one.get("GPU", 0.0), one.get("memory", 0.0) / 2**30) for one in has]

    @property
    def gate(self) -> Gate:
        return _gate(self._keeper)

    def room(self, need: Resources) -> int:
        """Counts this build's own workers; those of others are noticed when a worker finds no place."""
        machines, used = self.machines, [worker.pool.need for worker in self._workers.values()]
        fits = sum(most_workers(need, one.cpus, one.gpus, one.memory_gb) for one in machines)
        cpus = sum(one.cpus for one in machines) - sum(one.cpus for one in used if not one.gpus)
        gpus = sum(one.gpus for one in machines) - sum(one.gpus for one in used)
        return max(0, min(fits - used.count(need), most_workers(replace(need, memory_gb=0.0), cpus, gpus, 0.0)))

    def start(self, pool: Pool) -> int:
        number, self._next = self._next, self._next + 1
        cpus = 0 if pool.need.gpus else pool.need.cpus  # a GPU's worker leaves the CPUs to the others
        options = {"max_restarts": 0, "max_task_retries": 0, "num_cpus": cpus, "num_gpus": pool.need.gpus}
        most_gb = self._shared.worker_memory_gb or share_gb(pool, self.machines)
        actor = ray.remote(_Actor).options(**options).remote(self._keeper, self._shared, most_gb)
        self._workers[number] = _Worker(actor, pool, time.monotonic(), self._alive())
        self._waiting[actor.place.remote()] = number
        return number

    def stop(self, worker: int) -> None:
        """A model may have processes of its own: it is asked to end them first."""
        actor = self._forget(worker)
        try:
            ray.get(actor.close.remote(), timeout=_TIME_TO_CLOSE_S)
        except ray.exceptions.RayError as error:
            log.warning("worker %d did not close by itself: %s", worker, str(error).splitlines()[0])
        ray.kill(actor, no_restart=True)

    def is_ready(self, worker: int) -> bool:
        return self._workers[worker].is_started

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        self._waiting[self._workers[worker].actor.run.remote(job, dict(set_aside), note_path)] = worker

    def wait(self, timeout_s: float) -> list[Outcome]:
        """AudiocotError if a worker could not be started: its model's own, or ResourceError. ClusterError if Ray is gone."""
        ready, _ = ray.wait(list(self._waiting), num_returns=1, timeout=timeout_s)
        outcomes = [self._heard(reference) for reference in ready]
        if not ready:  # otherwise a worker that has its place may only not have been heard of yet
            self._find_homeless()
        return [outcome for outcome in outcomes if outcome]

    def _heard(self, reference: Any) -> Outcome | None:
        number = self._waiting.pop(reference)
        worker = self._workers[number]
        try:
            said = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            cause = _cause(error)
            if worker.is_started:
                return Outcome(number, error=cause)
            raise cause if isinstance(cause, AudiocotError) else could_not_start(worker.pool, _first_line(cause)) from None
        except ray.exceptions.RayError as error:
            return self._death(number, error)
        if worker.is_started:
            return Outcome(number, result=said)
        if worker.node is None:
            worker.node, worker.may_be_on = said, frozenset({said})
            self._waiting[worker.actor.start.remote(worker.pool.loads)] = number
        else:
            worker.is_started = True
        return None

    def _death(self, number: int, error: Exception) -> Outcome:
        """A worker that dies before its first job is its own fault, unless a machine turns out to be gone."""
        worker = self._workers[number]
        is_by_chance = not worker.may_be_on <= self._alive()
        deadline = time.monotonic() + _NEWS_OF_A_LOSS_S
        while not worker.is_started and not is_by_chance:
            if time.monotonic() > deadline:
                raise could_not_start(worker.pool, _first_line(error)) from None
            time.sleep(0.5)
            is_by_chance = not worker.may_be_on <= self._alive()
        code = "out_of_memory" if isinstance(error, ray.exceptions.OutOfMemoryError) else "killed_worker"
        said = "its machine has left the cluster" if is_by_chance else _first_line(error)
        return Outcome(number, death=said, code=code, is_by_chance=is_by_chance)

    def _nodes(self) -> list[dict[str, Any]]:
        """Machines that are there. ClusterError if the driver's own is not: without it nothing can be started anywhere."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        if all(node["NodeID"] != self._node for node in alive):
            raise ClusterError("Ray on this machine has ended (its raylet is gone); what was finished is kept")
        return alive

    def _alive(self) -> frozenset[str]:
        return frozenset(node["NodeID"] for node in self._nodes())

    def _find_homeless(self) -> None:
        """ResourceError if Ray has no place for a worker: others use what the cluster has."""
        for number in self._waiting.values():
            worker = self._workers[number]
            if worker.node is None and time.monotonic() - worker.asked_at > self._place_limit_s:
                free = ray.available_resources()
                raise ResourceError(
                    f"a worker of {worker.pool.name} needs {told(worker.pool.need)} on one machine and got no place within "
                    f"{self._place_limit_s:g} s; free are {free.get('CPU', 0):g} CPUs and {free.get('GPU', 0):g} GPUs; "
                    "wait for its other users, or ask for fewer with --workers"
                )

    def kill(self, worker: int) -> None:
        ray.kill(self._forget(worker), no_restart=True)

    def _forget(self, worker: int) -> Any:
        self._waiting = {reference: number for reference, number in self._waiting.items() if number != worker}
        return self._workers.pop(worker).actor

    def close(self) -> None:
        """Workers with a model are asked to free it, unless they are busy: then the build has failed, and they are killed."""
        busy = set(self._waiting.values())
        for number in [number for number, worker in self._workers.items() if worker.pool.loads and number not in busy]:
            self.stop(number)
        for number in list(self._workers):
            self.kill(number)
        if self._keeper:
            ray.kill(self._keeper, no_restart=True)
        if self._owns_ray:
            ray.shutdown()


@dataclass
class _Worker:
    """`node`: the machine it is on, None until it has a place; until then any that was there. `is_started`: it takes jobs."""

    actor: Any
    pool: Pool
    asked_at: float
    may_be_on: frozenset[str]
    node: str | None = None
    is_started: bool = False


def _cause(error: Exception) -> Exception:
    """What was raised in the worker, without Ray's wrapping."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _start_ray(num_cpus: int) -> None:
    """Join the cluster of RAY_ADDRESS, or start Ray here for this build. ResourceError if that cannot be."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address := os.environ.get("RAY_ADDRESS"):
        _join(address)
        return
    for tries_left in reversed(range(_TRIES_TO_START)):
        try:
            ray.init(
                address="local",  # else it would join what `ray start` has left running here
                num_cpus=num_cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=_OBJECT_STORE_BYTES,
            )
            return
        except Exception as error:  # a bare one: Ray gives itself 30 s, which a machine that is very busy exceeds
            _end_half_started()
            if not tries_left:
                raise ResourceError(
                    f"Ray must start on this machine, but it does not: {_first_line(error)}; does something take all "
                    "of it? --executor local needs no Ray"
                ) from None


def _end_half_started() -> None:
    """Ray leaves the processes of a start that failed."""
    ray.shutdown()
    home = str(Path(ray.__file__).parent)
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it may be gone by itself
            if any(home in word for word in child.cmdline()):
                child.kill()


def _join(address: str) -> None:
    try:
        _knock(address)
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise ResourceError(
            f"a Ray cluster must run at {address} (--ray-address, RAY_ADDRESS), but it cannot be joined: {_first_line(error)}"
        ) from None


def _knock(address: str) -> None:
    """OSError at once if nobody listens there: Ray itself would try for minutes."""
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_TIME_TO_KNOCK_S).close()
