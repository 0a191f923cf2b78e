"""What a build would run and what that is expected to cost, without running, asking or writing anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.base import CallEstimate
from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.build import done_keys
from pipeline.estimates import UsualClip, stage_estimate, total, usual_clip
from pipeline.jobs import Key
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan
from pipeline.scan import ScanPreview, preview_scan
from schemas.media import Listing


@dataclass(frozen=True)
class PlanRow:
    """What a build would do for one stage. `is_estimate`: clips and calls are guessed from the sources, before ingest.

    `served`: what the clips are expected to cost, None for a model that is not served. `is_from_ledger`: by what the clips
    that are done took, else by the annotator's own reckoning.
    """

    stage: str
    model: str
    cells_total: int
    cells_done: int
    cells_to_run: int
    clips: int
    model_calls: int
    is_estimate: bool
    served: CallEstimate | None = None
    is_from_ledger: bool = False


@dataclass(frozen=True)
class PlanReport:
    """`total`: of all served models, None where there are none; its `usd` leaves out the models `without_price`."""

    num_entries: int
    num_new_sources: int
    rows: list[PlanRow]
    total: CallEstimate | None
    without_price: list[str]


def plan_build(recipe: Recipe, *, source: str, root: str, limit: int | None = None) -> PlanReport:
    """What `build_dataset` would run, without running or writing anything."""
    settings = build_settings(recipe, source=source, limit=limit)
    preview = preview_scan(root, source, limit, recipe.sources_per_shard)
    done = done_keys(preview.dataset, settings.plan) if preview.dataset else set()
    usual = usual_clip(preview.dataset, settings.plan)
    rows = [_plan_row(settings.plan, name, preview, done, usual) for name in settings.plan.fingerprints]
    served = [row.served for row in rows if row.served]
    without_price = sorted({row.model for row in rows if row.served and row.served.num_calls and row.served.usd is None})
    return PlanReport(preview.num_entries, preview.num_new, rows, total(served) if served else None, without_price)


def _plan_row(plan: Plan, stage: str, preview: ScanPreview, done: set[Key], usual: UsualClip) -> PlanRow:
    shards = [*preview.old_shards, *sorted(preview.new_shards)]
    if stage == SCAN:
        num_new = len(preview.new_shards)
        return PlanRow(SCAN, "–", len(shards), len(shards) - num_new, num_new, 0, 0, False)
    planned = plan[stage]
    to_run = [shard for shard in shards if (stage, shard) not in done]
    clips = _num_clips(plan, preview, done, to_run)
    expected = stage_estimate(preview.dataset, planned, usual, clips)
    return PlanRow(
        stage,
        planned.stage.model,
        cells_total=len(shards),
        cells_done=len(shards) - len(to_run),
        cells_to_run=len(to_run),
        clips=clips,
        model_calls=round(expected.calls.num_calls) if expected else clips if planned.stage.annotator else 0,
        is_estimate=any(("ingest", shard) not in done for shard in to_run),
        served=expected.calls if expected else None,
        is_from_ledger=expected is not None and expected.is_from_ledger,
    )


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
