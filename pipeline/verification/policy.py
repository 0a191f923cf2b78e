"""What becomes of a chain of thought once its claims were judged: accept, repair or reject, by a named policy.

Three small decisions on top of each other, each pure: the witnesses' verdicts on one claim become one finding
(`ensemble.fuse`), the findings on a step's claims decide whether the step stays (`objection`), and what stays decides the
outcome (`decide`). A refuted step may have been written again; its rewriting takes its place where it holds (`rewriting`).
Only supported claims are ever listed as kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from pipeline.verification.ensemble import EnsembleParams, fuse
from pipeline.verification.rewriting import rewritings, written_claims
from schemas.reasoning import Claim, Cot, Decision, Repair, Step, Verdict
from schemas.vocabulary import ClaimType, Task, VerdictWord

VERSION = 3  # counts changes that decide otherwise under the same parameters
REFUTED = "is refuted"
_OPENINGS: dict[Task, str] = {
    "object": "Generate the sounds of this description alone.",
    "edit": "Edit the input into the target of this description.",
}


class Policy(EnsembleParams):
    """The parameters of a decision; stored as text with every decision."""

    name: str = Field("claimwise", description="what this policy is called in decisions and in the dataset card")
    unverifiable_steps: Literal["keep", "drop"] = Field(
        "drop", description="what to do with a step none of whose claims found support, and none of them refutation"
    )
    needs_support: tuple[ClaimType, ...] = Field(
        ("source",), description="claim types whose step is dropped unless they are supported"
    )
    min_steps: int = Field(2, ge=1, description="a chain with fewer steps left, avoidance not counted, is rejected")
    min_supported: int = Field(1, ge=0, description="a chain with fewer supported claims is rejected")
    max_refuted_frac: float = Field(0.5, ge=0, le=1, description="a chain with a larger share of refuted claims is rejected")
    max_words: int = Field(
        68, ge=20, description="length limit of a rebuilt instruction, as long as a generator's text encoder reads"
    )

    def __str__(self) -> str:
        """`name(parameter=value, …)` with every parameter that decides, as stored in `Decision.policy`."""
        values = {key: value for key, value in self.deciding().items() if key != "name"}
        if self.ensemble == "calibrated":
            values["calibration"] = self.table.identity
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in values.items())})"


def objection(claims: Sequence[Claim], findings: dict[str, VerdictWord], policy: Policy) -> str | None:
    """Why the step that makes `claims` cannot stay, None if it can. A step without claims finds no support."""
    words = {findings[claim.claim_id] for claim in claims}
    if "refuted" in words:
        return REFUTED
    for claim in claims:
        if claim.type in policy.needs_support and findings[claim.claim_id] != "supported":
            return f"makes a {claim.type} claim without support"
    if "supported" in words or policy.unverifiable_steps == "keep":
        return None
    return "finds no support"


def rebuilt_instruction(steps: Sequence[Step], max_words: int, task: Task = "base") -> str:
    """The instruction said again from the steps that stayed, in their order, whole sentences up to `max_words` words.

    A written instruction cannot be repaired sentence by sentence: nothing says which step a sentence came from. Avoidance
    keeps its place at the end even where a longer description has to be cut for it.
    """
    avoidance = [step.text for step in steps if step.is_avoidance]
    described = [_OPENINGS.get(task, "Generate audio that fits this description.")] + [
        step.text for step in steps if not step.is_avoidance
    ]
    room = max_words - sum(len(text.split()) for text in avoidance)
    chosen: list[str] = []
    for text in described:
        room -= len(text.split())
        if room < 0 and len(chosen) > 1:
            break
        chosen.append(text)
    return " ".join(chosen + avoidance)


def decide(
    cot: Cot, claims: Sequence[Claim], verdicts: Sequence[Verdict], policy: Policy, repairs: Sequence[Repair] = ()
) -> Decision:
    """The decision on one chain, from its own claims and all witnesses' verdicts; decoys and other chains are ignored.

    `claims` holds those of rewritten steps too. The counts of the decision are of the chain as it was written.
    """
    findings = _findings([claim for claim in claims if claim.cot_id == cot.cot_id], verdicts, policy)
    own = written_claims(cot, claims, repairs)
    objections = {
        index: why
        for index in range(len(cot.steps))
        if (why := objection([claim for claim in own if claim.step_index == index], findings, policy))
    }
    rewritten = {
        index: again for index, again in rewritings(cot, own, repairs, findings).items() if objections.get(index) == REFUTED
    }
    said = {index: f"{why} and rewritten" if index in rewritten else why for index, why in objections.items()}
    staying = {
        index: rewritten[index].step if index in rewritten else step
        for index, step in enumerate(cot.steps)
        if index not in objections or index in rewritten
    }
    kept_ids = [c.claim_id for c in own if c.step_index in staying.keys() - rewritten and findings[c.claim_id] == "supported"]
    kept_ids += [claim_id for again in rewritten.values() for claim_id in again.claim_ids]
    counts = Counter(findings[claim.claim_id] for claim in own)
    num_described = sum(not step.is_avoidance for step in staying.values())
    outcome, reason = _outcome(num_described, said, len(kept_ids), counts, policy)
    if outcome == "reject":
        staying, kept_ids = {}, []
    steps = list(staying.values())
    instructions = {"accept": cot.caption_cot, "repair": rebuilt_instruction(steps, policy.max_words, cot.task), "reject": None}
    return Decision(
        clip_id=cot.clip_id,
        model=f"policy@{VERSION}",
        cot_id=cot.cot_id,
        policy=str(policy),
        outcome=outcome,
        reason=reason,
        steps=steps,
        caption_cot=instructions[outcome],
        kept_claim_ids=kept_ids,
        dropped_claim_ids=[claim_id for claim_id in findings if claim_id not in kept_ids],
        num_supported=counts["supported"],
        num_refuted=counts["refuted"],
        num_unverifiable=counts["unverifiable"],
    )


def _findings(claims: Sequence[Claim], verdicts: Sequence[Verdict], policy: Policy) -> dict[str, VerdictWord]:
    """claim_id → what all witnesses together say."""
    by_claim: dict[str, list[Verdict]] = {claim.claim_id: [] for claim in claims}
    for verdict in verdicts:
        if verdict.claim_id in by_claim and not verdict.is_decoy:
            by_claim[verdict.claim_id].append(verdict)
    return {claim.claim_id: fuse(claim.type, by_claim[claim.claim_id], policy) for claim in claims}


def _outcome(
    num_described: int, objections: Mapping[int, str], num_kept: int, counts: Counter[VerdictWord], policy: Policy
) -> tuple[Literal["accept", "repair", "reject"], str]:
    """The outcome and one line that says which rule made it. `num_described`: steps left, avoidance not counted."""
    said = ", ".join(f"step {index + 1} {why}" for index, why in objections.items())
    if counts["refuted"] > policy.max_refuted_frac * counts.total():
        return "reject", f"{counts['refuted']} of {counts.total()} claims are refuted, over max_refuted_frac"
    if num_described < policy.min_steps:
        return "reject", f"{num_described} steps are left, under min_steps {policy.min_steps}" + (f": {said}" if said else "")
    if num_kept < policy.min_supported:
        return "reject", f"{num_kept} claims are supported, under min_supported {policy.min_supported}"
    if objections:
        return "repair", said
    return "accept", f"{num_kept} claims are supported and no step had to go"
