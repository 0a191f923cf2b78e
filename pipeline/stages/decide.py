"""Decide: verdicts under a policy become accept, repair or reject. Costs no model call.

Chains of every task are decided on alike. Those of the base task have been repaired before, the others only lose steps.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from annotators.base import Params as AnyParams
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from pipeline.verification.policy import VERSION, Policy, decide
from schemas.errors import Filtered
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Decision, Repair, Verdict
from schemas.row import Row
from schemas.vocabulary import Task


class Decide(SampleStage[Sequence[Decision], Sequence[Decision]]):
    name = "decide"
    task: ClassVar[Task | None] = "base"
    version = VERSION
    requires: ClassVar[tuple[type[Row], ...]] = (Clip, Cot, Claim, Verdict)
    produces = (Decision,)
    Params = Policy

    def __init__(self, params: AnyParams, annotator: None = None) -> None:
        super().__init__(params, annotator)
        self._policy = Policy.model_validate(params.model_dump())

    def ask(self, sample: Sample) -> Sequence[Decision] | Filtered:
        chains = sample.of(Cot)
        if not chains:
            return Filtered("no_chain")
        decisions = []
        for cot in chains:
            claims = [claim for claim in sample.of(Claim) if claim.cot_id == cot.cot_id]
            names = {claim.claim_id for claim in claims}
            verdicts = [verdict for verdict in sample.of(Verdict) if verdict.claim_id in names]
            decisions.append(decide(cot, claims, verdicts, self._policy, self.repairs(sample)))
        return decisions

    def repairs(self, sample: Sample) -> Sequence[Repair]:
        """What was rewritten in the sample's chains."""
        return ()

    def rows(self, sample: Sample, answer: Sequence[Decision]) -> Iterable[Row]:
        return answer


class DecideRepaired(Decide):
    """The base chain's decision, in which rewritten steps take the place of refuted ones."""

    requires = (*Decide.requires, Repair)

    def repairs(self, sample: Sample) -> Sequence[Repair]:
        return sample.of(Repair)
