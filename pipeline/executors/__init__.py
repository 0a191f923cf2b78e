"""Where jobs run: `local` in this process, `ray` on a machine or a cluster. Same jobs, same results."""

import os

from pipeline.engine import Executor
from schemas.errors import RecipeError, unknown

EXECUTORS = ("ray", "local")


def usable_cores() -> int:
    """Cores this process may run on, which in a container or under taskset are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_executor(name: str) -> None:
    """RecipeError for an executor that does not exist."""
    if name not in EXECUTORS:
        raise RecipeError(unknown("executor", name, EXECUTORS))


def start_executor(name: str, workers: int | None, cpus_per_worker: float = 1.0, gpus_per_worker: float = 0.0) -> Executor:
    """Start workers. `workers` None: as many as there are cores. ResourceError if the cluster has not got what is asked for."""
    check_executor(name)
    if name == "local":
        from pipeline.executors.local import LocalExecutor

        return LocalExecutor()
    from pipeline.executors.ray import RayExecutor

    return RayExecutor(workers, cpus_per_worker, gpus_per_worker)
