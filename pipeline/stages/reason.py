"""Reason: all evidence about a clip becomes a chain of thought with claims that can be checked (ThinkSound stage 1)."""

from collections.abc import Iterable
from typing import ClassVar

from annotators.roles import CaseFile
from pipeline.chain_rows import chain_rows
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Reasoned
from schemas.row import Row
from schemas.vocabulary import Task


class Reason(SampleStage[CaseFile, Reasoned]):
    name = "reason"
    task: ClassVar[Task | None] = "base"
    role = "reasoner"
    default_backend = "template"
    requires = (Clip, SoundEvent, Measurement, RoiTrack, MotionEvent, Caption)
    produces = (Cot, Claim)

    def ask(self, sample: Sample) -> CaseFile:
        return case_file(sample)

    def rows(self, sample: Sample, answer: Reasoned) -> Iterable[Row]:
        return chain_rows(self.provenance(sample), "base", answer)


def case_file(sample: Sample) -> CaseFile:
    """All evidence about a clip, for a stage that requires all of its tables."""
    return CaseFile(
        clip_id=sample.clip.clip_id,
        duration_s=sample.clip.duration_s,
        width_px=sample.clip.width_px,
        height_px=sample.clip.height_px,
        label=sample.clip.label,
        captions=sample.of(Caption),
        heard=sample.of(SoundEvent),
        measurements=sample.of(Measurement),
        tracks=sample.of(RoiTrack),
        seen=sample.of(MotionEvent),
    )
