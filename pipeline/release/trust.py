"""Which witnesses a release believes.

Every build plants claims that are known to be false. A witness that supports those as readily as the chains' own claims has
told nothing, whatever its verdicts say: a model that says yes to everything, or answers at random. Of what a witness supports,
at most the share

    false_share = P(supports | decoy) / P(supports | own claim)

is false: were all own claims false, they would be supported as often as decoys are. One supported decoy is added to those that
were counted (and one that was not), so that a handful of decoys that happen to go well prove little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.catalog import Catalog
from pipeline.verification.witness_rates import NOT_COUNTED

_COUNTS = f"""
select witness,
       count(*) filter (is_decoy) as decoys, count(*) filter (is_decoy and verdict = 'supported') as decoys_supported,
       count(*) filter (not is_decoy) as claims, count(*) filter (not is_decoy and verdict = 'supported') as claims_supported
from verdict where claim_id not in ({NOT_COUNTED}) group by witness order by witness
"""  # noqa: S608 (a constant)
_BACKERS = """
select kept.cot_id, list(distinct v.witness) filter (v.witness is not null) as witnesses
from (select cot_id, unnest(kept_claim_ids) as claim_id from decision) kept
left join verdict v on v.claim_id = kept.claim_id and not v.is_decoy and v.verdict = 'supported'
group by kept.cot_id, kept.claim_id
"""


@dataclass(frozen=True)
class Trust:
    """`false_share` None: the witness supports nothing, so there is nothing to believe."""

    witness: str
    false_share: float | None
    is_trusted: bool


def false_share(decoys: int, decoys_supported: int, claims: int, claims_supported: int) -> float | None:
    """The largest share of a witness's support that may be false, 0 .. 1."""
    if not claims_supported:
        return None
    return min(1.0, (decoys_supported + 1) / (decoys + 2) / (claims_supported / claims))


def witness_trust(catalog: Catalog, max_false_share: float) -> list[Trust]:
    """Every witness of the current generation, alphabetic."""
    rows = catalog.query(_COUNTS).to_pylist()
    shares = {
        row["witness"]: false_share(row["decoys"], row["decoys_supported"], row["claims"], row["claims_supported"])
        for row in rows
    }
    return [Trust(name, share, share is not None and share <= max_false_share) for name, share in shares.items()]


def chains_without_backing(catalog: Catalog, trust: Sequence[Trust]) -> set[str]:
    """Chains (cot_id) with a claim that was kept although no trusted witness supports it."""
    trusted = {one.witness for one in trust if one.is_trusted}
    rows = catalog.query(_BACKERS).to_pylist()
    return {row["cot_id"] for row in rows if trusted.isdisjoint(row["witnesses"] or ())}
