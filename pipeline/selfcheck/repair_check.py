"""How well repair does: chains of the build are corrupted with claims known to be false, then judged, repaired and decided on.

In each chain one or two steps are made to hallucinate: a false claim takes the place of a claim about the same, or is added,
and the step is said again with it. The build's own stages do the rest, in memory. What counts: the other steps must stay, and
no step may be left that says something false, be it the planted claim or one that repair has put in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from annotators.media import Media
from annotators.repairs.telling import step_text
from pipeline.plan import Plan
from pipeline.sample import Sample
from pipeline.scenes import SceneTruth
from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.hallucinations import hallucination
from pipeline.selfcheck.truth_claims import PlantedClaim
from pipeline.selfcheck.truth_judge import is_true
from pipeline.stage import SampleStage
from schemas.errors import AudiocotError, Rejected
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Cot, Decision, Decoy, Repair, Verdict
from schemas.row import AnnotationRow, Row

MOST_CORRUPTED = 2
MAX_FALSE_FRAC = 0.01  # of the steps left in accepted chains
_LEAST_STEPS = 4  # a chain with fewer gets one false claim only
EVIDENCE: tuple[type[AnnotationRow], ...] = (SoundEvent, Measurement, RoiTrack, MotionEvent, Caption)


@dataclass(frozen=True)
class Corrupted:
    """A chain with false claims in it. `false_ids`: these claims; they are the ones of `steps`."""

    cot: Cot
    claims: list[Claim]
    false_ids: set[str]

    @property
    def false_steps(self) -> set[int]:
        return {claim.step_index for claim in self.claims if claim.claim_id in self.false_ids}


def corrupted(
    cot: Cot, claims: Sequence[Claim], planted: Sequence[PlantedClaim], scene: SceneTruth, tracks: Sequence[RoiTrack]
) -> Corrupted | None:
    """The chain with up to `MOST_CORRUPTED` steps that hallucinate, each otherwise; None where nothing false can be said."""
    steps, own = list(cot.steps), [claim for claim in claims if claim.cot_id == cot.cot_id]
    open_steps = [index for index, step in enumerate(steps) if not step.is_avoidance]
    most = MOST_CORRUPTED if len(open_steps) >= _LEAST_STEPS else 1
    kinds: set[str] = set()
    false_ids: set[str] = set()
    for false in sorted(planted, key=lambda one: blake2b(f"{scene.scene} {one.claim.text}".encode()).digest()):
        kind = hallucination(false, scene)
        if kind is None or kind in kinds or len(kinds) == most:
            continue
        alike = [
            c for c in own if c.type == false.claim.type and c.subject == false.claim.subject and c.step_index in open_steps
        ]
        index = alike[0].step_index if alike else open_steps[len(kinds) % len(open_steps)] if open_steps else None
        if index is None:
            continue
        claim_id = alike[0].claim_id if alike else f"{cot.cot_id}/c{len(own):02d}"
        claim = Claim(
            clip_id=cot.clip_id, model="planted@1", claim_id=claim_id, cot_id=cot.cot_id,
            **(false.claim.model_dump() | {"step_index": index}),
        )  # fmt: skip
        own = [claim if one.claim_id == claim_id else one for one in own] if alike else [*own, claim]
        kinds.add(kind)
        false_ids.add(claim_id)
        open_steps.remove(index)
        of_step = [one for one in own if one.step_index == index]
        steps[index] = steps[index].model_copy(update={"text": step_text(steps[index], of_step, tracks, scene.duration_s)})
    return Corrupted(cot.model_copy(update={"steps": steps}), own, false_ids) if false_ids else None


@dataclass
class RepairScore:
    """Collects over corrupted chains."""

    num_chains: int = 0
    num_accepted: int = 0  # not rejected
    num_true_steps: int = 0
    num_true_kept: int = 0
    num_steps_left: int = 0
    num_false_left: int = 0
    num_false_steps: int = 0
    num_rewritten: int = 0
    mistakes: list[str] = field(default_factory=list)

    def add(
        self, scene: SceneTruth, chain: Corrupted, decision: Decision, repairs: Sequence[Repair], new: Sequence[Claim]
    ) -> None:
        """What became of one chain. `new`: the claims that repair has made."""
        true_steps = [step for index, step in enumerate(chain.cot.steps) if index not in chain.false_steps]
        self.num_chains += 1
        self.num_accepted += decision.outcome != "reject"
        self.num_true_steps += len(true_steps)
        self.num_true_kept += sum(step in decision.steps for step in true_steps)
        self.num_false_steps += len(chain.false_steps)
        self.num_steps_left += len(decision.steps)
        for index in sorted(chain.false_steps):
            if chain.cot.steps[index] in decision.steps:
                self._false_left(scene, chain.cot.steps[index].text)
        told = {step.text for step in decision.steps}
        for repair in repairs:
            if repair.after not in told:
                continue
            self.num_rewritten += repair.step_index in chain.false_steps
            if false := [claim for claim in new if claim.claim_id in repair.new_claim_ids and is_true(claim, scene) is False]:
                self._false_left(scene, f"{repair.after} ({false[0].text})")

    def _false_left(self, scene: SceneTruth, text: str) -> None:
        self.num_false_left += 1
        self.mistakes.append(f"{scene.scene}: a false step is left in its chain: {text}")

    def figures(self) -> list[Figure]:
        # of fewer steps than a hundred a single one is more than 1 %: they cannot tell, and hold nothing against it
        at_most = MAX_FALSE_FRAC if self.num_steps_left * MAX_FALSE_FRAC >= 1 else None
        return [
            _share("true steps that repair keeps", self.num_true_kept, self.num_true_steps, at_least=0.9),
            _share("false steps left in accepted chains", self.num_false_left, self.num_steps_left, at_most=at_most),
            _share("false steps rewritten, the others dropped", self.num_rewritten, self.num_false_steps),
            _share("corrupted chains saved by repair", self.num_accepted, self.num_chains),
        ]


def _share(name: str, count: int, total: int, at_least: float | None = None, at_most: float | None = None) -> Figure:
    return Figure(name, count / total if total else None, f"{count} of {total}", at_least, at_most)


def repaired(
    plan: Plan, chain: Corrupted, clip: Clip, media: Media, evidence: dict[type[Row], Sequence[Row]]
) -> tuple[list[Repair], list[Claim], Decision]:
    """Verdicts, repairs, new verdicts and the decision on a chain, made by the stages of the plan. Their models are loaded.

    Returns the repairs, the claims that they made, and the decision. `evidence`: the clip's rows of the tables in `EVIDENCE`.
    """
    rows: dict[type[Row], Sequence[Row]] = evidence | {Cot: [chain.cot], Claim: chain.claims, Decoy: []}
    verdicts = [row for name in ("verify", "listen") for row in _made(plan, name, clip, media, rows)]
    made = _made(plan, "repair", clip, media, rows | {Verdict: verdicts})
    repairs, new = [row for row in made if isinstance(row, Repair)], [row for row in made if isinstance(row, Claim)]
    again = _made(plan, "recheck", clip, media, rows | {Claim: new})
    all_claims: list[Row] = [*chain.claims, *new]
    (decision,) = _made(plan, "decide", clip, media, rows | {Claim: all_claims, Verdict: [*verdicts, *again], Repair: repairs})
    assert isinstance(decision, Decision)
    return repairs, new, decision


def _made(plan: Plan, name: str, clip: Clip, media: Media, rows: dict[type[Row], Sequence[Row]]) -> list[Row]:
    """What a stage makes of the rows; nothing for a stage that the plan leaves out. AudiocotError if its model refuses."""
    if name not in plan.fingerprints:
        return []
    stage = plan[name].stage
    assert isinstance(stage, SampleStage)
    made = stage.made_of(Sample(clip, media, rows))
    if isinstance(made, Rejected):
        raise AudiocotError(f"{name} refused {clip.clip_id}: {made.code}: {made.message}")
    return made
