"""What the clips that a stage has left to do are expected to cost on a served model.

The ledger is asked first: once the stage has asked this model about clips of this dataset, the mean of what they took is what
the others are expected to take. Before that, the annotator reckons for a clip of the usual length. Nothing is run or asked.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from annotators.base import CallEstimate
from pipeline.catalog import Catalog
from pipeline.ingest import IngestParams
from pipeline.plan import Plan, PlannedStage
from pipeline.spent import Spent
from schemas.accounting import Usage
from schemas.layout import Dataset
from schemas.media import Clip

_MEAN_CLIP = "select avg(duration_s) as duration_s, avg(has_video::int) as video_frac from clip"
_NOTHING = CallEstimate(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class UsualClip:
    """The mean clip. `video_frac`: share of the clips that have a picture."""

    duration_s: float
    video_frac: float


@dataclass(frozen=True)
class StageEstimate:
    """Of all clips that are left. `is_from_ledger`: by what others of this dataset took; else by the annotator's reckoning."""

    calls: CallEstimate
    is_from_ledger: bool


def usual_clip(dataset: Dataset | None, plan: Plan) -> UsualClip:
    """Of the clips that ingest made; a window's length, with a picture, where it has made none."""
    ingest = plan["ingest"]
    if dataset and dataset.shards_with_part(Clip.table, ingest.name, ingest.fingerprint):
        with Catalog(dataset, plan.fingerprints) as catalog:
            (mean,) = catalog.query(_MEAN_CLIP).to_pylist()
        if mean["duration_s"] is not None:  # there are shards without a clip
            return UsualClip(**mean)
    return UsualClip(IngestParams.model_validate(ingest.stage.params.model_dump()).window_s, 1.0)


def stage_estimate(dataset: Dataset | None, planned: PlannedStage, usual: UsualClip, num_clips: int) -> StageEstimate | None:
    """What `num_clips` more clips are expected to cost. None for a stage whose model is not served."""
    reckoned = _reckoned(planned, usual)
    if reckoned is None:
        return None
    found = _from_ledger(dataset, planned, reckoned) if dataset else None
    return StageEstimate((found or reckoned).times(num_clips), is_from_ledger=found is not None)


def total(estimates: Iterable[CallEstimate]) -> CallEstimate:
    """The sum. Its `usd` is that of the models with a price, None where none has one."""
    found = list(estimates)
    priced = [one.usd for one in found if one.usd is not None]
    return replace(sum((replace(one, usd=0.0) for one in found), _NOTHING), usd=sum(priced) if priced else None)


def _reckoned(planned: PlannedStage, usual: UsualClip) -> CallEstimate | None:
    """For one clip, by the annotator."""
    annotator = planned.stage.annotator
    if annotator is None:
        return None
    seen, unseen = (annotator.estimate(usual.duration_s, has_video) for has_video in (True, False))
    if seen is None or unseen is None:
        return None
    return seen.times(usual.video_frac) + unseen.times(1 - usual.video_frac)


def _from_ledger(dataset: Dataset, planned: PlannedStage, reckoned: CallEstimate) -> CallEstimate | None:
    """For one clip, by the rows of this stage and model: those of the same fingerprint if there are any, else all."""
    folders = [name for name in dataset.storage.names(f"tables/{Usage.table}") if name.rpartition("-")[0] == planned.name]
    generations = [name.rpartition("-")[2] for name in folders]
    return _mean(dataset, planned, {planned.fingerprint[:8]} & set(generations) or generations, reckoned)


def _mean(dataset: Dataset, planned: PlannedStage, generations: Iterable[str], reckoned: CallEstimate) -> CallEstimate | None:
    """What a clip takes that finds no reply in the dataset. A probe of what a server can do belongs to no clip."""
    marker, stage = planned.marker.table, planned.name
    cells = [
        (generation, shard)
        for generation in generations
        for shard in dataset.shards_with_part(marker, stage, generation)
        & dataset.shards_with_part(Usage.table, stage, generation)
    ]

    def read(cell: tuple[str, int]) -> tuple[Spent, int]:
        rows = [row for row in dataset.read_part(Usage, stage, *cell) if row.clip_id and row.model == planned.stage.model]
        return Spent.of(rows), int(dataset.read_report(marker, stage, *cell)["num_in"]) if rows else 0

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(read, cells))
    spent, num_clips = sum((one for one, _ in found), Spent()), sum(number for _, number in found)
    if not spent.num_calls:
        return None
    share = (spent.num_calls + spent.num_reused) / spent.num_calls / num_clips
    usd = reckoned.usd if spent.num_unpriced else share * spent.usd
    paid = CallEstimate(spent.num_calls, spent.prompt_tokens, spent.completion_tokens, spent.audio_s, None)
    return replace(paid.times(share), usd=usd)
