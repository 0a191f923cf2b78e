"""Pools: which workers there are, and when. The engine hands out jobs; this decides who is there to take them.

All stages without a GPU share one pool, whose workers live for the whole build. A stage with a GPU has a pool of its own: its
workers load their one model before the first job, keep it for all shards, and give the GPU back when no job of the stage is
left. Pools open in the order of the plan, and the first that does not fit holds up those after it: so the pool that is open
never waits for one that is not, and one GPU runs one big model after the other. GPUs that nobody is waiting for give more
workers to the stages that are open. Lost workers are made up for where there is room: a build that loses a machine goes on with
those that are left, and ends with one line if that is nobody.
"""

import logging
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    """Workers of one kind. `loads`: the stage whose model they load when they start. `num_workers` None: as many as fit.

    `asked_by`: the stages whose need this is, for messages.
    """

    name: str
    need: Resources
    loads: PlannedStage | None = None
    num_workers: int | None = None
    asked_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a job ended on a worker: with a result, an error it raised, or the worker's death.

    `code` is what becomes of the clip that is to blame for a death: `killed_worker`, `timeout` or `out_of_memory`.
    `is_by_chance`: the worker went with its machine, which is no job's fault.
    """

    worker: int
    result: object = None
    error: Exception | None = None
    death: str | None = None
    code: str = "killed_worker"
    is_by_chance: bool = False


class Executor(Protocol):
    """Runs jobs somewhere. Workers are numbered, no number is used twice; each runs one job at a time."""

    @property
    def machines(self) -> list[Resources]:
        """What each machine has. A worker is never spread over two."""
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
        """What ended since; at most `timeout_s` of waiting. ClusterError if there is nobody left to wait for."""
        ...

    def kill(self, worker: int) -> None:
        """End a worker at once, whatever it does. It may be dead already."""
        ...

    def close(self) -> None: ...


def pool_of(planned: PlannedStage) -> str:
    """The name of the pool that a stage runs in."""
    return planned.name if _gpus(planned) else CPU_POOL


def make_pools(plan: Plan, num_workers: int | None = None) -> list[Pool]:
    """The pools of a plan, in its order. `num_workers` is said of the CPU pool; None: as many as fit.

    A worker of the CPU pool may load every model without a GPU, so it needs the memory of all of them.
    """
    needs = {planned: planned.stage.annotator.resources for planned in plan.stages if planned.stage.annotator}
    on_cpu = {planned.name: need for planned, need in needs.items() if not need.gpus}
    cpus = max((need.cpus for need in on_cpu.values()), default=1.0)
    shared = Resources(cpus=cpus, memory_gb=sum(need.memory_gb for need in on_cpu.values()))
    asked_by = tuple(name for name, need in on_cpu.items() if need.cpus == cpus > 1 or need.memory_gb)
    own = [Pool(pool_of(planned), need, planned, asked_by=(planned.name,)) for planned, need in needs.items() if need.gpus]
    return [Pool(CPU_POOL, shared, num_workers=num_workers, asked_by=asked_by), *own]


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
        self._wanted: dict[str, int] = {}  # workers of an open CPU pool, lost ones included

    @property
    def workers(self) -> dict[int, str]:
        """Worker → the name of its pool."""
        return {worker: pool.name for worker, pool in self._workers.items()}

    def check(self, names: Collection[str]) -> None:
        """ResourceError if one of these pools could never open here: told before anything runs, not after hours."""
        machines = self.executor.machines
        for pool in self._pools:
            fits = sum(most_workers(pool.need, one.cpus, one.gpus, one.memory_gb) for one in machines)
            if pool.name in names and fits < (pool.num_workers or 1):
                raise _does_not_fit(pool, fits, machines)

    def open(self, name: str) -> None:
        """Start the workers of a pool before there are jobs for it."""
        for pool in self._pools:
            if pool.name == name:
                self._open(pool)

    def adjust(self, queue: JobQueue) -> None:
        """Close what is done, open what fits, make up for lost workers. ResourceError if nothing that is left fits."""
        for worker, pool in list(self._workers.items()):
            if pool.loads and not queue.num_left_in(pool.name):
                log.info("stage %s is done, its worker %d gives back %g GPUs", pool.name, worker, pool.need.gpus)
                self.executor.stop(worker)
                del self._workers[worker]
        wanted = [pool for pool in self._pools if queue.num_left_in(pool.name)]
        for pool in wanted:
            if not self._open(pool):
                return
        self._spread([pool for pool in wanted if pool.loads], queue)

    def lose(self, worker: int) -> None:
        """A worker is dead or has to be: end it. `adjust` starts another if there is room."""
        self.executor.kill(worker)
        del self._workers[worker]

    def _open(self, pool: Pool) -> bool:
        """Whether the pool has workers now."""
        size = self._size(pool)
        if size >= self._wanted.get(pool.name, 1):
            return True
        room = self.executor.room(pool.need)
        if pool.name not in self._wanted and not pool.loads:
            if room < (pool.num_workers or 1):
                raise _does_not_fit(pool, room, self.executor.machines)
            self._wanted[pool.name] = pool.num_workers or room
        for _ in range(min(room, self._wanted.get(pool.name, 1) - size)):
            self._start(pool)
        if self._size(pool):
            return True
        if not pool.loads or not any(open_pool.loads for open_pool in self._workers.values()):
            raise _does_not_fit(pool, room, self.executor.machines)
        return False

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


def _does_not_fit(pool: Pool, fits: int, machines: Sequence[Resources]) -> ResourceError:
    """Says who needs how much, what there is, and what to do."""
    has = ", ".join(f"{count} × " * (count > 1) + told(one) for one, count in Counter(machines).items()) or "none is left"
    if pool.loads:
        return ResourceError(
            f"stage {pool.name} with {pool.loads.stage.model} must have {told(pool.need)}; the machines here have: {has}; "
            "run it where there is enough (RAY_ADDRESS names a cluster), or on the CPU with "
            f"--set stages.{pool.name}.params.device=cpu"
        )
    why = f" (for {', '.join(pool.asked_by)})" if pool.asked_by else ""
    return ResourceError(
        f"{pool.num_workers or 1} workers with {told(pool.need)} each{why} must fit, {fits} do; the machines here have: {has}; "
        "ask for fewer with --workers, or run it where there is enough (RAY_ADDRESS names a cluster)"
    )


def could_not_start(pool: Pool, said: str) -> ResourceError:
    """What to tell of a worker that died or raised before its first job."""
    if pool.loads is None:
        return ResourceError(f"a worker could not be started: {said}")
    return ResourceError(
        f"a worker of stage {pool.name} must be able to load {pool.loads.stage.model}, but it could not: {said}; is there "
        "enough memory for the model?"
    )


def told(amount: Resources) -> str:
    """An amount in words, without what is none of."""
    gpus = f"{amount.gpus:g} GPUs and " if amount.gpus else ""
    memory = f" and {amount.memory_gb:.1f} GB of memory" if amount.memory_gb else ""
    return f"{gpus}{amount.cpus:g} CPUs{memory}"
