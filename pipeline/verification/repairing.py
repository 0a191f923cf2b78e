"""What repair is worth: how many chains it saves that would be lost if a refuted claim cost the whole chain."""

from dataclasses import dataclass

from pipeline.catalog import Catalog

_OUTCOMES = """
select c.task, count(*) filter (d.outcome = 'accept') as num_accepted,
       count(*) filter (d.outcome = 'repair' and not coalesce(r.is_rewritten, false)) as num_by_dropping,
       count(*) filter (d.outcome = 'repair' and coalesce(r.is_rewritten, false)) as num_by_rewriting,
       count(*) filter (d.outcome = 'reject') as num_rejected,
       count(*) filter (d.outcome != 'reject' and d.num_refuted = 0) as num_if_discarded,
       sum(len(d.steps))::int as num_steps,
       coalesce(sum(len(d.steps)) filter (d.num_refuted = 0), 0)::int as num_steps_if_discarded
from decision d join cot c using (cot_id)
     left join (select cot_id, true as is_rewritten from repair r join decision d using (cot_id)
                where r.after is not null and list_contains(list_transform(d.steps, lambda step: step.text), r.after)
                group by cot_id) r using (cot_id)
group by 1 order by 1
"""


@dataclass(frozen=True)
class RepairYield:
    """What became of the chains of one task, and what would be left had every chain with a refuted claim been discarded."""

    task: str
    num_accepted: int  # as they were
    num_by_dropping: int  # with steps dropped and none rewritten
    num_by_rewriting: int  # with at least one step rewritten
    num_rejected: int
    num_if_discarded: int
    num_steps: int  # in all chains that were not rejected
    num_steps_if_discarded: int

    @property
    def num_kept(self) -> int:
        return self.num_accepted + self.num_by_dropping + self.num_by_rewriting


def repair_yields(catalog: Catalog) -> list[RepairYield]:
    """One row per task with decisions, by name. The database counts."""
    return [RepairYield(**row) for row in catalog.query(_OUTCOMES).to_pylist()]
