"""How far each witness can be trusted: how often it accepts planted decoys and refutes the chains' own claims.

Rates are per witness and claim type, over all types, and per kind of decoy, with Wilson 95 % intervals. Decoys are known to be
false (as far as the evidence knows), so accepting one is an error. The chains' own claims are mostly true, so refuting one is
an error at most: that rate bounds the false rejects from above. The database counts; only the counts come into memory.
"""

import math
from collections import Counter
from dataclasses import dataclass

from pipeline.catalog import Catalog
from pipeline.verification.calibration import WordCounts
from schemas.vocabulary import CLAIM_TYPES, ClaimType, VerdictWord

_Z = 1.959963984540054  # 97.5 % of a normal distribution lie below it

# Own claims that tell nothing of a witness. A teacher that hears nothing guesses: to refute it is no error. What a repair
# writes was taken from what a witness measured: to support it is no merit.
NOT_COUNTED = """
select claim_id from claim join cot using (cot_id) where cot.task = 'question'
union all select unnest(new_claim_ids) from repair
"""
_BY_TYPE = f"""
with judged as (select claim_id, type from claim union all select claim_id, type from decoy)
select v.witness, judged.type, not v.is_decoy as is_true, v.verdict, count(*) as n
from verdict v join judged using (claim_id) where claim_id not in ({NOT_COUNTED}) group by all order by all
"""  # noqa: S608 (a constant)
_BY_KIND = """
select v.witness, d.decoy_kind, v.verdict, count(*) as n
from verdict v join decoy d using (claim_id) where v.is_decoy group by all order by all
"""


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


@dataclass(frozen=True)
class DecoyRates:
    """One witness on one kind of decoy."""

    witness: str
    decoy_kind: str
    false_accepts: Rate  # decoys that were supported
    refuted_decoys: Rate  # decoys that were refuted


def rate(count: int, total: int) -> Rate:
    """`count / total` with its 95 % score interval (E. B. Wilson, 1927, without continuity correction).

    As scipy.stats.binomtest has it, to the last bit, without the second that its import takes at the end of every build.
    """
    if total == 0:
        return Rate(0, 0, None, None, None)
    share = count / total
    width = 2 * (total + _Z**2)
    center = (2 * total * share + _Z**2) / width
    delta = _Z / width * math.sqrt(4 * total * share * (1 - share) + _Z**2)
    low = 0.0 if count == 0 else center - delta
    high = 1.0 if count == total else center + delta
    return Rate(count, total, share, low, high)


def word_counts(catalog: Catalog) -> WordCounts:
    """What every witness said of its decoys, which are false, and of the chains' own claims, which are taken as true.

    For a calibration that is careful: some own claims are false. A witness that refutes those is thought to be worse than it
    is, and its refutations weigh less than they could.
    """
    rows = catalog.query(_BY_TYPE).to_pylist()
    return {(row["witness"], row["type"], row["is_true"], row["verdict"]): row["n"] for row in rows}


def witness_rates(catalog: Catalog) -> list[WitnessRates]:
    """Rates by witness (alphabetic), all types first, then each type that was asked about, in the vocabulary's order."""
    counts = word_counts(catalog)
    asked = {(witness, claim_type) for witness, claim_type, _, _ in counts}
    table: list[WitnessRates] = []
    for witness in sorted({witness for witness, _ in asked}):
        types: list[ClaimType | None] = [None, *(known for known in CLAIM_TYPES if (witness, known) in asked)]
        for claim_type in types:
            on_claims, on_decoys = (_words(counts, witness, claim_type, is_true) for is_true in (True, False))
            accepted, refuted = _share(on_decoys, "supported"), _share(on_decoys, "refuted")
            table.append(WitnessRates(witness, claim_type, accepted, refuted, _share(on_claims, "refuted")))
    return table


def decoy_rates(catalog: Catalog) -> list[DecoyRates]:
    """Rates by witness and kind of decoy, both alphabetic."""
    by_kind: dict[tuple[str, str], Counter[VerdictWord]] = {}
    for row in catalog.query(_BY_KIND).to_pylist():
        by_kind.setdefault((row["witness"], row["decoy_kind"]), Counter())[row["verdict"]] += row["n"]
    return [
        DecoyRates(witness, kind, _share(words, "supported"), _share(words, "refuted"))
        for (witness, kind), words in sorted(by_kind.items())
    ]


def _words(counts: WordCounts, witness: str, claim_type: ClaimType | None, is_true: bool) -> Counter[VerdictWord]:
    words: Counter[VerdictWord] = Counter()
    for (of_witness, of_type, of_truth, word), n in counts.items():
        if of_witness == witness and of_truth == is_true and claim_type in (None, of_type):
            words[word] += n
    return words


def _share(words: Counter[VerdictWord], word: VerdictWord) -> Rate:
    return rate(words[word], words.total())
