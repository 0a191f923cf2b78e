"""Reason about edits: an instruction and a chain of thought about the two sounds of each task (ThinkSound stage 3)."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from annotators.edits.roles import EditCase
from annotators.roles import CaseFile
from pipeline.chain_rows import chain_rows
from pipeline.sample import Sample
from pipeline.stage import ManySampleStage
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Reasoned
from schemas.row import Row
from schemas.vocabulary import Task


class ReasonEdits(ManySampleStage[EditCase, Reasoned]):
    """What is seen is left out: a task is about two sounds, and the picture belongs to one of them at most."""

    name = "reason_edits"
    task: ClassVar[Task | None] = "edit"
    also_reads = ("base",)  # the instructions of the clips' base chains
    role = "edit_reasoner"
    default_backend = "template"
    requires = (Clip, SoundEvent, Measurement, Caption, Cot, Edit)
    produces = (Cot, Claim)

    def begin(self, samples: Sequence[Sample]) -> None:
        self._samples = {sample.clip.clip_id: sample for sample in samples}

    def ask(self, sample: Sample) -> Sequence[EditCase] | Filtered:
        edits = sample.of(Edit)
        if not edits:
            return Filtered("no_edits")
        return [
            EditCase(
                edit=edit,
                clip=heard_case(sample, sample.of(Caption)),
                other=heard_case(other, other.of(Caption)) if other else None,
                clip_instruction=_base_instruction(sample),
                other_instruction=_base_instruction(other) if other else None,
            )
            for edit in edits
            for other in [self._samples[edit.other_clip_id] if edit.other_clip_id else None]
        ]

    def rows(self, sample: Sample, answer: Sequence[Reasoned]) -> Iterable[Row]:
        origin = self.provenance(sample)
        for edit, chain in zip(sample.of(Edit), answer, strict=True):
            for claim in chain.claims:
                if claim.media is None and claim.type != "inference":
                    raise ValueError(f"a claim of an edit says whether it is about its input or its target, got {claim.text!r}")
            yield from chain_rows(origin, "edit", chain, edit.edit_id)


def heard_case(sample: Sample, captions: Sequence[Caption] = ()) -> CaseFile:
    """What is known of a clip's sound."""
    return CaseFile(
        clip_id=sample.clip.clip_id,
        duration_s=sample.clip.duration_s,
        width_px=None,
        height_px=None,
        label=sample.clip.label,
        captions=[caption for caption in captions if caption.modality == "audio"],
        heard=sample.of(SoundEvent),
        measurements=sample.of(Measurement),
        tracks=[],
        seen=[],
    )


def _base_instruction(sample: Sample) -> str | None:
    return next((cot.caption_cot for cot in sample.of(Cot) if cot.task == "base"), None)
