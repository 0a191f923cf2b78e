"""The Ray executor: one actor per worker, on this machine or on the cluster that RAY_ADDRESS names.

The only file that knows Ray. Actors never restart and calls never retry by themselves: who tries what again is the engine's
business alone. Media never passes through the object store, so it is kept at its smallest.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

import ray

from pipeline.engine import Outcome
from pipeline.executors import usable_cores
from pipeline.jobs import Job
from pipeline.worker import Worker
from schemas.errors import Rejected, ResourceError

log = logging.getLogger(__name__)
_OBJECT_STORE_BYTES = 100 * 2**20  # reports and plans only


class _Actor:
    def __init__(self) -> None:
        self._worker = Worker()

    def start(self) -> int:
        return self._worker.pid

    def run(self, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> Any:
        return job.work(self._worker, set_aside, note_path)


class RayExecutor:
    """`workers` None: as many as the free CPUs allow. Starts Ray if it is not running, and stops it then, too."""

    def __init__(self, workers: int | None, cpus_per_worker: float, gpus_per_worker: float) -> None:
        self._actors: dict[int, Any] = {}
        self._starting: dict[Any, int] = {}  # reference to `start` → worker
        self._running: dict[Any, int] = {}  # reference to `run` → worker
        self._owns_ray = not ray.is_initialized()
        if self._owns_ray:
            _start_ray(usable_cores())
        total = ray.cluster_resources()
        cpus, gpus = total.get("CPU", 0.0), total.get("GPU", 0.0)
        fits = int(cpus // cpus_per_worker) if cpus_per_worker else 1
        if gpus_per_worker:
            fits = min(fits, int(gpus // gpus_per_worker))
        self.num_workers = workers or fits
        if self.num_workers < 1 or self.num_workers > fits:
            self.close()
            raise ResourceError(
                f"{workers or 1} workers with {cpus_per_worker:g} CPUs and {gpus_per_worker:g} GPUs each were asked for; "
                f"the cluster has {cpus:g} CPUs and {gpus:g} GPUs; ask for fewer with --workers, or use --executor local"
            )
        self._options = {"num_cpus": cpus_per_worker, "num_gpus": gpus_per_worker}
        for worker in range(self.num_workers):
            self._start(worker)

    def _start(self, worker: int) -> None:
        self._actors[worker] = ray.remote(_Actor).options(max_restarts=0, max_task_retries=0, **self._options).remote()
        self._starting[self._actors[worker].start.remote()] = worker

    def is_ready(self, worker: int) -> bool:
        return worker not in self._starting.values()

    def submit(self, worker: int, job: Job, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        self._running[self._actors[worker].run.remote(job, dict(set_aside), note_path)] = worker

    def wait(self, timeout_s: float) -> list[Outcome]:
        """ResourceError if a worker could not be started at all."""
        ready, _ = ray.wait([*self._running, *self._starting], num_returns=1, timeout=timeout_s)
        outcomes = []
        for reference in ready:
            if reference in self._running:
                outcomes.append(self._outcome(reference))
            else:
                worker = self._starting.pop(reference)
                _check_started(worker, reference)
        return outcomes

    def _outcome(self, reference: Any) -> Outcome:
        worker = self._running.pop(reference)
        try:
            return Outcome(worker, result=ray.get(reference))
        except ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(getattr(error, "cause", None), Exception) else error
            return Outcome(worker, error=cause)
        except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError) as error:
            return Outcome(worker, death=str(error).splitlines()[0])

    def replace(self, worker: int) -> None:
        ray.kill(self._actors[worker], no_restart=True)
        for references in (self._running, self._starting):
            for reference in [reference for reference, number in references.items() if number == worker]:
                del references[reference]
        self._start(worker)

    def close(self) -> None:
        for actor in self._actors.values():
            ray.kill(actor, no_restart=True)
        if self._owns_ray:
            ray.shutdown()


def _check_started(worker: int, reference: Any) -> None:
    try:
        ray.get(reference)
    except ray.exceptions.RayError as error:
        raise ResourceError(f"worker {worker} could not be started: {str(error).splitlines()[0]}") from None


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
