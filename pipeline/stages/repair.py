"""Repair: steps that a witness refutes are written again from what was measured, or dropped. The rest of a chain stays.

Which refutations count is decided later, by a policy (`pipeline.verification.rewriting`); here every step with a claim that
any witness refutes is repaired, so that deciding again under another policy needs no other repair. Chains without one cost
nothing.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from annotators.repairs.roles import JudgedClaim, RepairCase, Repaired, RepairedStep
from pipeline.sample import Sample
from pipeline.stage import ManySampleStage
from pipeline.stages.reason import case_file
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Judged, Stated, Verdict
from schemas.reasoning import Repair as RepairRow
from schemas.row import Row
from schemas.vocabulary import Task


class Repair(ManySampleStage[RepairCase, Repaired]):
    name = "repair"
    task: ClassVar[Task | None] = "base"
    role = "repairer"
    default_backend = "template"
    requires = (Clip, SoundEvent, Measurement, RoiTrack, MotionEvent, Caption, Cot, Claim, Verdict)
    produces = (RepairRow, Claim)

    def ask(self, sample: Sample) -> Sequence[RepairCase] | Filtered:
        cases = list(_cases(sample).values())
        return cases or Filtered("nothing_refuted")

    def rows(self, sample: Sample, answer: Sequence[Repaired]) -> Iterable[Row]:
        """Each new claim belongs to the step that it is told in."""
        for (cot_id, case), repaired in zip(_cases(sample).items(), answer, strict=True):
            number = 0
            for index, step in zip(case.refuted_steps, repaired, strict=True):
                if step.step_index != index:
                    raise ValueError(f"the repair of step {index} must come next, got that of step {step.step_index}")
                ids = [f"{cot_id}/r{number + at:02d}" for at in range(len(step.new_claims))]
                number += len(ids)
                yield self._row(sample, cot_id, case, step, ids)
                for claim_id, claim in zip(ids, step.new_claims, strict=True):
                    fields = claim.model_dump() | {"step_index": index}
                    yield Claim(**self.provenance(sample), claim_id=claim_id, cot_id=cot_id, **fields)

    def _row(self, sample: Sample, cot_id: str, case: RepairCase, step: RepairedStep, new_ids: list[str]) -> RepairRow:
        own = [claim for claim in sample.of(Claim) if claim.cot_id == cot_id and claim.step_index == step.step_index]
        refuted = [
            (claim, judged) for claim, judged in zip(own, case.of_step(step.step_index), strict=True) if judged.is_refuted
        ]
        reasons = [_told(claim.text, judged) for claim, judged in refuted]
        return RepairRow(
            **self.provenance(sample),
            cot_id=cot_id,
            step_index=step.step_index,
            action="drop" if step.text is None else "rewrite",
            reason="; ".join(filter(None, [*reasons, step.remark])),
            before=case.steps[step.step_index].text,
            after=step.text,
            refuted_claim_ids=[claim.claim_id for claim, _ in refuted],
            new_claim_ids=new_ids,
        )


def _told(text: str, judged: JudgedClaim) -> str:
    """Who refutes a claim, and why."""
    return f"“{text}” is refuted by " + " and by ".join(f"{who} ({said.reason})" for who, said in judged.says("refuted"))


def _cases(sample: Sample) -> dict[str, RepairCase]:
    """cot_id → the repair of that chain, for chains that some witness refutes in part."""
    verdicts: dict[str, list[tuple[str, Judged]]] = {}
    for verdict in sample.of(Verdict):
        judged = Judged.model_validate(verdict.model_dump(include=set(Judged.model_fields)))
        verdicts.setdefault(verdict.claim_id, []).append((verdict.witness, judged))
    cases = {
        cot.cot_id: RepairCase(
            evidence=case_file(sample),
            steps=cot.steps,
            claims=[
                JudgedClaim(_stated(claim), verdicts.get(claim.claim_id, []))
                for claim in sample.of(Claim)
                if claim.cot_id == cot.cot_id
            ],
        )
        for cot in sample.of(Cot)
    }
    return {cot_id: case for cot_id, case in cases.items() if case.refuted_steps}


def _stated(claim: Claim) -> Stated:
    return Stated.model_validate(claim.model_dump(include=set(Stated.model_fields)))
