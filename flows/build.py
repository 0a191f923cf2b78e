"""The build flow: ingest → annotate → verify → pack → publish, as Prefect tasks over whole phases.

Prefect schedules, retries a phase when the storage or a node failed it, and shows artifacts; it is never asked what is done:
that is the dataset's own business, so a build works with no server configured (Prefect starts one of its own for the time of
the flow) and a lost Prefect database loses nothing. There are a handful of task runs per build, never one per clip.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows.recipe import Recipe, load_recipe, make_recipe, recipe_stages
from flows.server import prefect_server
from pipeline.accounting import StageAccount
from pipeline.build import Build, BuildReport, BuildSettings
from pipeline.executors import check_executor
from pipeline.plan import make_plan
from pipeline.progress import Progress, SilentProgress
from schemas.layout import Dataset

PHASES: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "annotate": ("detect_events", "track", "caption_audio", "caption_video", "reason", "ground", "find_objects"),
    "verify": ("plant_decoys", "verify", "listen", "repair", "recheck", "decide"),
    "objects": ("reason_objects", "plant_object_decoys", "verify_objects", "decide_objects"),
    "edits": ("plan_edits", "reason_edits", "plant_edit_decoys", "verify_edits", "decide_edits"),
    "questions": (
        "write_questions",
        "ask_teacher",
        "plant_question_decoys",
        "verify_questions",
        "decide_questions",
        "probe_audio",
    ),
}
_PROGRESS: ContextVar[Progress] = ContextVar("progress")  # a flow's parameters must be plain data


def _is_storage_trouble(task: Any, run: Any, state: Any) -> bool:
    """Only what may be gone on the next try is tried again: a bad recipe stays bad."""
    return isinstance(state.result(raise_on_failure=False), (OSError, ConnectionError))


def _phase(name: str, work: Callable[[Build], Any]) -> Any:
    """One phase as a Prefect task."""
    decorate = task(name=name, retries=2, retry_delay_seconds=10, retry_condition_fn=_is_storage_trouble, cache_policy=NO_CACHE)
    return decorate(work)


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
) -> BuildReport:
    """Build a dataset. `recipe`: a file, a preset's name, a mapping, or None for the default."""
    resolved = make_recipe(recipe, overrides) if isinstance(recipe, Mapping) else load_recipe(recipe, overrides)
    settings = build_settings(resolved, source=source, executor=executor, workers=workers, limit=limit, budget_usd=budget_usd)
    progress = _PROGRESS.get(SilentProgress())
    phases: dict[str, Callable[[Build], Any]] = {
        "scan": Build.scan,
        **{name: partial(Build.run_stages, phase=name, stages=stages) for name, stages in PHASES.items()},
        "pack": Build.pack,
        "publish": Build.publish,
    }
    with Build(Dataset.create(root), settings, progress) as build:
        shown = create_progress_artifact(0.0, key="progress", description=f"phases of the build of {root}")
        assert isinstance(shown, UUID)  # it would be a coroutine in an asynchronous flow
        for number, (name, work) in enumerate(phases.items(), start=1):
            report: BuildReport = _phase(name, work)(build)  # of the last phase
            update_progress_artifact(shown, 100.0 * number / len(phases))
    create_table_artifact(key="accounting", table=[_line(account) for account in report.accounts], description=report.release)
    return report


def build_settings(
    recipe: Recipe,
    *,
    source: str,
    executor: str = "ray",
    workers: int | None = None,
    limit: int | None = None,
    budget_usd: float | None = None,
) -> BuildSettings:
    """Everything a build needs, from a recipe and the command line."""
    check_executor(executor)
    return BuildSettings(
        name=recipe.name,
        plan=make_plan(recipe_stages(recipe)),
        policy=str(recipe.policy),
        release=recipe.release,
        splits=recipe.splits,
        recipe=recipe.model_dump(mode="json"),
        source=source,
        sources_per_shard=recipe.sources_per_shard,
        limit=limit,
        executor=executor,
        workers=workers,
        budget_usd=budget_usd,
    )


def build_dataset(
    recipe: Recipe,
    *,
    source: str,
    root: str,
    executor: str = "ray",
    workers: int | None = None,
    limit: int | None = None,
    budget_usd: float | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Run the flow in this process and report. Errors of ours come through as they are."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    token = _PROGRESS.set(progress or SilentProgress())
    try:
        with prefect_server():
            return build_flow(
                source=source,
                root=root,
                recipe=recipe.model_dump(mode="json"),
                executor=executor,
                workers=workers,
                limit=limit,
                budget_usd=budget_usd,
            )
    finally:
        _PROGRESS.reset(token)


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
