"""Where jobs run: `local` in this process, `ray` on a machine or a cluster. Same jobs, same results."""

import os
from dataclasses import dataclass

from annotators.serving.replies import ReplyStore
from pipeline.pools import Executor
from schemas.errors import RecipeError, unknown

EXECUTORS = ("ray", "local")


@dataclass(frozen=True)
class Shared:
    """What all workers of a build share. `has_gate`: whether any of them asks a server, so that limits must be shared."""

    replies: ReplyStore | None = None
    has_gate: bool = False
    budget_usd: float | None = None


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
    from pipeline.executors.ray import RayExecutor

    return RayExecutor(shared or Shared())
