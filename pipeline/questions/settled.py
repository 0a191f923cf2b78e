"""What a decision means for a chain that answers a question.

Its last step is its answer: where that step had to go, what is left reasons to nothing, whatever of it was supported. Where
other steps had to go, the answer is said as before; it is no instruction for a sound that could be written again from what
stayed.
"""

from schemas.reasoning import Cot, Decision


def settled(decision: Decision, cot: Cot) -> Decision:
    """The decision on a question's chain."""
    if decision.outcome == "reject":
        return decision
    if cot.steps[-1] in decision.steps:
        return decision.model_copy(update={"caption_cot": cot.caption_cot})
    lost = {
        "outcome": "reject",
        "reason": f"the step that answers had to go: {decision.reason}",
        "steps": [],
        "caption_cot": None,
        "kept_claim_ids": [],
        "dropped_claim_ids": [*decision.kept_claim_ids, *decision.dropped_claim_ids],
    }
    return decision.model_copy(update=lost)
