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
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE

from flows.recipe import Recipe, load_recipe, make_recipe, recipe_stages
from flows.server import prefect_server
from pipeline.accounting import StageAccount
from pipeline.build import Build, BuildReport, BuildSettings, done_keys
from pipeline.executors import check_executor
from pipeline.jobs import Key
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan, make_plan
from pipeline.progress import Progress, SilentProgress
from pipeline.scan import ScanPreview, preview_scan
from schemas.layout import Dataset
from schemas.media import Listing

PHASES: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest",),
    "annotate": ("detect_events", "track", "caption_audio", "caption_video", "reason", "ground"),
    "verify": ("plant_decoys", "verify", "listen", "decide"),
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


@dataclass(frozen=True)
class PlanRow:
    """What a build would do for one stage. `is_estimate`: clips and calls are guessed from the sources, before ingest."""

    stage: str
    model: str
    cells_total: int
    cells_done: int
    cells_to_run: int
    clips: int
    model_calls: int
    is_estimate: bool


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
    shards = [*preview.old_shards, *sorted(preview.new_shards)]
    if stage == SCAN:
        num_new = len(preview.new_shards)
        return PlanRow(SCAN, "–", len(shards), len(shards) - num_new, num_new, 0, 0, False)
    planned = plan[stage]
    to_run = [shard for shard in shards if (stage, shard) not in done]
    clips = _num_clips(plan, preview, done, to_run)
    calls = clips if planned.stage.annotator else 0
    is_estimate = any(("ingest", shard) not in done for shard in to_run)
    return PlanRow(stage, planned.stage.model, len(shards), len(shards) - len(to_run), len(to_run), clips, calls, is_estimate)


def _num_clips(plan: Plan, preview: ScanPreview, done: set[Key], shards: Sequence[int]) -> int:
    """Clips in these shards; where ingest has not been, its listed spans times the clips that a span gave so far (first: 1)."""
    dataset, ingest = preview.dataset, plan["ingest"]
    known_clips = known_spans = clips = spans = 0
    for shard in {*preview.old_shards, *preview.new_shards}:
        listings = preview.new_shards.get(shard)
        if listings is None and dataset is not None:
            listings = list(dataset.read_part(Listing, SCAN, SCAN_FINGERPRINT, shard))
        num_spans = sum(listing.duplicate_of is None for listing in listings or ())
        if dataset is not None and ("ingest", shard) in done:
            report = dataset.read_report(ingest.marker.table, "ingest", ingest.fingerprint, shard)
            found = int(report["num_rows"][ingest.marker.table])
            known_clips, known_spans = known_clips + found, known_spans + num_spans
            clips += found if shard in shards else 0
        elif shard in shards:
            spans += num_spans
    return clips + round(spans * (known_clips / known_spans if known_spans else 1.0))


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
