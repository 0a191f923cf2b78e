"""Verdicts and evidence in their standard form, for every verifier."""

from collections.abc import Iterable, Sequence

from schemas.evidence import HeardEvent
from schemas.reasoning import Evidence, Judged

_MOST_EVIDENCE = 8  # a roll of hundreds of hits is told by its first few


def supported(reason: str, evidence: Iterable[Evidence] = (), confidence: float = 0.8) -> Judged:
    """`confidence` 0 (barely) .. 1 (surely) becomes a score of 0.6 .. 1."""
    return Judged(verdict="supported", score=0.6 + 0.4 * _unit(confidence), reason=reason, evidence=list(evidence))


def refuted(reason: str, evidence: Iterable[Evidence] = (), confidence: float = 0.8) -> Judged:
    """`confidence` 0 (barely) .. 1 (surely) becomes a score of 0.4 .. 0."""
    return Judged(verdict="refuted", score=0.4 - 0.4 * _unit(confidence), reason=reason, evidence=list(evidence))


def unverifiable(reason: str, evidence: Iterable[Evidence] = ()) -> Judged:
    """Score 0.5: it cannot tell."""
    return Judged(verdict="unverifiable", score=0.5, reason=reason, evidence=list(evidence))


def _unit(confidence: float) -> float:
    return min(max(confidence, 0.0), 1.0)


def as_evidence(events: Sequence[HeardEvent]) -> list[Evidence]:
    """Heard events as evidence: their kinds, how clear they are, and their spans."""
    return [
        Evidence(
            name=f"{event.kind}_heard", value=round(event.kind_score, 3), unit="score", start_s=event.start_s, end_s=event.end_s
        )
        for event in events[:_MOST_EVIDENCE]
    ]


def number(name: str, value: float, unit: str, start_s: float | None = None, end_s: float | None = None) -> Evidence:
    """A measured number as evidence."""
    return Evidence(name=name, value=float(value), unit=unit, start_s=start_s, end_s=end_s)
