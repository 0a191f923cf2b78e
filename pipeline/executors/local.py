"""The local executor: jobs run one after the other in this process, for tests, small work and `breakpoint()`.

It cannot survive what kills a process, and cannot interrupt a job that hangs; that is what the Ray executor is for. There is at
most one worker with a GPU at a time: models of one process would all be put on its first GPU.
"""

from collections.abc import Mapping

import psutil

from annotators.base import Resources
from annotators.serving.gate import Gate, LocalGate, TollBook
from annotators.site import Site
from pipeline.executors import Shared, usable_cores
from pipeline.gpus import find_gpus
from pipeline.jobs import Job
from pipeline.pools import Outcome, Pool, most_workers
from pipeline.worker import Worker
from schemas.errors import Rejected

_Submitted = tuple[int, Job, Mapping[str, Rejected], str | None]


class LocalExecutor:
    """`num_gpus` None: those that nvidia-smi lists."""

    def __init__(self, shared: Shared, num_gpus: int | None = None) -> None:
        self._site = Site(LocalGate(TollBook(shared.budget_usd)), shared.replies)
        self._capacity = Resources(
            cpus=usable_cores(),
            gpus=len(find_gpus()) if num_gpus is None else num_gpus,
            memory_gb=psutil.virtual_memory().total / 2**30,
        )
        self._workers: dict[int, tuple[Pool, Worker]] = {}
        self._next = 0
        self._submitted: _Submitted | None = None

    @property
    def capacity(self) -> Resources:
        return self._capacity

    @property
    def gate(self) -> Gate:
        return self._site.gate

    def room(self, need: Resources) -> int:
        has_same_kind = any(bool(pool.need.gpus) == bool(need.gpus) for pool, _ in self._workers.values())
        has = self._capacity
        return 0 if has_same_kind else min(1, most_workers(need, has.cpus, has.gpus, has.memory_gb))

    def start(self, pool: Pool) -> int:
        number, self._next = self._next, self._next + 1
        self._workers[number] = (pool, self._started(pool))
        return number

    def _started(self, pool: Pool) -> Worker:
        worker = Worker(self._site)
        if pool.loads:
            worker.stage(pool.loads)
        return worker

    def stop(self, worker: int) -> None:
        self._workers.pop(worker)[1].close()

    def is_ready(self, worker: int) -> bool:
        return self._submitted is None

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        self._submitted = (worker, job, set_aside, note_path)

    def wait(self, timeout_s: float) -> list[Outcome]:
        """Runs the submitted job now, however long it takes."""
        if self._submitted is None:
            return []
        (number, job, set_aside, note_path), self._submitted = self._submitted, None
        try:
            return [Outcome(number, result=job.work(self._workers[number][1], set_aside, note_path))]
        except Exception as error:
            return [Outcome(number, error=error)]

    def replace(self, worker: int) -> None:
        pool, old = self._workers[worker]
        old.close()
        self._workers[worker] = (pool, self._started(pool))

    def close(self) -> None:
        for _, worker in self._workers.values():
            worker.close()
        self._workers.clear()
