"""Two policies on the same verdicts: which chains fare otherwise, how many claims are kept, and how many of those may be false.

Everything is read from the decisions of both generations, by the database; only the verdicts on decoys are put to the
ensembles once more, since a decoy is in no chain and no decision speaks of it.
"""

from collections import Counter
from dataclasses import dataclass

from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.release.trust import false_share
from pipeline.verification.deciding import deciding_stages
from pipeline.verification.ensemble import EnsembleParams, fuse
from pipeline.verification.witness_rates import Rate, rate
from schemas.arrow import from_arrow
from schemas.layout import Dataset
from schemas.reasoning import Verdict
from schemas.vocabulary import ClaimType, VerdictWord

_PAIRED = """
with decided as (
    select clip_id, cot_id, outcome, reason, kept_claim_ids, origin.stage || '-' || origin.fingerprint as generation
    from history.decision
), a as (select * from decided where generation in ({a})), b as (select * from decided where generation in ({b})),
tasks as (select distinct cot_id, task from history.cot),
paired as (
    select tasks.task, coalesce(a.outcome, 'none') as outcome_a, coalesce(b.outcome, 'none') as outcome_b,
           clip_id, cot_id, a.reason as reason_a, b.reason as reason_b,
           coalesce(a.kept_claim_ids, []) as kept_a, coalesce(b.kept_claim_ids, []) as kept_b
    from a full join b using (clip_id, cot_id) join tasks using (cot_id)
)
"""
_OUTCOMES = "select task, outcome_a, outcome_b, count(*) as n from paired group by all order by all"
_KEPT = """
select task, sum(len(kept_a))::bigint as a, sum(len(kept_b))::bigint as b,
       sum(len(list_intersect(kept_a, kept_b)))::bigint as both
from paired group by task
"""
_CHANGED = """
select task, clip_id, cot_id, outcome_a, outcome_b, reason_a, reason_b from paired where outcome_a <> outcome_b
qualify row_number() over (partition by task order by cot_id) <= {num_examples} order by cot_id
"""
_SUPPORTED = """
select coalesce(sum(num_supported), 0)::bigint as supported,
       coalesce(sum(num_supported + num_refuted + num_unverifiable), 0)::bigint as total from decision
"""


@dataclass(frozen=True)
class ChangedChain:
    """A chain that the policies disagree about, with the reason of each; None where one has no decision on it."""

    clip_id: str
    cot_id: str
    outcome_a: str
    outcome_b: str
    reason_a: str | None
    reason_b: str | None


@dataclass(frozen=True)
class KeptClaims:
    """How many claims the policies keep."""

    a: int
    b: int
    both: int


@dataclass(frozen=True)
class TaskComparison:
    """One task. `outcomes`: (under A, under B) → chains; the word is `none` where there is no decision."""

    task: str
    outcomes: dict[tuple[str, str], int]
    kept: KeptClaims
    changed: list[ChangedChain]


@dataclass(frozen=True)
class Kept:
    """What a policy's ensemble finds supported: decoys, and own claims. `false_share`: see `release.trust`."""

    decoys: Rate
    own_claims: Rate
    false_share: float | None


@dataclass(frozen=True)
class Comparison:
    """`a`, `b`: over all tasks."""

    tasks: list[TaskComparison]
    a: Kept
    b: Kept


def compare(dataset: Dataset, a: tuple[Plan, EnsembleParams], b: tuple[Plan, EnsembleParams], num_examples: int) -> Comparison:
    """Compare the decisions of two plans, which must be there (`deciding.decide_again`).

    `num_examples`: how many changed chains to name for each task.
    """
    paired = _PAIRED.format(a=_generations(a[0]), b=_generations(b[0]))
    with Catalog(dataset) as catalog:
        outcomes = catalog.query(paired + _OUTCOMES).to_pylist()
        kept = {row.pop("task"): KeptClaims(**row) for row in catalog.query(paired + _KEPT).to_pylist()}
        changed = catalog.query(paired + _CHANGED.format(num_examples=num_examples)).to_pylist()
    tasks = [
        TaskComparison(
            task,
            {(row["outcome_a"], row["outcome_b"]): row["n"] for row in outcomes if row["task"] == task},
            kept[task],
            [ChangedChain(**{key: row[key] for key in row if key != "task"}) for row in changed if row["task"] == task],
        )
        for task in sorted(kept)
    ]
    return Comparison(tasks, _kept(dataset, *a), _kept(dataset, *b))


def _generations(plan: Plan) -> str:
    """The folders of a plan's decisions as a list in SQL."""
    return ", ".join(f"'{planned.name}-{planned.fingerprint[:8]}'" for planned in deciding_stages(plan))


def _kept(dataset: Dataset, plan: Plan, params: EnsembleParams) -> Kept:
    with Catalog(dataset, plan.fingerprints) as catalog:
        (own,) = catalog.query(_SUPPORTED).to_pylist()
        findings = decoy_findings(catalog, params)
    supported, total = own["supported"], own["total"]
    share = false_share(findings.total(), findings["supported"], total, supported)
    return Kept(rate(findings["supported"], findings.total()), rate(supported, total), share)


def decoy_findings(catalog: Catalog, params: EnsembleParams) -> Counter[VerdictWord]:
    """What an ensemble finds of the decoys of the catalog's generation, those without a verdict included."""
    types: dict[str, ClaimType] = {
        row["claim_id"]: row["type"] for row in catalog.query("select claim_id, type from decoy").to_pylist()
    }
    verdicts: dict[str, list[Verdict]] = {claim_id: [] for claim_id in types}
    for verdict in from_arrow(Verdict, catalog.query("select v.* from verdict v semi join decoy d using (claim_id)")):
        verdicts[verdict.claim_id].append(verdict)
    return Counter(fuse(types[claim_id], given, params) for claim_id, given in verdicts.items())
