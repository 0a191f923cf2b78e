"""The role `repairer`: steps that a witness refuted go in with all evidence, rewritten steps come out.

Whose word decides is a policy's affair, and a policy can only refute what some witness refutes. So a repairer looks at every
claim that any witness refutes: another policy then needs no other repair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.roles import CaseFile
from schemas.reasoning import Judged, Stated, Step
from schemas.vocabulary import VerdictWord


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with what each witness said of it, by the witness's name."""

    claim: Stated
    verdicts: Sequence[tuple[str, Judged]]

    def says(self, word: VerdictWord) -> list[tuple[str, Judged]]:
        """The witnesses that gave this verdict, the surest first."""
        return sorted((said for said in self.verdicts if said[1].verdict == word), key=lambda said: -abs(said[1].score - 0.5))

    @property
    def is_refuted(self) -> bool:
        """Whether any witness refutes it."""
        return bool(self.says("refuted"))

    @property
    def is_supported(self) -> bool:
        """Whether some witness supports it and none refutes it."""
        return bool(self.says("supported")) and not self.is_refuted


@dataclass(frozen=True)
class RepairCase:
    """A chain that some witness refutes in part. `evidence`: everything measured, seen and said about the clip."""

    evidence: CaseFile
    steps: Sequence[Step]
    claims: Sequence[JudgedClaim]

    def of_step(self, index: int) -> list[JudgedClaim]:
        return [judged for judged in self.claims if judged.claim.step_index == index]

    @property
    def refuted_steps(self) -> list[int]:
        """The steps to repair: those that make a refuted claim."""
        return sorted({judged.claim.step_index for judged in self.claims if judged.is_refuted})


@dataclass(frozen=True)
class RepairedStep:
    """What becomes of one step. What it says beyond its claims that were supported and its inferences is in `new_claims`."""

    step_index: int
    text: str | None  # None: the step is dropped
    new_claims: Sequence[Stated] = ()
    remark: str = ""  # why it is dropped, or what was corrected


Repaired = Sequence[RepairedStep]  # one for each of `RepairCase.refuted_steps`, in their order
