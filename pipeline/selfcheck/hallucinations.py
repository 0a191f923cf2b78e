"""Planted hallucinations: how many of each kind the witness refutes, and how it fares where scenes set traps.

Five kinds of false claims that a model makes up: a sound of something silent, a wrong count, a swapped order, an event at
another time, a sound that is nowhere. By trap: false claims that were supported and true claims that were refuted, in scenes
with that trap. Shares come with Wilson 95 % intervals, so that few scenes do not look like many.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.scenes import SceneTruth
from pipeline.scenes.truth import TRAPS, Trap
from pipeline.selfcheck.figures import Figure
from pipeline.selfcheck.truth_claims import PlantedClaim
from pipeline.verification.witness_rates import rate
from schemas.reasoning import Judged
from schemas.vocabulary import VerdictWord

Hallucination = Literal["sound of a silent thing", "wrong count", "swapped order", "shifted time", "absent event"]
HALLUCINATIONS: tuple[Hallucination, ...] = (
    "sound of a silent thing", "wrong count", "swapped order", "shifted time", "absent event",
)  # fmt: skip


def hallucination(planted: PlantedClaim, scene: SceneTruth) -> Hallucination | None:
    """Which kind of hallucination a planted claim is; None for true claims, and for false ones of no such kind."""
    if planted.is_true:
        return None
    match planted.claim.type:
        case "source":
            return "sound of a silent thing"
        case "count":
            return "wrong count"
        case "order":
            return "swapped order"
        case "event":
            sounds = any(thing.kind == planted.claim.subject for thing in scene.things)
            return "shifted time" if sounds else "absent event"
        case _:
            return None


@dataclass
class HallucinationScore:
    """Collects over scenes. `by_kind`: (kind, verdict) → number; `by_trap`: (trap, is it true, verdict) → number."""

    by_kind: Counter[tuple[Hallucination, VerdictWord]] = field(default_factory=Counter)
    by_trap: Counter[tuple[Trap, bool, VerdictWord]] = field(default_factory=Counter)

    def add(self, scene: SceneTruth, planted: Sequence[PlantedClaim], judged: Sequence[Judged]) -> None:
        for one, answer in zip(planted, judged, strict=True):
            if kind := hallucination(one, scene):
                self.by_kind[kind, answer.verdict] += 1
            for trap in scene.traps:
                self.by_trap[trap, one.is_true, answer.verdict] += 1

    def figures(self) -> list[Figure]:
        words: Counter[VerdictWord] = Counter()
        for (_, word), number in self.by_kind.items():
            words[word] += number
        return [
            _share("planted hallucinations refuted", words, "refuted", at_least=0.95),
            *(_share(f"the same, {kind}", self._of_kind(kind), "refuted") for kind in HALLUCINATIONS),
            *self._by_trap(),
        ]

    def _of_kind(self, kind: Hallucination) -> Counter[VerdictWord]:
        return Counter({word: number for (of_kind, word), number in self.by_kind.items() if of_kind == kind})

    def _by_trap(self) -> Iterator[Figure]:
        for trap in TRAPS:
            true, false = (
                Counter({word: n for (of_trap, truth, word), n in self.by_trap.items() if of_trap == trap and truth == is_true})
                for is_true in (True, False)
            )
            yield _share(f"false accepts with the trap {trap}", false, "supported")
            yield _share(f"false rejects with the trap {trap}", true, "refuted")


def _share(name: str, words: Counter[VerdictWord], word: VerdictWord, at_least: float | None = None) -> Figure:
    found = rate(words[word], words.total())
    interval = "" if found.low is None or found.high is None else f", {found.low:.1%} to {found.high:.1%}"
    return Figure(name, found.fraction, f"{found.count} of {found.total}{interval}", at_least)
