"""The engine: keeps workers busy with ready jobs and owns what happens when a worker dies, hangs or eats its memory.

A job whose worker died is tried again on a new worker. After two deaths it runs carefully: the worker notes each clip before
it touches it, so the next death names its culprit, which is set aside (it becomes a failure row `killed_worker` or `timeout`)
while the rest of the shard goes on. So one poisoned clip costs three deaths and one row, never the build. A job that takes too
long runs carefully at once, and then the limit holds for each clip, not for the job: a long shard is slow, not guilty. A job
that raises is a mistake or a broken storage, not a bad clip: it is tried once more, then the build stops with that error.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.jobs import Job, JobQueue, Key
from schemas.errors import Rejected, ResourceError
from schemas.storage import Storage

log = logging.getLogger(__name__)
DEATHS_BEFORE_CARE = 2
MAX_DEATHS_WITHOUT_CULPRIT = 4
MAX_ERRORS = 2


@dataclass(frozen=True)
class Outcome:
    """How a job ended on a worker: with a result, an error it raised, or the worker's death."""

    worker: int
    result: Any = None
    error: Exception | None = None
    death: str | None = None
    is_timeout: bool = False


class Executor(Protocol):
    """Runs jobs somewhere. Workers are numbered; each runs one job at a time."""

    num_workers: int

    def is_ready(self, worker: int) -> bool:
        """Whether the worker has started. Time to start is not counted against a job's limit."""
        ...

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None: ...

    def wait(self, timeout_s: float) -> list[Outcome]:
        """What ended since; at most `timeout_s` of waiting."""
        ...

    def replace(self, worker: int) -> None:
        """Kill a worker, whatever it does, and start another in its place."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class EngineReport:
    num_run: int
    num_requeued: int
    seconds: float


class Engine:
    """Runs a queue of jobs on an executor. `job_timeout_s`: longer, and a job runs again carefully; then the limit per clip."""

    def __init__(self, executor: Executor, storage: Storage, run_id: str, job_timeout_s: float = 3600.0) -> None:
        self._executor = executor
        self._storage = storage
        self._run_id = run_id
        self._job_timeout_s = job_timeout_s
        self._deaths: Counter[Key] = Counter()
        self._deaths_without_culprit: Counter[Key] = Counter()
        self._errors: Counter[Key] = Counter()
        self._set_aside: dict[Key, dict[str, Rejected]] = defaultdict(dict)
        self._last_note: dict[Key, str] = {}
        self._num_requeued = 0

    def run(self, queue: JobQueue, on_result: Callable[[Job, Any], None] = lambda job, result: None) -> EngineReport:
        """Until nothing is left. `on_result` is called in the driver for every finished job."""
        started, num_run = time.monotonic(), 0
        idle = list(range(self._executor.num_workers))
        running: dict[int, tuple[Job, float]] = {}
        last_shard: dict[int, int] = {}
        while queue.num_left:
            for worker in [worker for worker in idle if self._executor.is_ready(worker)]:
                job = queue.take(last_shard.get(worker))
                if job is None:
                    break
                idle.remove(worker)
                last_shard[worker] = job.shard
                running[worker] = (job, time.monotonic())
                self._executor.submit(worker, job, self._set_aside[job.key], self._note_path(job))
            for outcome in self._executor.wait(timeout_s=0.5):
                job, _ = running.pop(outcome.worker)
                idle.append(outcome.worker)
                num_run += 1
                if outcome.death or outcome.error:
                    self._went_wrong(job, outcome)
                    queue.put_back(job)
                    continue
                if note_path := self._note_path(job):
                    self._storage.remove(note_path)
                queue.finish(job)
                on_result(job, outcome.result)
            for worker in [w for w, (_, since) in running.items() if time.monotonic() - since > self._job_timeout_s]:
                job, _ = running[worker]
                if self._has_moved_on(job):
                    running[worker] = (job, time.monotonic())
                    continue
                del running[worker]
                self._went_wrong(job, Outcome(worker, death=f"took longer than {self._job_timeout_s:g} s", is_timeout=True))
                queue.put_back(job)
                idle.append(worker)
            assert running or not queue.num_left or not queue.is_stuck, "jobs need what no job makes: a mistake in the plan"
        return EngineReport(num_run, self._num_requeued, time.monotonic() - started)

    def _note_path(self, job: Job) -> str | None:
        if self._deaths[job.key] < DEATHS_BEFORE_CARE:
            return None
        return f"runs/{self._run_id}.notes/{job.stage}-{job.shard:06d}"

    def _has_moved_on(self, job: Job) -> bool:
        """Whether a careful job is at another clip than when it was last asked."""
        note_path = self._note_path(job)
        if not note_path or not self._storage.exists(note_path):
            return False
        subject = self._storage.read(note_path).decode()
        has_moved = subject != self._last_note.get(job.key)
        self._last_note[job.key] = subject
        return has_moved

    def _went_wrong(self, job: Job, outcome: Outcome) -> None:
        self._num_requeued += 1
        if outcome.error:
            self._errors[job.key] += 1
            log.warning("%s shard=%06d raised %r", job.stage, job.shard, outcome.error)
            if self._errors[job.key] >= MAX_ERRORS:
                raise outcome.error
            return
        note_path = self._note_path(job)
        self._deaths[job.key] += 1
        if outcome.is_timeout:
            self._deaths[job.key] = max(self._deaths[job.key], DEATHS_BEFORE_CARE)
        log.warning("%s shard=%06d lost its worker (%s), death %d", job.stage, job.shard, outcome.death, self._deaths[job.key])
        self._executor.replace(outcome.worker)
        if not note_path:
            return
        if self._storage.exists(note_path):
            subject = self._storage.read(note_path).decode()
            self._storage.remove(note_path)
            code = "timeout" if outcome.is_timeout else "killed_worker"
            self._set_aside[job.key][subject] = Rejected(code, f"{job.stage}: {outcome.death}")
            return
        self._deaths_without_culprit[job.key] += 1
        if self._deaths_without_culprit[job.key] >= MAX_DEATHS_WITHOUT_CULPRIT - DEATHS_BEFORE_CARE:
            raise ResourceError(
                f"stage {job.stage} must be able to start on shard {job.shard}, but its worker died "
                f"{self._deaths[job.key]} times before the first clip ({outcome.death}); is there enough memory for its model?"
            )
