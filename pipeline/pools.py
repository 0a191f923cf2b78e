"""Pools: which workers there are, and when. The engine hands out jobs; this decides who is there to take them.

All stages without a GPU share one pool, whose workers live for the whole build. A stage with a GPU has a pool of its own: its
workers load their one model before the first job, keep it for all shards, and give the GPU back when no job of the stage is
left. Pools open in the order of the plan, and the first that does not fit holds up those after it: so the pool that is open
never waits for one that is not, and one GPU runs one big model after the other. GPUs that nobody is waiting for give more
workers to the stages that are open.
"""

import logging
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from annotators.base import Resources
from annotators.serving.gate import Gate
from pipeline.jobs import CPU_POOL, Job, JobQueue
from pipeline.plan import Plan, PlannedStage
from schemas.errors import Rejected, ResourceError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pool:
    """Workers of one kind. `loads`: the stage whose model they load when they start. `num_workers` None: as many as fit."""

    name: str
    need: Resources
    loads: PlannedStage | None = None
    num_workers: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended on a worker: with a result, an error it raised, or the worker's death."""

    worker: int
    result: object = None
    error: Exception | None = None
    death: str | None = None
    is_timeout: bool = False


class Executor(Protocol):
    """Runs jobs somewhere. Workers are numbered; each runs one job at a time."""

    @property
    def capacity(self) -> Resources:
        """What there is. `gpus`: on the machine that has most, because no model is spread over two machines."""
        ...

    @property
    def gate(self) -> Gate:
        """Limits and budget that all workers share, for the driver."""
        ...

    def room(self, need: Resources) -> int:
        """How many more workers with this need could start now."""
        ...

    def start(self, pool: Pool) -> int:
        """Start a worker and return its number. AudiocotError, here or from `wait`, if it does not start."""
        ...

    def stop(self, worker: int) -> None:
        """Let a worker free its model, and end it."""
        ...

    def is_ready(self, worker: int) -> bool:
        """Whether the worker takes a job now. Time to start is not counted against a job's limit."""
        ...

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None: ...

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What ended since; at most `timeout_s` of waiting."""
        ...

    def replace(self, worker: int) -> None:
        """Kill a worker, whatever it does, and start another in its place, under its number."""
        ...

    def close(self) -> None: ...


def pool_of(planned: PlannedStage) -> str:
    """The name of the pool that a stage runs in."""
    return planned.name if _gpus(planned) else CPU_POOL


def make_pools(plan: Plan, num_workers: int | None = None) -> list[Pool]:
    """The pools of a plan, in its order. `num_workers` is said of the CPU pool; None: as many as fit.

    A worker of the CPU pool may load every model without a GPU, so it needs the memory of all of them.
    """
    needs = [planned.stage.annotator.resources for planned in plan.stages if planned.stage.annotator and not _gpus(planned)]
    shared = Resources(cpus=max((need.cpus for need in needs), default=1.0), memory_gb=sum(need.memory_gb for need in needs))
    own = [
        Pool(pool_of(planned), planned.stage.annotator.resources, planned)
        for planned in plan.stages
        if planned.stage.annotator and _gpus(planned)
    ]
    return [Pool(CPU_POOL, shared, num_workers=num_workers), *own]


def _gpus(planned: PlannedStage) -> float:
    return planned.stage.annotator.resources.gpus if planned.stage.annotator else 0.0


def most_workers(need: Resources, cpus: float, gpus: float, memory_gb: float) -> int:
    """How many workers with this need fit into so much. A worker with a GPU takes no CPU from the others: it mostly waits."""
    shares = [memory_gb / need.memory_gb if need.memory_gb else math.inf]
    shares.append(gpus / need.gpus if need.gpus else cpus / need.cpus)
    return int(min(shares) + 1e-9)


class Pools:
    """The open pools of a build and their workers."""

    def __init__(self, executor: Executor, pools: Iterable[Pool]) -> None:
        self.executor = executor
        self._pools = list(pools)
        self._workers: dict[int, Pool] = {}

    @property
    def workers(self) -> dict[int, str]:
        """Worker → the name of its pool."""
        return {worker: pool.name for worker, pool in self._workers.items()}

    def check(self, names: Collection[str]) -> None:
        """ResourceError if one of these pools could never open here: told before anything runs, not after hours."""
        capacity = self.executor.capacity
        for pool in self._pools:
            fits = most_workers(pool.need, capacity.cpus, capacity.gpus, capacity.memory_gb)
            if pool.name in names and pool.loads and fits < 1:
                raise _does_not_fit(pool, capacity)

    def adjust(self, queue: JobQueue) -> None:
        """Close what is done, open what fits. ResourceError if nothing that is left fits."""
        for worker, pool in list(self._workers.items()):
            if pool.loads and not queue.num_left_in(pool.name):
                log.info("stage %s is done, its worker %d gives back %g GPUs", pool.name, worker, pool.need.gpus)
                self.executor.stop(worker)
                del self._workers[worker]
        wanted = [pool for pool in self._pools if queue.num_left_in(pool.name)]
        for pool in wanted:
            if not self._size(pool) and not self._open(pool):
                return
        self._spread([pool for pool in wanted if pool.loads], queue)

    def _open(self, pool: Pool) -> bool:
        room = self.executor.room(pool.need)
        if not pool.loads:
            if room < (pool.num_workers or 1):
                raise _too_many(pool, self.executor.capacity)
            for _ in range(pool.num_workers or room):
                self._start(pool)
            return True
        if room < 1:
            if not any(open_pool.loads for open_pool in self._workers.values()):
                raise _does_not_fit(pool, self.executor.capacity)
            return False
        self._start(pool)
        return True

    def _spread(self, pools: list[Pool], queue: JobQueue) -> None:
        """More workers where most jobs are left for each, as long as there is room."""
        while True:
            jobs = {pool.name: queue.num_left_in(pool.name) / self._size(pool) for pool in pools}
            growing = [pool for pool in pools if jobs[pool.name] > 1 and self.executor.room(pool.need) >= 1]
            if not growing:
                return
            self._start(max(growing, key=lambda pool: jobs[pool.name]))

    def _start(self, pool: Pool) -> None:
        self._workers[self.executor.start(pool)] = pool

    def _size(self, pool: Pool) -> int:
        return sum(open_pool.name == pool.name for open_pool in self._workers.values())


def _does_not_fit(pool: Pool, capacity: Resources) -> ResourceError:
    assert pool.loads is not None
    return ResourceError(
        f"stage {pool.name} with {pool.loads.stage.model} must have {_told(pool.need)}, a machine here has {_told(capacity)}; "
        "run it where there is enough (RAY_ADDRESS names a cluster), or on the CPU with "
        f"--set stages.{pool.name}.params.device=cpu"
    )


def _too_many(pool: Pool, capacity: Resources) -> ResourceError:
    memory = f" and {pool.need.memory_gb:g} GB" if pool.need.memory_gb else ""
    return ResourceError(
        f"{pool.num_workers or 1} workers with {pool.need.cpus:g} CPUs{memory} each were asked for; there are "
        f"{capacity.cpus:g} CPUs and {capacity.memory_gb:.0f} GB; ask for fewer with --workers, or use --executor local"
    )


def _told(amount: Resources) -> str:
    return f"{amount.gpus:g} GPUs and {amount.memory_gb:.0f} GB of memory"
