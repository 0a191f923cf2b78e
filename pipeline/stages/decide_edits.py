"""Decide on the chains about edits: as on any other, and a chain that no longer says what changes is rejected."""

from collections.abc import Sequence
from typing import ClassVar

from annotators.edits.sounds import CHANGED_IN
from pipeline.sample import Sample
from pipeline.stages.decide import Decide
from schemas.edits import Edit
from schemas.errors import Filtered
from schemas.reasoning import Claim, Cot, Decision
from schemas.vocabulary import ANY_SOUND, Task


class DecideEdits(Decide):
    name = "decide_edits"
    task: ClassVar[Task | None] = "edit"
    requires = (*Decide.requires, Edit)

    def ask(self, sample: Sample) -> Sequence[Decision] | Filtered:
        decisions = super().ask(sample)
        if isinstance(decisions, Filtered):
            return decisions
        subjects = {cot.cot_id: cot.subject_id for cot in sample.of(Cot)}
        edits = {edit.edit_id: edit for edit in sample.of(Edit)}
        return [_about_its_change(decision, edits[subjects[decision.cot_id] or ""], sample.of(Claim)) for decision in decisions]


def _about_its_change(decision: Decision, edit: Edit, claims: Sequence[Claim]) -> Decision:
    """The decision, or a rejection if nothing that is supported tells input and target apart."""
    own = [claim for claim in claims if claim.cot_id == decision.cot_id]
    kept = [claim for claim in own if claim.claim_id in decision.kept_claim_ids]
    if decision.outcome == "reject" or any(_tells_apart(edit, claim, own) for claim in kept):
        return decision
    return decision.model_copy(
        update={
            "outcome": "reject",
            "reason": "no supported claim says what changes",
            "steps": [],
            "caption_cot": None,
            "kept_claim_ids": [],
            "dropped_claim_ids": [claim.claim_id for claim in own],
        }
    )


def _tells_apart(edit: Edit, claim: Claim, own: Sequence[Claim]) -> bool:
    """Whether a claim is that something sounds within the mask where one of the two has more, and is not said of the other as
    well; or that the other is silent there."""
    start_s, end_s = edit.mask[0].first / edit.sample_rate_hz, edit.mask[-1].end / edit.sample_rate_hz
    if claim.start_s is None or not start_s - 0.1 <= claim.start_s < end_s:  # claims are rounded to 0.1 s
        return False
    if claim.media != CHANGED_IN[edit.operation]:
        return claim.type == "absence" and claim.subject == ANY_SOUND
    in_both = {(one.subject, one.start_s) for one in own if one.type == "event" and one.media not in (None, claim.media)}
    return claim.type in ("event", "count", "attribute") and (claim.subject, claim.start_s) not in in_both
