"""The `template` repairer: every refuted claim is corrected by measurement or dropped, and the step is said again.

A rewritten step says what was supported, what no witness can decide (inferences), and the corrections, each of which is judged
again afterwards. Of what could be measured but found no support it says nothing: the step has erred once.
"""

from collections.abc import Sequence

from pydantic import Field

from annotators.base import Annotator, Params
from annotators.repairs.corrections import corrected
from annotators.repairs.roles import JudgedClaim, RepairCase, Repaired, RepairedStep
from annotators.repairs.telling import step_text
from schemas.reasoning import Stated


class RepairParams(Params):
    """How far a correction may go."""

    near_s: float = Field(
        2.0,
        gt=0,
        description="an event that is not there moves to the nearest of its kind within this reach, or to the only one",
    )
    min_kind_score: float = Field(0.5, ge=0, le=1, description="an event whose kind is less clear is no correction")


class TemplateRepairer(Annotator[RepairCase, Repaired]):
    """Corrects by rules. Never rejects: a step with nothing left is dropped."""

    Params = RepairParams
    params: RepairParams
    batch_size = 16

    @property
    def model(self) -> str:
        return f"template@{self.version}"

    def annotate(self, batch: Sequence[RepairCase]) -> Sequence[Repaired]:
        return [self._repaired(case) for case in batch]

    def _repaired(self, case: RepairCase) -> Repaired:
        standing = [judged.claim for judged in case.claims if not judged.is_refuted]
        done: list[RepairedStep] = []
        for index in case.refuted_steps:
            repaired = self._step(case, index, standing)
            standing += repaired.new_claims
            done.append(repaired)
        return done

    def _step(self, case: RepairCase, index: int, standing: Sequence[Stated]) -> RepairedStep:
        told: list[Stated] = []
        new: list[Stated] = []
        for judged in case.of_step(index):
            if judged.is_refuted:
                correction = corrected(
                    judged, [*standing, *new], case.evidence.heard, self.params.near_s, self.params.min_kind_score
                )
                if correction is not None:
                    new.append(correction)
                    told.append(correction)
            elif _may_stay(judged):
                told.append(judged.claim)
        if not any(claim.type != "inference" for claim in told):
            return RepairedStep(index, None, remark="nothing else in it is supported, and nothing measured takes its place")
        text = step_text(case.steps[index], told, case.evidence.tracks, case.evidence.duration_s)
        remark = f"corrected: {' '.join(claim.text for claim in new)}" if new else "the rest of it stays"
        return RepairedStep(index, text, new, remark)


def _may_stay(judged: JudgedClaim) -> bool:
    return judged.is_supported or (judged.claim.type == "inference" and not judged.is_refuted)
