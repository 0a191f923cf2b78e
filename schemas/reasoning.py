"""Rows of reasoning: chains of thought, their claims, verdicts, repairs and decisions.

The classes without a table (`Stated`, `Reasoned`, `Judged`, …) are what annotators return.
"""

from typing import ClassVar, Literal

from schemas.row import AnnotationRow, Value
from schemas.vocabulary import Aspect, Attribute, Basis, ClaimMedia, ClaimType, Relation, Task, VerdictWord


class Step(Value):
    """One sentence of a chain of thought."""

    text: str
    aspect: Aspect
    is_avoidance: bool = False  # "avoid …": what must not be heard


class Stated(Value):
    """One checkable statement. Its meaning is in the fields (see docs: vocabulary); `text` is for people and models."""

    step_index: int  # the step that makes it
    media: ClaimMedia | None = None  # the sound it is about; None: the clip's own
    type: ClaimType
    basis: Basis
    text: str
    start_s: float | None = None
    end_s: float | None = None
    subject: str | None = None  # a SoundKind, "sound", or free words
    object: str | None = None  # order: the other sound; source: a track_id
    attribute: Attribute | None = None
    relation: Relation | None = None
    value: float | None = None
    unit: str | None = None


class Reasoned(Value):
    """A whole chain of thought as a reasoner returns it."""

    steps: list[Step]
    caption_cot: str  # the one-paragraph generation instruction of ThinkSound-style models
    claims: list[Stated]


class Cot(AnnotationRow):
    """Chains of thought as they were written, before verification; what may be trained on is in `decision`."""

    table: ClassVar[str] = "cot"

    cot_id: str  # <clip_id>/<task>, for tasks with more than one chain <clip_id>/<task>-<number or name>
    task: Task
    subject_id: str | None = None  # the object, edit or question that it is about; None for the base chain
    steps: list[Step]
    caption_cot: str


class Claim(Stated, AnnotationRow):
    """What the chains of thought claim."""

    table: ClassVar[str] = "claim"

    claim_id: str  # <cot_id>/c00
    cot_id: str


class Decoy(Stated, AnnotationRow):
    """Claims known to be false, planted so that every build measures how well each witness refutes."""

    table: ClassVar[str] = "decoy"

    claim_id: str  # <cot_id>/d00
    cot_id: str
    decoy_kind: Literal["other_clip", "negated", "moved", "miscounted", "swapped", "wrong_maker", "wrong_media"]
    made_from: str  # the claim_id it was made from


class Evidence(Value):
    """What a witness measured or heard that led to its verdict."""

    name: str
    value: float | None = None
    unit: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    quote: str | None = None  # a listening model's own words


class Judged(Value):
    """One witness's answer to one claim. `score` is 0 (surely false) .. 1 (surely true), 0.5 where it cannot tell."""

    verdict: VerdictWord
    score: float
    reason: str  # one sentence
    evidence: list[Evidence]


class Verdict(Judged, AnnotationRow):
    """Every claim and every decoy, by every witness."""

    table: ClassVar[str] = "verdict"

    claim_id: str
    witness: str  # the verifier backend
    is_decoy: bool
    is_blind: bool  # the witness formed its evidence without seeing the claim


class Repair(AnnotationRow):
    """What became of each refuted step: rewritten from what the witnesses measured, or dropped. Before and after."""

    table: ClassVar[str] = "repair"

    cot_id: str
    step_index: int
    action: Literal["rewrite", "drop"]
    reason: str  # which claims were refuted, and by whom
    before: str
    after: str | None  # None for a dropped step
    refuted_claim_ids: list[str]
    new_claim_ids: list[str]  # claims of the rewritten step, which are judged again


class Decision(AnnotationRow):
    """What becomes of a chain of thought under a policy: accepted, repaired or rejected, and what is left of it."""

    table: ClassVar[str] = "decision"

    cot_id: str
    policy: str  # name and parameters, as text
    outcome: Literal["accept", "repair", "reject"]
    reason: str
    steps: list[Step]  # after repair; empty when rejected
    caption_cot: str | None
    kept_claim_ids: list[str]
    dropped_claim_ids: list[str]
    num_supported: int
    num_refuted: int
    num_unverifiable: int
