"""Chains with verdicts, to be repaired: three hits, a tone that rises and a ball that moves."""

from collections.abc import Sequence

from annotators.repairs.roles import JudgedClaim, RepairCase
from annotators.roles import CaseFile
from annotators.wording import worded
from schemas.evidence import HeardEvent
from schemas.reasoning import Evidence, Judged, Stated, Step
from schemas.vocabulary import ClaimType, SoundKind, VerdictWord
from tests.annotators.chat.clips import hit, track

SCORES: dict[VerdictWord, float] = {"supported": 0.9, "refuted": 0.1, "unverifiable": 0.5}
HITS = [hit(1.0), hit(2.5), hit(4.0)]


def heard(kind: SoundKind, start_s: float, length_s: float = 0.2, kind_score: float = 0.9) -> HeardEvent:
    changed = {"kind": kind, "start_s": start_s, "end_s": start_s + length_s, "onsets_s": [start_s], "kind_score": kind_score}
    return hit(start_s).model_copy(update=changed)


def stated(type: ClaimType, subject: str | None = "impact", step_index: int = 0, **fields: object) -> Stated:
    given = {"step_index": step_index, "type": type, "basis": "heard", "text": "", "subject": subject, **fields}
    return worded(Stated.model_validate(given))


def judged(
    claim: Stated, word: VerdictWord, numbers: dict[str, tuple[float, str]] | None = None, witness: str = "instruments"
) -> JudgedClaim:
    """The claim with one verdict; `numbers`: name → (value, unit) of the evidence."""
    evidence = [Evidence(name=name, value=value, unit=unit) for name, (value, unit) in (numbers or {}).items()]
    verdict = Judged(verdict=word, score=SCORES[word], reason="measured again", evidence=evidence)
    return JudgedClaim(claim, [(witness, verdict)])


def repair_case(steps: Sequence[Step], claims: Sequence[JudgedClaim], events: Sequence[HeardEvent] = HITS) -> RepairCase:
    evidence = CaseFile("clip-1", 10.0, 640, 360, None, [], events, [], [track("t00"), track("t01")], [])
    return RepairCase(evidence, steps, claims)
