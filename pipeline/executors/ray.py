"""The Ray executor: one actor per worker, on this machine or on the cluster that RAY_ADDRESS names.

The only file that knows Ray. Actors never restart and calls never retry by themselves: who tries what again is the engine's
business alone. Media never passes through the object store, so it is kept at its smallest. Memory is not declared to Ray, which
would count it against what is free now: it only bounds how many workers of a kind are started.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import ray

from annotators.base import Resources
from annotators.serving.gate import Gate, Grant, Limits, LocalGate, Toll, TollBook
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from pipeline.executors import Shared, usable_cores
from pipeline.jobs import Job
from pipeline.plan import PlannedStage
from pipeline.pools import Outcome, Pool, most_workers
from pipeline.worker import Worker
from schemas.errors import AudiocotError, Rejected, ResourceError

log = logging.getLogger(__name__)
_OBJECT_STORE_BYTES = 100 * 2**20  # reports and plans only
_TIME_TO_CLOSE_S = 60


class _Actor:
    def __init__(self, keeper: Any, replies: ReplyStore | None) -> None:
        self._worker = Worker(Site(_gate(keeper), replies))

    def start(self, loads: PlannedStage | None) -> int:
        if loads:
            self._worker.stage(loads)
        return self._worker.pid

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
    """Starts Ray if it is not running, and stops it then, too."""

    def __init__(self, shared: Shared) -> None:
        self._pools: dict[int, Pool] = {}
        self._actors: dict[int, Any] = {}
        self._starting: dict[Any, int] = {}  # reference to `start` → worker
        self._running: dict[Any, int] = {}  # reference to `run` → worker
        self._owns_ray = not ray.is_initialized()
        if self._owns_ray:
            _start_ray(usable_cores())
        self._keeper = ray.remote(_GateKeeper).options(num_cpus=0).remote(shared.budget_usd) if shared.has_gate else None
        self._replies = shared.replies
        self._total = ray.cluster_resources()

    @property
    def capacity(self) -> Resources:
        """Memory is what Ray counts as usable: about 70 % of what was free when it started."""
        largest = max((node["Resources"].get("GPU", 0.0) for node in ray.nodes() if node["Alive"]), default=0.0)
        return Resources(self._total.get("CPU", 0.0), largest, self._total.get("memory", 0.0) / 2**30)

    @property
    def gate(self) -> Gate:
        return _gate(self._keeper)

    def room(self, need: Resources) -> int:
        """Counts this build's own workers; other users of the cluster make workers wait for their place."""
        used = [pool.need for pool in self._pools.values()]
        cpus = self._total.get("CPU", 0.0) - sum(one.cpus for one in used if not one.gpus)
        gpus = self._total.get("GPU", 0.0) - sum(one.gpus for one in used)
        return most_workers(need, cpus, gpus, self.capacity.memory_gb - need.memory_gb * used.count(need))

    def start(self, pool: Pool) -> int:
        worker = max(self._pools, default=-1) + 1
        self._start(worker, pool)
        return worker

    def _start(self, worker: int, pool: Pool) -> None:
        cpus = 0 if pool.need.gpus else pool.need.cpus  # a GPU's worker leaves the CPUs to the others
        options = {"max_restarts": 0, "max_task_retries": 0, "num_cpus": cpus, "num_gpus": pool.need.gpus}
        self._pools[worker] = pool
        self._actors[worker] = ray.remote(_Actor).options(**options).remote(self._keeper, self._replies)
        self._starting[self._actors[worker].start.remote(pool.loads)] = worker

    def stop(self, worker: int) -> None:
        """A model may have processes of its own: it is asked to end them first."""
        actor = self._forget(worker)
        try:
            ray.get(actor.close.remote(), timeout=_TIME_TO_CLOSE_S)
        except ray.exceptions.RayError as error:
            log.warning("worker %d did not close by itself: %s", worker, str(error).splitlines()[0])
        ray.kill(actor, no_restart=True)

    def is_ready(self, worker: int) -> bool:
        return worker not in self._starting.values()

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        self._running[self._actors[worker].run.remote(job, dict(set_aside), note_path)] = worker

    def wait(self, timeout_s: float) -> list[Outcome]:
        """AudiocotError if a worker could not be started: its model's own, or ResourceError."""
        ready, _ = ray.wait([*self._running, *self._starting], num_returns=1, timeout=timeout_s)
        outcomes = []
        for reference in ready:
            if reference in self._running:
                outcomes.append(self._outcome(reference))
            else:
                worker = self._starting.pop(reference)
                _check_started(self._pools[worker], reference)
        return outcomes

    def _outcome(self, reference: Any) -> Outcome:
        worker = self._running.pop(reference)
        try:
            return Outcome(worker, result=ray.get(reference))
        except ray.exceptions.RayTaskError as error:
            return Outcome(worker, error=_cause(error))
        except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError) as error:
            return Outcome(worker, death=str(error).splitlines()[0])

    def replace(self, worker: int) -> None:
        pool = self._pools[worker]
        ray.kill(self._forget(worker), no_restart=True)
        self._start(worker, pool)

    def _forget(self, worker: int) -> Any:
        for references in (self._running, self._starting):
            for reference in [reference for reference, number in references.items() if number == worker]:
                del references[reference]
        del self._pools[worker]
        return self._actors.pop(worker)

    def close(self) -> None:
        """Workers with a model are asked to free it, unless they are busy: then the build has failed, and they are killed."""
        busy = {*self._running.values(), *self._starting.values()}
        for worker in [worker for worker, pool in self._pools.items() if pool.loads and worker not in busy]:
            self.stop(worker)
        for actor in self._actors.values():
            ray.kill(actor, no_restart=True)
        if self._keeper:
            ray.kill(self._keeper, no_restart=True)
        if self._owns_ray:
            ray.shutdown()


def _cause(error: Exception) -> Exception:
    """What was raised in the worker, without Ray's wrapping."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error


def _check_started(pool: Pool, reference: Any) -> None:
    try:
        ray.get(reference)
    except ray.exceptions.RayError as error:
        cause = _cause(error)
        if isinstance(cause, AudiocotError):
            raise cause from None
        said = f"{type(cause).__name__}: {str(cause).splitlines()[0]}"
        if pool.loads is None:
            raise ResourceError(f"a worker could not be started: {said}") from None
        raise ResourceError(
            f"a worker of stage {pool.name} must be able to load {pool.loads.stage.model}, but it could not: {said}; is there "
            f"enough memory for the model?"
        ) from None


def _start_ray(num_cpus: int) -> None:
    """Join the cluster of RAY_ADDRESS, or start Ray here for this build."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        num_cpus=num_cpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=_OBJECT_STORE_BYTES,
    )
