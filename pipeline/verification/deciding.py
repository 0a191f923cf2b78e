"""Deciding again: the decisions of another policy on verdicts that are there. No model is called and no media decoded.

The parts that are written are those that a build with that policy would write, so the build finds them done.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.build import done_keys, listed_shards
from pipeline.catalog import Catalog
from pipeline.plan import Plan, PlannedStage
from pipeline.stages.decide import Decide
from pipeline.worker import CellWork, Worker
from schemas.errors import RootError
from schemas.layout import Dataset

_OUTCOMES = """
select cot.task, count(*) filter (outcome = 'accept') as accepted, count(*) filter (outcome = 'repair') as repaired,
       count(*) filter (outcome = 'reject') as rejected, sum(len(kept_claim_ids))::bigint as kept_claims
from decision join cot using (cot_id) group by 1 order by 1
"""


@dataclass(frozen=True)
class Outcomes:
    """What became of the chains of one task, and how many claims stayed."""

    task: str
    accepted: int
    repaired: int
    rejected: int
    kept_claims: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def deciding_stages(plan: Plan) -> Iterator[PlannedStage]:
    """The stages of a plan that decide, whatever their task."""
    return (planned for planned in plan.stages if isinstance(planned.stage, Decide))


def decide_again(dataset: Dataset, plan: Plan) -> int:
    """Make the decisions of a plan that are not there yet; returns the number of cells that were run.

    RootError if what they are made from was not built with this plan.
    """
    done, shards, num_run = done_keys(dataset, plan), listed_shards(dataset), 0
    worker = Worker()
    for planned in deciding_stages(plan):
        for stage in planned.upstream:
            if missing := [shard for shard in shards if (stage, shard) not in done]:
                raise RootError(
                    f"{planned.name} needs {stage}, which this recipe has not done on {len(missing)} of {len(shards)} shards; "
                    f"only what a policy decides can be done again without a build"
                )
        for shard in shards:
            if (planned.name, shard) not in done:
                CellWork(dataset, plan, planned.name, shard)(worker, {}, None)
                num_run += 1
    return num_run


def outcomes(dataset: Dataset, plan: Plan) -> list[Outcomes]:
    """What a plan's policy makes of the chains, by task, from its decisions."""
    with Catalog(dataset, plan.fingerprints) as catalog:
        return [Outcomes(**row) for row in catalog.query(_OUTCOMES).to_pylist()]
