"""The engine: keeps workers busy with ready jobs and owns what happens when a worker dies, hangs or eats its memory.

A job whose worker died is tried again on a new worker. After two deaths it runs carefully: the worker notes each clip before
it touches it, so the next death names its culprit, which is set aside (it becomes a failure row with the code of that death)
while the rest of the shard goes on. So one poisoned clip costs three deaths and one row, never the build. A job that takes too
long or more memory than its worker may have runs carefully at once, and then the limits hold for each clip, not for the job: a
long shard is slow, not guilty. A worker that went with its machine blames nobody. A job that raises is a mistake or a broken
storage, not a bad clip: it is tried once more, then the build stops with that error. An error that says what must be mended
(weights are missing, a server is gone, the budget is spent) is not tried again: no new job starts, those that run come to their
end, because their rows count and their replies are paid for, and the build stops. An interrupted build gives those that run a
few seconds to end.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.jobs import Job, JobQueue, Key
from pipeline.pools import Outcome, Pools
from schemas.errors import AudiocotError, ClusterError, Rejected, ResourceError, RootError
from schemas.storage import Storage

log = logging.getLogger(__name__)
DEATHS_BEFORE_CARE = 2
MAX_DEATHS_WITHOUT_CULPRIT = 4
MAX_ERRORS = 2
INTERRUPTED_WAITS_S = 5.0


@dataclass(frozen=True)
class EngineReport:
    num_run: int
    num_requeued: int
    seconds: float


class Engine:
    """Runs queues of jobs on pools. `job_timeout_s`: longer, and a job runs again carefully; then the limit per clip."""

    def __init__(self, pools: Pools, storage: Storage, run_id: str, job_timeout_s: float = 3600.0) -> None:
        self._pools = pools
        self._executor = pools.executor
        self._storage = storage
        self._run_id = run_id
        self._job_timeout_s = job_timeout_s
        self._running: dict[int, tuple[Job, float]] = {}
        self._last_shard: dict[int, int] = {}
        self._deaths: Counter[Key] = Counter()
        self._deaths_without_culprit: Counter[Key] = Counter()
        self._errors: Counter[Key] = Counter()
        self._set_aside: dict[Key, dict[str, Rejected]] = defaultdict(dict)
        self._last_note: dict[Key, str] = {}
        self._num_requeued = 0
        self._num_run = 0

    def run(self, queue: JobQueue, on_result: Callable[[Job, Any], None] = lambda job, result: None) -> EngineReport:
        """Until nothing is left. `on_result` is called in the driver for every finished job."""
        started = time.monotonic()
        stops_with: AudiocotError | None = None
        while queue.num_left:
            if stops_with and not self._running:
                raise stops_with
            try:
                if not stops_with:
                    self._pools.adjust(queue)
                    self._hand_out(queue)
                self._take_in_what_ended(queue, on_result)
            except ClusterError:
                raise  # nobody is left to come to an end
            except AudiocotError as error:
                stops_with = stops_with or error
            except Exception:
                raise
            except BaseException:  # Ctrl-C or SIGTERM
                self._let_running_end(queue, on_result)
                raise
            assert self._running or not queue.is_stuck or not queue.num_left or stops_with, (
                "jobs need what no job makes: a mistake in the plan"
            )
        return EngineReport(self._num_run, self._num_requeued, time.monotonic() - started)

    def _take_in_what_ended(self, queue: JobQueue, on_result: Callable[[Job, Any], None]) -> None:
        for outcome in self._executor.wait(timeout_s=0.5):
            self._take_in(queue, outcome, on_result)
        self._find_overdue(queue)

    def _let_running_end(self, queue: JobQueue, on_result: Callable[[Job, Any], None]) -> None:
        """For an interrupted build: a cell that is nearly done is not thrown away, one that takes long is not waited for."""
        log.warning("interrupted; waiting up to %g s for %d jobs that run", INTERRUPTED_WAITS_S, len(self._running))
        deadline = time.monotonic() + INTERRUPTED_WAITS_S
        while self._running and time.monotonic() < deadline:
            self._take_in_what_ended(queue, on_result)

    def _hand_out(self, queue: JobQueue) -> None:
        for worker, pool in self._pools.workers.items():
            if worker in self._running or not self._executor.is_ready(worker):
                continue
            if job := queue.take(self._last_shard.get(worker), pool):
                self._last_shard[worker] = job.shard
                self._running[worker] = (job, time.monotonic())
                self._executor.submit(worker, job, self._set_aside[job.key], self._note_path(job))

    def _take_in(self, queue: JobQueue, outcome: Outcome, on_result: Callable[[Job, Any], None]) -> None:
        if outcome.worker not in self._running:  # it died between two jobs
            self._lose(outcome)
            return
        self._num_run += 1
        job, _ = self._running.pop(outcome.worker)
        if outcome.death or outcome.error:
            queue.put_back(job)
            self._went_wrong(job, outcome)
            return
        if note_path := self._note_path(job):
            self._storage.remove(note_path)
        queue.finish(job)
        on_result(job, outcome.result)

    def _find_overdue(self, queue: JobQueue) -> None:
        now = time.monotonic()
        for worker in [worker for worker, (_, since) in self._running.items() if now - since > self._job_timeout_s]:
            job, _ = self._running[worker]
            if self._has_moved_on(job):
                self._running[worker] = (job, time.monotonic())
                continue
            del self._running[worker]
            queue.put_back(job)
            self._went_wrong(job, Outcome(worker, death=f"took longer than {self._job_timeout_s:g} s", code="timeout"))

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
        if isinstance(outcome.error, MemoryError):  # what is left of such a worker is not to be trusted with another job
            outcome = Outcome(outcome.worker, death=f"ran out of memory: {outcome.error}", code="out_of_memory")
        if outcome.error:
            self._raised(job, outcome.error)
        else:
            self._died(job, outcome)

    def _raised(self, job: Job, error: Exception) -> None:
        self._errors[job.key] += 1
        can_be_tried_again = isinstance(error, RootError) or not isinstance(error, AudiocotError)
        if self._errors[job.key] >= MAX_ERRORS or not can_be_tried_again:
            raise error
        log.warning("%s shard=%06d raised %r and is tried again", job.stage, job.shard, error)

    def _lose(self, outcome: Outcome) -> None:
        log.warning("worker %d is gone: %s", outcome.worker, outcome.death)
        self._pools.lose(outcome.worker)
        self._last_shard.pop(outcome.worker, None)

    def _died(self, job: Job, outcome: Outcome) -> None:
        log.warning("%s shard=%06d lost its worker", job.stage, job.shard)
        self._lose(outcome)
        if outcome.is_by_chance:
            return
        note_path = self._note_path(job)
        self._deaths[job.key] += 1
        if outcome.code != "killed_worker":
            self._deaths[job.key] = max(self._deaths[job.key], DEATHS_BEFORE_CARE)
        if not note_path:
            return
        if self._storage.exists(note_path):
            subject = self._storage.read(note_path).decode()
            self._storage.remove(note_path)
            self._set_aside[job.key][subject] = Rejected(outcome.code, f"{job.stage}: {outcome.death}")
            return
        self._deaths_without_culprit[job.key] += 1
        if self._deaths_without_culprit[job.key] >= MAX_DEATHS_WITHOUT_CULPRIT - DEATHS_BEFORE_CARE:
            raise ResourceError(
                f"stage {job.stage} must be able to start on shard {job.shard}, but its worker died "
                f"{self._deaths[job.key]} times before the first clip ({outcome.death}); is there enough memory for its model?"
            )
