"""How far each witness can be trusted: how often it accepts planted decoys and refutes the chains' own claims.

Rates are per witness and claim type, and over all types, with Wilson 95 % intervals. Decoys are known to be false (as far
as the evidence knows), so accepting one is an error. The chains' own claims are mostly true, so refuting one is an error at
most: that rate bounds the false rejects from above.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.reasoning import Claim, Decoy, Verdict
from schemas.vocabulary import CLAIM_TYPES, ClaimType


@dataclass(frozen=True)
class Rate:
    """`count` of `total`; `fraction` and its Wilson 95 % interval are None where there was nothing to count."""

    count: int
    total: int
    fraction: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class WitnessRates:
    """One witness on one claim type (None: all types together)."""

    witness: str
    claim_type: ClaimType | None
    false_accepts: Rate  # decoys that were supported
    refuted_decoys: Rate  # decoys that were refuted
    false_rejects_at_most: Rate  # own claims that were refuted


def rate(count: int, total: int) -> Rate:
    """`count / total` with its Wilson score interval (E. B. Wilson, 1927, without continuity correction)."""
    if total == 0:
        return Rate(0, 0, None, None, None)
    from scipy.stats import binomtest  # seconds of imports that only a build needs

    interval = binomtest(count, total).proportion_ci(confidence_level=0.95, method="wilson")
    return Rate(count, total, count / total, float(interval.low), float(interval.high))


def witness_rates(claims: Iterable[Claim], decoys: Iterable[Decoy], verdicts: Sequence[Verdict]) -> list[WitnessRates]:
    """Rates by witness (alphabetic), all types first, then each type that was asked about, in the vocabulary's order."""
    types: dict[str, ClaimType] = {row.claim_id: row.type for rows in (claims, decoys) for row in rows}
    table: list[WitnessRates] = []
    for witness in sorted({verdict.witness for verdict in verdicts}):
        given = [v for v in verdicts if v.witness == witness and v.claim_id in types]
        table.append(_rates(witness, None, given))
        for claim_type in CLAIM_TYPES:
            of_type = [v for v in given if types[v.claim_id] == claim_type]
            if of_type:
                table.append(_rates(witness, claim_type, of_type))
    return table


def _rates(witness: str, claim_type: ClaimType | None, verdicts: Sequence[Verdict]) -> WitnessRates:
    on_decoys = [v.verdict for v in verdicts if v.is_decoy]
    on_claims = [v.verdict for v in verdicts if not v.is_decoy]
    return WitnessRates(
        witness,
        claim_type,
        rate(on_decoys.count("supported"), len(on_decoys)),
        rate(on_decoys.count("refuted"), len(on_decoys)),
        rate(on_claims.count("refuted"), len(on_claims)),
    )
