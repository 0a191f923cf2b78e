"""Decide on the chains about things: as on any other, and a chain about a thing that does not make its sounds is rejected.

A step that says who makes a sound and finds no support is dropped, and what is left describes sounds without a maker. One that
is refuted says more: the chain as a whole is about the wrong thing.
"""

from collections.abc import Sequence
from typing import ClassVar

from pipeline.sample import Sample
from pipeline.stages.decide import Decide
from pipeline.verification.ensemble import fuse
from schemas.errors import Filtered
from schemas.reasoning import Claim, Cot, Decision, Verdict
from schemas.vocabulary import Task


class DecideObjects(Decide):
    name = "decide_objects"
    task: ClassVar[Task | None] = "object"

    def ask(self, sample: Sample) -> Sequence[Decision] | Filtered:
        decisions = super().ask(sample)
        if isinstance(decisions, Filtered):
            return decisions
        chains = {cot.cot_id: cot for cot in sample.of(Cot)}
        return [
            self._about_its_thing(decision, chains[decision.cot_id], sample.of(Claim), sample.of(Verdict))
            for decision in decisions
        ]

    def _about_its_thing(self, decision: Decision, cot: Cot, claims: Sequence[Claim], verdicts: Sequence[Verdict]) -> Decision:
        """The decision, or a rejection if it is refuted that the thing makes a sound that the chain describes as its own."""
        own = [claim for claim in claims if claim.cot_id == cot.cot_id]
        for claim in own:
            if claim.type != "source" or cot.steps[claim.step_index].is_avoidance or decision.outcome == "reject":
                continue
            if fuse("source", [one for one in verdicts if one.claim_id == claim.claim_id], self._policy) == "refuted":
                return decision.model_copy(
                    update={
                        "outcome": "reject",
                        "reason": f"step {claim.step_index + 1} is refuted: the thing does not make the sound",
                        "steps": [],
                        "caption_cot": None,
                        "kept_claim_ids": [],
                        "dropped_claim_ids": [one.claim_id for one in own],
                    }
                )
        return decision
