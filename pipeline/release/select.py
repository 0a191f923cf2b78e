"""Which clips a release holds, in which split, and why the others are left out. One outcome per clip: the sum closes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.catalog import Catalog
from pipeline.release.chains import ChainAccount, select_chains
from pipeline.release.params import ReleaseParams, Threshold
from pipeline.release.trust import Trust, chains_without_backing, witness_trust
from pipeline.splits import Split, SplitParams, split_of
from schemas.errors import ReleaseError, unknown


@dataclass(frozen=True)
class SelectedClip:
    """`shard`: the dataset shard that has its media and rows. `cot_ids`: its chains that are released."""

    clip_id: str
    shard: int
    split: Split
    num_bytes: int
    audio_bytes: int
    cot_ids: tuple[str, ...] = ()


def edit_chains(clip: SelectedClip) -> list[str]:
    """Its released chains that are about editing tasks."""
    return [cot_id for cot_id in clip.cot_ids if cot_id.startswith(f"{clip.clip_id}/edit-")]


@dataclass
class Selection:
    """num_in = len(clips) + left_out. `chains`: of the clips; `trust`: how far each witness was believed."""

    num_in: int = 0
    clips: list[SelectedClip] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    chains: list[ChainAccount] = field(default_factory=list)
    trust: list[Trust] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        is_closed = self.num_in == len(self.clips) + self.left_out.total()
        return is_closed and all(account.adds_up for account in self.chains)


# One row per clip of the current generation. A clip without a decision failed or was filtered on the way to it.
_CLIPS = """
select c.clip_id, c.source_id, s.split, d.cot_id, d.outcome, c.audio_bytes, coalesce(c.video_bytes, 0) as video_bytes, shard
from clip c join clip_shard using (clip_id) left join source s using (source_id)
left join (select d.clip_id, d.cot_id, d.outcome from decision d join cot using (cot_id) where task = 'base') d using (clip_id)
order by shard, c.clip_id
"""


def select_clips(catalog: Catalog, params: ReleaseParams, splits: SplitParams) -> Selection:
    """Every clip of the dataset, either selected or left out for one reason, in the order of shards and ids.

    ReleaseError for a threshold on something that was never measured: it would let everything pass.
    """
    measured = _measurements(catalog, params.thresholds)
    selection = Selection(trust=witness_trust(catalog, params.max_false_share))
    unbacked = chains_without_backing(catalog, selection.trust)
    for row in catalog.query(_CLIPS).to_pylist():
        selection.num_in += 1
        reason = _reason_to_leave_out(row["outcome"], measured.get(row["clip_id"], {}), params.thresholds)
        if reason is None and row["cot_id"] in unbacked:
            reason = "untrusted_witness"
        if reason:
            selection.left_out[reason] += 1
            continue
        split = split_of(row["source_id"], row["split"], splits)
        num_bytes = row["audio_bytes"] + row["video_bytes"]
        selection.clips.append(SelectedClip(row["clip_id"], row["shard"], split, num_bytes, row["audio_bytes"]))
    chains = select_chains(catalog, {clip.clip_id: clip.split for clip in selection.clips}, unbacked)
    selection.chains = chains.accounts
    selection.clips = [replace(clip, cot_ids=tuple(chains.by_clip.get(clip.clip_id, ()))) for clip in selection.clips]
    return selection


def _reason_to_leave_out(outcome: str | None, values: dict[str, float], thresholds: Sequence[Threshold]) -> str | None:
    if outcome is None:
        return "undecided"
    if outcome == "reject":
        return "rejected"
    for bound in thresholds:
        value = values.get(bound.measurement)
        if value is None:
            continue
        if bound.at_least is not None and value < bound.at_least:
            return f"{bound.measurement}_too_low"
        if bound.at_most is not None and value > bound.at_most:
            return f"{bound.measurement}_too_high"
    return None


def _measurements(catalog: Catalog, thresholds: Sequence[Threshold]) -> dict[str, dict[str, float]]:
    wanted = {bound.measurement for bound in thresholds}
    known = {row["name"] for row in catalog.query("select distinct name from measurement").to_pylist()} if wanted else set()
    if missing := sorted(wanted - known):
        raise ReleaseError(unknown("measurement in release.thresholds", missing[0], known))
    values: dict[str, dict[str, float]] = {}
    for row in (
        catalog.query("select clip_id, name, value from measurement where start_s is null").to_pylist() if wanted else ()
    ):
        if row["name"] in wanted:
            values.setdefault(row["clip_id"], {})[row["name"]] = row["value"]
    return values
