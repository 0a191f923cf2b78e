"""What a build would run, without running or writing anything: the grid that is left, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.build import done_keys
from pipeline.jobs import Key
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan
from pipeline.scan import ScanPreview, preview_scan
from schemas.media import Listing


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
