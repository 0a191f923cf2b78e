"""Scan: list the source, find what is new by content, and write the plan of its shards as parts of the listing table.

Runs in the driver, before any worker: it decides which shards there are. Parts that exist are never touched, so a scheduled
build adds shards for new content only. What cannot be listed becomes a failure row, once, however often it is seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.shards import UNREAD, ShardPlan, content_id, plan_shards
from pipeline.sources import list_sources
from pipeline.upkeep.barred import barred_sources
from schemas.accounting import Failure
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Listing


@dataclass(frozen=True)
class ScanPreview:
    """What a scan found. `dataset` is None where there is none yet. `new_shards`: number → what would be in it."""

    dataset: Dataset | None
    num_entries: int
    num_new: int
    num_known: int
    old_shards: list[int]
    new_shards: dict[int, list[Listing]]
    new_failures: list[Failure]


def scan(dataset: Dataset, source: str, limit: int | None, sources_per_shard: int) -> ScanPreview:
    """List, compare with what is known, and commit the new shards. SourceError if there is nothing to list."""
    found = _look(dataset, source, limit, sources_per_shard)
    failures = found.new_failures
    for number, listings in sorted(found.new_shards.items()):
        files = dataset.write_part(Failure, failures, SCAN, SCAN_FINGERPRINT, number)
        try:
            files |= dataset.write_part(Listing, listings, SCAN, SCAN_FINGERPRINT, number, must_be_new=True, files=files)
        except FileExistsError:
            raise RootError(
                f"another build adds shards to {dataset.url}; wait for it, then run the same command again"
            ) from None
        for path in files:  # which source is in which shard cannot be found out again
            dataset.keep_twice(path)
        failures = []
    return found


def preview_scan(root: str, source: str, limit: int | None, sources_per_shard: int) -> ScanPreview:
    """The same without writing anything. The root may not exist yet. RootError if something else is there."""
    return _look(Dataset.find(root), source, limit, sources_per_shard)


def is_all_known(dataset: Dataset, source: str, limit: int | None) -> bool:
    """Whether a scan would find nothing new. Reads no source: one that would have to be read counts as new."""
    return not _look(dataset, source, limit, sources_per_shard=1, identify=lambda uri: UNREAD).new_shards


def _look(
    dataset: Dataset | None,
    source: str,
    limit: int | None,
    sources_per_shard: int,
    identify: Callable[[str], str] = content_id,
) -> ScanPreview:
    entries = list(islice(list_sources(source), limit))
    old_shards, known, old_failures = _known(dataset)
    barred = barred_sources(dataset) if dataset else set[str]()
    planned = plan_shards(entries, known, sources_per_shard, _next_shard(old_shards), identify, barred)
    seen = set(map(_told, old_failures))
    new_failures = [failure for failure in planned.failures if _told(failure) not in seen]
    new_shards = planned.shards
    if new_failures and not new_shards:  # bad entries without a new source still need a place in the accounts
        new_shards = {_next_shard(old_shards): []}
    return ScanPreview(dataset, len(entries), _num_new(planned), planned.num_known, old_shards, new_shards, new_failures)


def _known(dataset: Dataset | None) -> tuple[list[int], list[Listing], list[Failure]]:
    if dataset is None:
        return [], [], []
    shards = sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))
    known: list[Listing] = []
    failures: list[Failure] = []
    for shard in shards:
        known += dataset.read_part(Listing, SCAN, SCAN_FINGERPRINT, shard)
        failures += dataset.read_part(Failure, SCAN, SCAN_FINGERPRINT, shard)
    return shards, known, failures


def _told(failure: Failure) -> tuple[str | None, str, str]:
    """What makes a failure the same in another scan; the message tells the bad rows of one manifest apart."""
    return failure.uri, failure.code, failure.message


def _next_shard(old_shards: Sequence[int]) -> int:
    return max(old_shards, default=-1) + 1


def _num_new(planned: ShardPlan) -> int:
    rows = [row for rows in planned.shards.values() for row in rows]
    return len({row.source_id for row in rows if row.duplicate_of is None})
