"""The build flow: ingest → annotate → verify → pack → publish, as Prefect tasks over whole phases.

Prefect schedules, retries a phase when the storage or a node failed it, and shows artifacts; it is never asked what is done:
that is the dataset's own business, so a build works with no server configured (Prefect starts one of its own for the time of
the flow) and a lost Prefect database loses nothing. There are a handful of task runs per build, never one per clip.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.recipe import Recipe, load_recipe, make_recipe, recipe_stages
from flows.server import prefect_server
from pipeline.accounting import StageAccount
from pipeline.build import Build, BuildReport, BuildSettings, done_keys
from pipeline.executors import check_executor
from pipeline.jobs import Key
from pipeline.plan import SCAN, Plan, make_plan
from pipeline.progress import Progress, SilentProgress
from pipeline.scan import ScanPreview, preview_scan
from schemas.layout import Dataset

PHASES: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "annotate": ("detect_events", "track", "caption_audio", "caption_video", "reason"),
    "verify": ("plant_decoys", "verify", "decide"),
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
) -> BuildReport:
    """Build a dataset. `recipe`: a file, a preset's name, a mapping, or None for the default."""
    resolved = make_recipe(recipe, overrides) if isinstance(recipe, Mapping) else load_recipe(recipe, overrides)
    settings = build_settings(resolved, source=source, executor=executor, workers=workers, limit=limit)
    progress = _PROGRESS.get(SilentProgress())
    with Build(Dataset.create(root), settings, progress) as build:
        _phase("scan", Build.scan)(build)
        for name, stages in PHASES.items():
            _phase(name, partial(Build.run_stages, phase=name, stages=stages))(build)
        _phase("pack", Build.pack)(build)
        report: BuildReport = _phase("publish", Build.publish)(build)
    create_table_artifact(key="accounting", table=[_line(account) for account in report.accounts], description=report.release)
    return report


def build_settings(
    recipe: Recipe, *, source: str, executor: str = "ray", workers: int | None = None, limit: int | None = None
) -> BuildSettings:
    """Everything a build needs, from a recipe and the command line."""
    check_executor(executor)
    return BuildSettings(
        name=recipe.name,
        plan=make_plan(recipe_stages(recipe)),
        policy=str(recipe.policy),
        release=recipe.release,
        recipe=recipe.model_dump(mode="json"),
        source=source,
        sources_per_shard=recipe.sources_per_shard,
        limit=limit,
        executor=executor,
        workers=workers,
    )


def build_dataset(
    recipe: Recipe,
    *,
    source: str,
    root: str,
    executor: str = "ray",
    workers: int | None = None,
    limit: int | None = None,
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
            )
    finally:
        _PROGRESS.reset(token)


@dataclass(frozen=True)
class PlanRow:
    """What a build would do for one stage. `clips` is None where it is not known before ingest."""

    stage: str
    model: str
    cells_total: int
    cells_done: int
    cells_to_run: int
    clips: int | None
    model_calls: int | None


@dataclass(frozen=True)
class PlanReport:
    num_entries: int
    num_new_sources: int
    rows: list[PlanRow]


def plan_build(recipe: Recipe, *, source: str, root: str, limit: int | None = None) -> PlanReport:
    """What `build_dataset` would run, without running or writing anything."""
    settings = build_settings(recipe, source=source, limit=limit)
    preview = preview_scan(root, source, limit, recipe.sources_per_shard)
    done = done_keys(preview.dataset, settings.plan) if preview.dataset else set()
    return PlanReport(
        preview.num_entries,
        preview.num_new,
        [_plan_row(settings.plan, name, preview, done) for name in settings.plan.fingerprints],
    )


def _plan_row(plan: Plan, stage: str, preview: ScanPreview, done: set[Key]) -> PlanRow:
    old, new = preview.old_shards, sorted(preview.new_shards)
    if stage == SCAN:
        return PlanRow(SCAN, "–", len(old) + len(new), len(old), len(new), None, 0)
    planned = plan[stage]
    to_run = [shard for shard in (*old, *new) if (stage, shard) not in done]
    clips = _num_clips(plan, preview.dataset, done, to_run)
    calls = None if clips is None else clips * (planned.stage.annotator is not None)
    return PlanRow(
        stage, planned.stage.model, len(old) + len(new), len(old) + len(new) - len(to_run), len(to_run), clips, calls
    )


def _num_clips(plan: Plan, dataset: Dataset | None, done: set[Key], shards: Sequence[int]) -> int | None:
    """Clips in these shards; None as long as one of them is not ingested."""
    if any(("ingest", shard) not in done for shard in shards):
        return None
    if dataset is None:
        return 0
    ingest = plan["ingest"]
    reports = (dataset.read_report(ingest.marker.table, "ingest", ingest.fingerprint, shard) for shard in shards)
    return sum(int(report["num_rows"][ingest.marker.table]) for report in reports)


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
