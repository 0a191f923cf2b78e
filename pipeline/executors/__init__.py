"""Where jobs run: `local` in this process, `ray` on a machine or a cluster. Same jobs, same results."""

from pipeline.engine import Executor
from schemas.errors import RecipeError, unknown

EXECUTORS = ("ray", "local")


def start_executor(name: str, workers: int | None, cpus_per_worker: float = 1.0, gpus_per_worker: float = 0.0) -> Executor:
    """Start workers. `workers` None: as many as there are cores. ResourceError if the cluster has not got what is asked for."""
    if name == "local":
        from pipeline.executors.local import LocalExecutor

        return LocalExecutor()
    if name == "ray":
        from pipeline.executors.ray import RayExecutor

        return RayExecutor(workers, cpus_per_worker, gpus_per_worker)
    raise RecipeError(unknown("executor", name, EXECUTORS))
