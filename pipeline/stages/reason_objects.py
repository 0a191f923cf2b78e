"""Reason about objects: every visible thing that makes a sound gets a chain of thought of its own (ThinkSound stage 2).

Which things are spoken of is decided here, by how consistently they are seen. How many were left out for which reason
is written as measurements; the numbers behind it are in the table `object`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from annotators.base import Annotator
from annotators.base import Params as AnyParams
from annotators.objects.chains.roles import ObjectCase
from pipeline.chain_rows import chain_rows
from pipeline.sample import Sample
from pipeline.stage import ManySampleStage
from pipeline.stages.reason import case_file
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.objects import Attribution, SceneObject
from schemas.reasoning import Claim, Cot, Reasoned
from schemas.row import Row
from schemas.vocabulary import Task


class ObjectFilterParams(AnyParams):
    """Which things are spoken of."""

    min_state_score: float = Field(0.5, ge=0, le=1, description="a thing that makes its sounds with less certainty is left out")
    min_coverage_frac: float = Field(
        0.5, ge=0, le=1, description="a thing that has a box for a smaller share of its visible time is left out"
    )
    max_lost_s: float = Field(2.0, ge=0, description="a thing that was out of sight for longer in between is left out")
    min_area_frac: float = Field(
        0.001, ge=0, le=1, description="a thing that covers a smaller share of the picture, on average, is left out"
    )

    min_in_sight_frac: float = Field(
        0.5, ge=0, le=1, description="a thing that is in sight for a smaller share of its sounds, on average, is left out"
    )

    def why_not(self, thing: SceneObject, own: Sequence[SoundEvent]) -> str | None:
        """Why a thing that makes the sounds `own` is left out, None for one that is kept. The first reason counts."""
        if thing.state != "sounding" or not own:
            return "unclear" if thing.state == "unclear" else "silent"
        if thing.state_score < self.min_state_score:
            return "uncertain"
        if thing.coverage_frac < self.min_coverage_frac or thing.lost_s > self.max_lost_s:
            return "inconsistent"
        if thing.mean_area_frac < self.min_area_frac:
            return "too_small"
        in_sight = sum(_in_sight_frac(event, thing) for event in own) / len(own)
        return "out_of_sight" if in_sight < self.min_in_sight_frac else None


def _in_sight_frac(event: SoundEvent, thing: SceneObject) -> float:
    """Share of a sound during which the thing is in sight."""
    shared_s = sum(max(0.0, min(event.end_s, span.end_s) - max(event.start_s, span.start_s)) for span in thing.visible)
    return shared_s / max(event.end_s - event.start_s, 1e-9)


class ReasonObjects(ManySampleStage[ObjectCase, Reasoned]):
    name = "reason_objects"
    task: ClassVar[Task | None] = "object"
    role = "object_reasoner"
    default_backend = "template"
    requires = (Clip, SoundEvent, Measurement, RoiTrack, MotionEvent, Caption, SceneObject, Attribution)
    produces = (Cot, Claim, Measurement)
    Params = ObjectFilterParams

    def __init__(self, params: AnyParams, annotator: Annotator[ObjectCase, Reasoned] | None = None) -> None:
        super().__init__(params, annotator)
        self._filters = ObjectFilterParams.model_validate(params.model_dump())

    def ask(self, sample: Sample) -> Sequence[ObjectCase] | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        kept = self._kept(sample)
        if not kept:
            return Filtered("no_kept_objects")
        clip = case_file(sample)
        by_event = {one.event_id: one for one in sample.of(Attribution)}
        makers = [by_event[event.event_id] for event in sample.of(SoundEvent)]
        return [ObjectCase(clip, sample.of(SceneObject), makers, thing.object_id) for thing in kept]

    def rows(self, sample: Sample, answer: Sequence[Reasoned]) -> Iterable[Row]:
        origin = self.provenance(sample)
        for thing, chain in zip(self._kept(sample), answer, strict=True):
            yield from chain_rows(origin, "object", chain, thing.object_id)
        outcomes = Counter(f"left_out_{why}" if why else "kept" for _, why in self._judged(sample))
        for outcome, count in sorted(outcomes.items()):
            yield Measurement(**origin, name=f"objects_{outcome}", value=count, unit="1")

    def _kept(self, sample: Sample) -> list[SceneObject]:
        return [thing for thing, why in self._judged(sample) if why is None]

    def _judged(self, sample: Sample) -> list[tuple[SceneObject, str | None]]:
        maker = {one.event_id: one.object_id for one in sample.of(Attribution)}
        made = {
            thing.object_id: [event for event in sample.of(SoundEvent) if maker.get(event.event_id) == thing.object_id]
            for thing in sample.of(SceneObject)
        }
        return [(thing, self._filters.why_not(thing, made[thing.object_id])) for thing in sample.of(SceneObject)]
