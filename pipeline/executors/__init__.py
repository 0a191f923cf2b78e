"""Where jobs run: `local` in one process on this machine, `ray` in many, on a machine or a cluster. Same jobs, same results."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from annotators.serving.replies import ReplyStore
from pipeline.pools import Executor
from schemas.errors import RecipeError, ResourceError, unknown

EXECUTORS = ("ray", "local")


@dataclass(frozen=True)
class Shared:
    """What all workers of a build share.

    `has_gate`: whether any of them asks a server, so that limits must be shared. `worker_memory_gb`: the most that one may
    take; None: an equal share of its machine. `places`: paths that each must be able to see.
    """

    replies: ReplyStore | None = None
    has_gate: bool = False
    budget_usd: float | None = None
    worker_memory_gb: float | None = None
    places: tuple[str, ...] = ()

    def check_places(self) -> None:
        """Called on the machine of a worker. ResourceError if it does not have the same files as the driver."""
        for path in self.places:
            if not Path(path).exists():
                raise ResourceError(
                    f"every machine with workers must see {path}, and {socket.gethostname()} does not; mount it there under "
                    "the same name, or keep it in an object store"
                )


def usable_cores() -> int:
    """Cores this process may run on, which in a container or under taskset are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_executor(name: str) -> None:
    """RecipeError for an executor that does not exist."""
    if name not in EXECUTORS:
        raise RecipeError(unknown("executor", name, EXECUTORS))


def start_executor(name: str, shared: Shared | None = None) -> Executor:
    """Start what runs jobs, without workers yet. `shared` None: nothing is."""
    check_executor(name)
    if name == "local":
        from pipeline.executors.local import LocalExecutor

        return LocalExecutor(shared or Shared())
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # read on import; or Ray prints what it notices among our JSON
    from pipeline.executors.ray import RayExecutor

    return RayExecutor(shared or Shared())
