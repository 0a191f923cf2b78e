"""Publish: commit a release.

A release exists when its manifest does: shards and tables are written first, the manifest with their checksums last, and
`releases/CURRENT` moves after that. Its name ends in the fingerprint of everything that decides it, so publishing the same
again finds it there, and something else never lands under the same name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.accounting import StageAccount
from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.release.card import CardFacts, write_card
from pipeline.release.params import ReleaseParams
from pipeline.release.select import Selection, select_clips
from pipeline.release.shards import ShardPlan, plan_shards
from pipeline.release.tables import copy_table, release_tables
from pipeline.splits import SplitParams
from pipeline.verification.witness_rates import WitnessRates
from schemas.errors import ReleaseError
from schemas.fingerprint import fingerprint
from schemas.layout import Dataset
from schemas.seal import Checksum, seal_json

RELEASE_VERSION = 2  # counts changes of the code that change what a release holds
CURRENT = "releases/CURRENT"
MANIFEST = "manifest.json"
CARD = "README.md"
_REVIEWS = "select claim_id, reviewer, verdict from review order by all"


@dataclass(frozen=True)
class ReleasePlan:
    """What is to be published, decided before anything is written."""

    name: str
    selection: Selection
    shards: Sequence[ShardPlan]

    @property
    def folder(self) -> str:
        return f"releases/{self.name}"


def plan_release(catalog: Catalog, plan: Plan, params: ReleaseParams, splits: SplitParams, name: str) -> ReleasePlan:
    """Select the clips and cut the shards. ReleaseError if the clips do not add up."""
    selection = select_clips(catalog, params, splits)
    if not selection.adds_up:
        raise ReleaseError(f"{selection.num_in} clips came in, {len(selection.clips)} + {dict(selection.left_out)} came out")
    decided_by = fingerprint(
        version=RELEASE_VERSION,
        stages=plan.fingerprints,
        params=params.model_dump(mode="json"),
        splits=splits.model_dump(mode="json"),
        # the shard belongs to it: decoys are taken from clips of the same shard
        clips=[[clip.clip_id, clip.split, clip.shard, *clip.cot_ids] for clip in selection.clips],
        reviews=catalog.query(_REVIEWS).to_pylist(),  # the card tells how far people agree
    )
    full_name = f"{name}-{decided_by[:8]}"
    return ReleasePlan(full_name, selection, plan_shards(f"releases/{full_name}", selection.clips, params))


def is_published(dataset: Dataset, release: ReleasePlan) -> bool:
    return dataset.storage.exists(f"{release.folder}/{MANIFEST}")


def publish(
    dataset: Dataset,
    plan: Plan,
    release: ReleasePlan,
    catalog: Catalog,
    accounts: Sequence[StageAccount],
    witnesses: Sequence[WitnessRates],
    policy: str,
    recipe: Mapping[str, Any],
) -> None:
    """Write tables, card and manifest, the last only if it is new.

    ReleaseError if an account does not add up, if there is nothing to publish, or if there is a release of this name.
    """
    if is_published(dataset, release):
        raise _name_is_taken(release)
    if wrong := [line for line in accounts if not line.adds_up]:
        raise ReleaseError(f"refusing to publish: {wrong[0].stage} does not add up: {wrong[0]}")
    if not release.selection.clips:
        raise ReleaseError(f"refusing to publish an empty release: {_why_empty(release.selection)}")
    clip_ids = {clip.clip_id for clip in release.selection.clips}
    source_ids = {
        row["source_id"]
        for row in catalog.query("select clip_id, source_id from clip").to_pylist()
        if row["clip_id"] in clip_ids
    }
    num_rows = {
        table.table: copy_table(dataset, plan, table, clip_ids, source_ids, f"{release.folder}/tables/{table.table}.parquet")
        for table in release_tables(plan)
    }
    facts = CardFacts(release.name, plan, release.selection, accounts, witnesses, policy, num_rows)
    dataset.storage.write(f"{release.folder}/{CARD}", write_card(facts, catalog).encode())
    manifest = {
        "name": release.name,
        "fingerprints": plan.fingerprints,
        "recipe": recipe,
        "num_clips": len(clip_ids),
        "num_clips_by_split": {
            split: sum(clip.split == split for clip in release.selection.clips)
            for split in sorted({clip.split for clip in release.selection.clips})
        },
        "left_out": dict(sorted(release.selection.left_out.items())),
        "shards": [
            _described(dataset, shard.path, release.folder)
            | {"kind": shard.kind, "split": shard.split, "num_samples": shard.num_samples}
            for shard in release.shards
        ],
        "tables": [
            _described(dataset, f"{release.folder}/tables/{name}.parquet", release.folder) | {"num_rows": number}
            for name, number in num_rows.items()
        ],
        "files": [_described(dataset, f"{release.folder}/{CARD}", release.folder)],
    }
    if dataset.fence:
        dataset.fence()
    try:
        with dataset.storage.create(f"{release.folder}/{MANIFEST}", must_be_new=True) as sink:
            sink.write(seal_json(manifest, indent=1))
    except FileExistsError:
        raise _name_is_taken(release) from None


def make_current(dataset: Dataset, release: ReleasePlan) -> None:
    """Move CURRENT to a published release."""
    if current_release(dataset) != release.name:
        dataset.storage.write(CURRENT, release.name.encode())


def current_release(dataset: Dataset) -> str | None:
    """The name of the newest release."""
    return dataset.storage.read(CURRENT).decode() if dataset.storage.exists(CURRENT) else None


def _name_is_taken(release: ReleasePlan) -> ReleaseError:
    return ReleaseError(
        f"release {release.name} is published, and what is published is never changed; give the recipe another name "
        f"(--set name=...) to publish something else"
    )


def _why_empty(selection: Selection) -> str:
    if not selection.num_in:
        return "there are no clips; `audiocot status` shows why"
    reasons = ", ".join(f"{number} {reason}" for reason, number in selection.left_out.items())
    disbelieved = [one.witness for one in selection.trust if not one.is_trusted and one.false_share is not None]
    witnesses = f" (not believed: {', '.join(disbelieved)}, see release.max_false_share)" if disbelieved else ""
    return f"of {selection.num_in} clips, {reasons}{witnesses}"


def _described(dataset: Dataset, path: str, folder: str) -> dict[str, Any]:
    """Path within the release, size and SHA-256 of a file."""
    with dataset.storage.open(path) as source:
        return {"path": path.removeprefix(f"{folder}/"), **Checksum.of_file(source).to_json()}
