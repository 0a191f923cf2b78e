"""Which chains of thought of the released clips are released, and why the others are not. One outcome per chain.

The base chain decides about its clip (`select`); the other chains only about themselves: a clip whose object chain was
rejected is released without it. An editing task goes along only if the clip whose sound it mixes in is released too, in the
same split.
"""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from pipeline.catalog import Catalog
from pipeline.splits import Split
from schemas.vocabulary import TASKS, Task

# One row per chain of the current generation, with the clip that an editing task mixes in.
_CHAINS = """
select c.cot_id, c.clip_id, c.task, d.outcome, e.other_clip_id
from cot c left join decision d using (cot_id) left join edit e on c.task = 'edit' and e.edit_id = c.subject_id
order by c.cot_id
"""


@dataclass
class ChainAccount:
    """num_in = num_released + left_out (by reason), for the chains of one task."""

    task: Task
    num_in: int = 0
    num_released: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        return self.num_in == self.num_released + self.left_out.total()


@dataclass
class ChainSelection:
    """`by_clip`: the released chains (cot_id) of each clip. `accounts`: one per task that has chains."""

    by_clip: dict[str, list[str]] = field(default_factory=dict)
    accounts: list[ChainAccount] = field(default_factory=list)


def select_chains(catalog: Catalog, splits: Mapping[str, Split], unbacked: Set[str]) -> ChainSelection:
    """Every chain, either released or left out for one reason.

    Args:
        splits: the split of every released clip, by clip_id.
        unbacked: chains with a kept claim that no trusted witness supports.
    """
    accounts = {task: ChainAccount(task) for task in TASKS}
    selection = ChainSelection()
    for row in catalog.query(_CHAINS).to_pylist():
        account = accounts[row["task"]]
        account.num_in += 1
        reason = _reason_to_leave_out(row["clip_id"], row["other_clip_id"], row["outcome"], splits)
        if reason is None and row["cot_id"] in unbacked:
            reason = "untrusted_witness"
        if reason:
            account.left_out[reason] += 1
        else:
            account.num_released += 1
            selection.by_clip.setdefault(row["clip_id"], []).append(row["cot_id"])
    selection.accounts = [account for account in accounts.values() if account.num_in]
    return selection


def _reason_to_leave_out(
    clip_id: str, other_clip_id: str | None, outcome: str | None, splits: Mapping[str, Split]
) -> str | None:
    if clip_id not in splits:
        return "clip_left_out"
    if outcome is None:
        return "undecided"
    if outcome == "reject":
        return "rejected"
    if other_clip_id is None:
        return None
    if other_clip_id not in splits:
        return "other_clip_left_out"
    return None if splits[other_clip_id] == splits[clip_id] else "other_clip_in_another_split"
