"""Plant edit decoys: claims about editing tasks that are false of the sound they name."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from annotators.base import Params as AnyParams
from annotators.edits.sounds import sounds_of
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from pipeline.stages.plant_decoys import DecoyParams
from pipeline.stages.reason_edits import heard_case
from pipeline.verification.edit_decoys import VERSION, plant_edit_decoys
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.evidence import Measurement, SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Decoy
from schemas.row import Row
from schemas.vocabulary import Task


class PlantEditDecoys(SampleStage[Sequence[Decoy], Sequence[Decoy]]):
    """The parameters count per chain, as each is about two sounds of its own."""

    name = "plant_edit_decoys"
    task: ClassVar[Task | None] = "edit"
    version = VERSION
    requires = (Clip, SoundEvent, Measurement, Edit, Cot, Claim)
    produces = (Decoy,)
    Params = DecoyParams

    def __init__(self, params: AnyParams, annotator: None = None) -> None:
        super().__init__(params, annotator)
        self._decoy_params = DecoyParams.model_validate(params.model_dump())

    def begin(self, samples: Sequence[Sample]) -> None:
        self._samples = {sample.clip.clip_id: sample for sample in samples}

    def ask(self, sample: Sample) -> Sequence[Decoy] | Filtered:
        if not sample.of(Claim):
            return Filtered("no_claims")
        others = [claim for other in self._samples.values() if other is not sample for claim in other.of(Claim)]
        edits = {edit.edit_id: edit for edit in sample.of(Edit)}
        found: list[Decoy] = []
        for cot in sample.of(Cot):
            edit = edits[cot.subject_id or ""]
            claims = [claim for claim in sample.of(Claim) if claim.cot_id == cot.cot_id]
            other = heard_case(self._samples[edit.other_clip_id]) if edit.other_clip_id else None
            sounds = sounds_of(edit, heard_case(sample), other)
            params = self._decoy_params
            found += plant_edit_decoys(edit, claims, others, sounds, params.seed, params.per_kind)
        return found

    def rows(self, sample: Sample, answer: Sequence[Decoy]) -> Iterable[Row]:
        return answer
