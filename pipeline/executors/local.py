"""The local executor: jobs run one after the other in this process, for tests, small work and `breakpoint()`.

It cannot survive what kills a process, and cannot interrupt a job that hangs; that is what the Ray executor is for.
"""

from collections.abc import Mapping

from pipeline.engine import Outcome
from pipeline.jobs import Job
from pipeline.worker import Worker
from schemas.errors import Rejected


class LocalExecutor:
    num_workers = 1

    def __init__(self) -> None:
        self._worker = Worker()
        self._submitted: tuple[Job, Mapping[str, Rejected], str | None] | None = None

    def is_ready(self, worker: int) -> bool:
        return True

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        self._submitted = (job, set_aside, note_path)

    def wait(self, timeout_s: float) -> list[Outcome]:
        """Runs the submitted job now, however long it takes."""
        if self._submitted is None:
            return []
        (job, set_aside, note_path), self._submitted = self._submitted, None
        try:
            return [Outcome(0, result=job.work(self._worker, set_aside, note_path))]
        except Exception as error:
            return [Outcome(0, error=error)]

    def replace(self, worker: int) -> None:
        self._worker.close()
        self._worker = Worker()

    def close(self) -> None:
        self._worker.close()
