"""How well the verifier tells planted true claims from planted false ones, and whether a silent mover got a sound."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.scenes import SceneTruth
from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.truth_claims import PlantedClaim
from schemas.reasoning import Claim, Decision, Judged
from schemas.vocabulary import ClaimType, VerdictWord


@dataclass
class ClaimScore:
    """Collects over scenes. `counts`: (claim type, is it true, verdict) → number."""

    counts: Counter[tuple[ClaimType, bool, VerdictWord]] = field(default_factory=Counter)
    num_silent_supported: int = 0
    num_silent_kept: int = 0
    num_silent_asked: int = 0
    mistakes: list[str] = field(default_factory=list)

    def add_planted(self, scene: SceneTruth, planted: Sequence[PlantedClaim], judged: Sequence[Judged]) -> None:
        for one, answer in zip(planted, judged, strict=True):
            self.counts[one.claim.type, one.is_true, answer.verdict] += 1
            if answer.verdict == ("refuted" if one.is_true else "supported"):
                word = "true" if one.is_true else "false"
                self.mistakes.append(
                    f"{scene.scene}: {word} claim {answer.verdict}: {one.claim.text} ({one.why}) {answer.reason}"
                )
            if one.claim.type == "source" and not one.is_true:
                self.num_silent_asked += 1
                self.num_silent_supported += answer.verdict == "supported"

    def add_built(self, claims: Sequence[Claim], decisions: Sequence[Decision], silent_tracks: set[str]) -> None:
        """What the build itself kept in chains: a source claim about a track that follows a silent mover is a mistake."""
        kept = {claim_id for decision in decisions for claim_id in decision.kept_claim_ids}
        for claim in claims:
            if claim.claim_id in kept and claim.type == "source" and claim.object in silent_tracks:
                self.num_silent_kept += 1
                self.mistakes.append(f"{claim.claim_id}: kept about a silent mover: {claim.text}")

    def figures(self) -> list[Figure]:
        silent = f"{self.num_silent_supported} of {self.num_silent_asked} planted, {self.num_silent_kept} in chains"
        # with no silent mover to ask about, nothing was measured
        accepted = (
            float(self.num_silent_supported + self.num_silent_kept) if self.num_silent_asked or self.num_silent_kept else None
        )
        return [
            self._share("planted false claims refuted", False, "refuted", at_least=0.93),
            self._share("planted false claims supported", False, "supported"),
            self._share("true claims wrongly refuted", True, "refuted", at_most=0.03),
            self._share("true claims supported", True, "supported"),
            Figure("claims about silent movers accepted", accepted, silent, at_most=0.0),
        ]

    def _share(
        self, name: str, is_true: bool, verdict: VerdictWord, at_least: float | None = None, at_most: float | None = None
    ) -> Figure:
        total = sum(count for (_, truth, _), count in self.counts.items() if truth == is_true)
        hits = sum(count for (_, truth, word), count in self.counts.items() if truth == is_true and word == verdict)
        return Figure(name, hits / total if total else None, f"{hits} of {total}", at_least, at_most)

    def by_type(self) -> list[tuple[ClaimType, bool, dict[VerdictWord, int]]]:
        """(claim type, is true, verdict → count), for the long report."""
        rows: dict[tuple[ClaimType, bool], dict[VerdictWord, int]] = {}
        for (kind, is_true, verdict), count in sorted(self.counts.items()):
            rows.setdefault((kind, is_true), {})[verdict] = count
        return [(kind, is_true, verdicts) for (kind, is_true), verdicts in rows.items()]
