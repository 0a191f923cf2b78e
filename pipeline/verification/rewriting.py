"""Which rewritten steps may take the place of refuted ones.

The stage `repair` rewrites what any witness refutes and `recheck` has the new claims judged; neither knows a policy. Only here,
when a chain is decided on, it is settled whether the rewriting of a refuted step holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.reasoning import Claim, Cot, Repair, Step
from schemas.vocabulary import VerdictWord

Findings = Mapping[str, VerdictWord]  # claim_id → what all witnesses together say


def written_claims(cot: Cot, claims: Sequence[Claim], repairs: Sequence[Repair]) -> list[Claim]:
    """The claims of a chain as it was written, without those that repairs have added."""
    added = {claim_id for repair in repairs for claim_id in repair.new_claim_ids}
    return [claim for claim in claims if claim.cot_id == cot.cot_id and claim.claim_id not in added]


@dataclass(frozen=True)
class Rewriting:
    """A refuted step written again, with those of its claims that found support."""

    step: Step
    claim_ids: Sequence[str]


def rewritings(cot: Cot, written: Sequence[Claim], repairs: Sequence[Repair], findings: Findings) -> dict[int, Rewriting]:
    """The rewritten steps that hold, by index: those whose every new claim is supported, and that say something supported."""
    found: dict[int, Rewriting] = {}
    for repair in repairs:
        if repair.cot_id != cot.cot_id or repair.after is None:
            continue
        stayed = [
            claim.claim_id
            for claim in written
            if claim.step_index == repair.step_index
            and claim.claim_id not in repair.refuted_claim_ids
            and findings[claim.claim_id] == "supported"
        ]
        if any(findings.get(claim_id) != "supported" for claim_id in repair.new_claim_ids):
            continue
        if claim_ids := [*stayed, *repair.new_claim_ids]:
            step = cot.steps[repair.step_index].model_copy(update={"text": repair.after})
            found[repair.step_index] = Rewriting(step, claim_ids)
    return found
