"""The build as a Prefect flow: a task run for each phase, never one per clip, and artifacts for progress and accounts.

Prefect schedules, retries a phase when the storage or a node failed it, and shows what happened; it is never asked what is
done: that is the dataset's own business, so a lost Prefect database loses nothing. Only what needs Prefect imports this: that
takes a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows.build import NUM_PHASES, Phase, build_settings, run_phases
from flows.recipe import load_recipe, make_recipe
from pipeline.accounting import StageAccount
from pipeline.build import Build, BuildReport
from pipeline.progress import SilentProgress
from schemas.layout import Dataset

_BEGUN: ContextVar[Build | None] = ContextVar("begun", default=None)  # a flow's parameters must be plain data


@contextmanager
def goes_on_with(build: Build) -> Iterator[None]:
    """Within the block, the flow goes on with a build that this process has begun, whatever its parameters say."""
    token = _BEGUN.set(build)
    try:
        yield
    finally:
        _BEGUN.reset(token)


@flow(name="audiocot-build", log_prints=False, validate_parameters=False)
def build_flow(
    source: str,
    root: str,
    recipe: str | Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    executor: str = "ray",
    workers: int | None = None,
    limit: int | None = None,
    budget_usd: float | None = None,
    timeout_s: float = 3600.0,
    worker_memory_gb: float | None = None,
) -> BuildReport:
    """Build a dataset. `recipe`: a file, a preset's name, a mapping, or None for the default."""
    if begun := _BEGUN.get():
        return _run(begun)
    resolved = make_recipe(recipe, overrides) if isinstance(recipe, Mapping) else load_recipe(recipe, overrides)
    settings = build_settings(
        resolved, source=source, executor=executor, workers=workers, limit=limit, budget_usd=budget_usd, timeout_s=timeout_s,
        worker_memory_gb=worker_memory_gb,
    )  # fmt: skip
    with Build(Dataset.create(root), settings, SilentProgress()) as build:
        return _run(build)


def _run(build: Build) -> BuildReport:
    shown = create_progress_artifact(0.0, key="progress", description=f"phases of the build of {build.dataset.url}")
    assert isinstance(shown, UUID)  # it would be a coroutine in an asynchronous flow
    number = count(1)

    def as_task(name: str, phase: Phase) -> BuildReport | None:
        report: BuildReport | None = _task(name, phase)(build)
        update_progress_artifact(shown, 100.0 * next(number) / NUM_PHASES)
        return report

    report = run_phases(as_task)
    create_table_artifact(key="accounting", table=[_line(account) for account in report.accounts], description=report.release)
    return report


def _task(name: str, phase: Phase) -> Any:
    """One phase as a Prefect task."""
    decorate = task(name=name, retries=2, retry_delay_seconds=10, retry_condition_fn=_is_storage_trouble, cache_policy=NO_CACHE)
    return decorate(phase)


def _is_storage_trouble(task: Any, run: Any, state: Any) -> bool:
    """Only what may be gone on the next try is tried again: a bad recipe stays bad."""
    return isinstance(state.result(raise_on_failure=False), (OSError, ConnectionError))


def _line(account: StageAccount) -> dict[str, Any]:
    """One row of the accounting artifact."""
    return {
        "stage": account.stage,
        "in": account.num_in,
        "done": account.num_done,
        "filtered": ", ".join(f"{reason} {number}" for reason, number in account.filtered.items()),
        "failed": ", ".join(f"{code} {number}" for code, number in account.failed.items()),
        "adds up": account.adds_up,
    }
