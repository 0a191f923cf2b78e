"""How far people and witnesses agree about claims: Cohen's kappa, by witness and claim type, and between people.

Only reviews of claims that are still what was read count, and of two by the same person the later one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.catalog import Catalog
from pipeline.verification.witness_rates import Rate, rate
from schemas.vocabulary import CLAIM_TYPES, ClaimType

_LATEST = """
with latest as (
    select * from review qualify row_number() over (partition by claim_id, reviewer order by batch desc) = 1
), stated as (
    select claim_id, text, type from claim union all select claim_id, text, type from decoy
), judged as (select latest.*, stated.type from latest join stated using (claim_id, text))
"""
_WITH_WITNESSES = """
select v.witness as one, 'people' as other, type, v.verdict as one_word, judged.verdict as other_word, count(*) as n
from judged join verdict v using (claim_id) group by all order by all
"""
_BETWEEN_PEOPLE = """
select a.reviewer as one, b.reviewer as other, a.type, a.verdict as one_word, b.verdict as other_word, count(*) as n
from judged a join judged b on a.claim_id = b.claim_id and a.reviewer < b.reviewer group by all order by all
"""
_REVIEWED = """
select count(*) as reviews, count(distinct claim_id) as claims, count(distinct reviewer) as reviewers,
       count(*) filter (not is_decoy) as on_claims, count(*) filter (not is_decoy and verdict = 'refuted') as claims_refuted,
       count(*) filter (is_decoy) as on_decoys, count(*) filter (is_decoy and verdict = 'supported') as decoys_supported
from judged
"""
WordPairs = Mapping[tuple[str, str], int]  # (word of one, word of the other) → number of claims


@dataclass(frozen=True)
class Agreement:
    """Two who judged the same claims of a type (None: all). `one` is a witness and `other` "people", or both are reviewers.

    `same`: the share of claims on which both say the same word. `kappa` None: see `cohen_kappa`.
    """

    one: str
    other: str
    claim_type: ClaimType | None
    same: Rate
    kappa: float | None


@dataclass(frozen=True)
class Reviewed:
    """What people looked at, and what they think of claims and decoys: decoys that are true are no decoys."""

    num_reviews: int
    num_claims: int
    num_reviewers: int
    claims_refuted: Rate
    decoys_supported: Rate


def cohen_kappa(pairs: WordPairs) -> float | None:
    """(p_o - p_e) / (1 - p_e): agreement beyond what the two would reach by chance with the words they use.

    J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960), eq. 1.
    None without claims, or where both always say one and the same word: then chance explains everything.
    """
    total = sum(pairs.values())
    if not total:
        return None
    of_one: Counter[str] = Counter()
    of_other: Counter[str] = Counter()
    for (one, other), n in pairs.items():
        of_one[one] += n
        of_other[other] += n
    observed = sum(n for (one, other), n in pairs.items() if one == other) / total
    expected = sum(of_one[word] * of_other[word] for word in of_one) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def reviewed(catalog: Catalog) -> Reviewed:
    """Counts over all current reviews."""
    (row,) = catalog.query(_LATEST + _REVIEWED).to_pylist()
    return Reviewed(
        row["reviews"],
        row["claims"],
        row["reviewers"],
        rate(row["claims_refuted"], row["on_claims"]),
        rate(row["decoys_supported"], row["on_decoys"]),
    )


def agreement_with_people(catalog: Catalog) -> list[Agreement]:
    """Every witness against all reviewers together: all types first, then each that was reviewed."""
    return _agreements(catalog, _WITH_WITNESSES)


def agreement_between_people(catalog: Catalog) -> list[Agreement]:
    """Every two reviewers who judged the same claims, likewise."""
    return _agreements(catalog, _BETWEEN_PEOPLE)


def _agreements(catalog: Catalog, sql: str) -> list[Agreement]:
    by_pair: dict[tuple[str, str], dict[ClaimType | None, Counter[tuple[str, str]]]] = {}
    for row in catalog.query(_LATEST + sql).to_pylist():
        by_type = by_pair.setdefault((row["one"], row["other"]), {})
        for claim_type in (None, row["type"]):
            by_type.setdefault(claim_type, Counter())[row["one_word"], row["other_word"]] += row["n"]
    types: list[ClaimType | None] = [None, *CLAIM_TYPES]
    return [
        Agreement(one, other, claim_type, _same(by_type[claim_type]), cohen_kappa(by_type[claim_type]))
        for (one, other), by_type in sorted(by_pair.items())
        for claim_type in types
        if claim_type in by_type
    ]


def _same(pairs: Counter[tuple[str, str]]) -> Rate:
    return rate(sum(n for (one, other), n in pairs.items() if one == other), pairs.total())
