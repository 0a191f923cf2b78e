"""The plan of the shards: which listed entry goes into which shard, decided by content alone.

Entries are hashed, equal content is found, and new content is grouped by its hash: the same set of contents gives the same
shards whatever the files are called and in whatever order they are listed. All spans of a source are in one shard, because one
worker opens it once. Shards that exist are never touched.

Where duplicates are written down: beside the first entry of the same bytes and span if that is new, else in the first new
shard, which holds nothing but copies where nothing else is new. Each is written once, however often it is seen.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.locations import open_source, without_query
from pipeline.sources import BadEntry, Entry
from schemas.accounting import Failure
from schemas.errors import Rejected
from schemas.media import Listing

_STAGE = "scan"
_CHUNK_BYTES = 1 << 20
_HASH_THREADS = 4
UNREAD = "0" * 32  # stands for the content of a source that nobody has read
_File = tuple[str, int, int | None]  # uri, size, time of change
_Key = tuple[str, float | None, float | None]  # source_id, start_s, end_s


@dataclass(frozen=True)
class ShardPlan:
    """New shards by number; `duplicates`: every entry of this scan that repeats another one, new or long known."""

    shards: dict[int, list[Listing]]
    duplicates: list[Listing]
    failures: list[Failure]
    num_known: int  # entries that were planned by an earlier build


def content_id(uri: str) -> str:
    """The source_id of a file: the first 32 hex digits of the BLAKE2b-256 hash of its bytes. Raises OSError."""
    digest = hashlib.blake2b(digest_size=32)
    with open_source(uri) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()[:32]


def plan_shards(
    entries: Iterable[Entry | BadEntry],
    known: Sequence[Listing],
    sources_per_shard: int,
    next_shard: int,
    identify: Callable[[str], str] = content_id,
    barred: Set[str] = frozenset(),
) -> ShardPlan:
    """Group what is new into shards numbered from `next_shard`. `barred`: ids of sources that were taken down.

    A span that is asked of a source whose shard exists already is a failure (`bad_span`): all spans of a source are cut
    together. Entries that cannot be hashed are failures (`vanished`, `unreadable`).
    """
    if sources_per_shard < 1:
        raise ValueError(f"sources_per_shard must be at least 1, got {sources_per_shard}")
    failures, listings = _identified(entries, known, identify)
    firsts = {_key(row): row for row in known if row.duplicate_of is None}
    planned = {(row.uri, _key(row)) for row in known if row.duplicate_of is None}
    written = {(row.uri, _key(row)) for row in known if row.duplicate_of is not None}
    old_sources = {row.source_id for row in known}
    new: list[Listing] = []
    duplicates: list[Listing] = []
    num_known = 0
    for listing in sorted(listings, key=_order):
        if listing.source_id in barred:
            failures.append(_taken_down(listing))
            continue
        first = firsts.get(_key(listing))
        if (listing.uri, _key(listing)) in planned:
            num_known += 1
        elif first is not None:
            duplicates.append(listing.model_copy(update={"duplicate_of": first.uri}))
        elif listing.source_id in old_sources:
            failures.append(_late_span(listing))
        else:
            firsts[_key(listing)] = listing
            new.append(listing)
    unwritten = [row for row in duplicates if (row.uri, _key(row)) not in written]
    return ShardPlan(_grouped(new, unwritten, sources_per_shard, next_shard), duplicates, failures, num_known)


def _identified(
    entries: Iterable[Entry | BadEntry], known: Sequence[Listing], identify: Callable[[str], str]
) -> tuple[list[Failure], list[Listing]]:
    """Listings of what can be read. Each file is read once, and not at all if its path, size and time are known."""
    entries = list(entries)
    identified: dict[_File, str | Rejected] = {
        (row.uri, row.num_bytes, row.modified_ns): row.source_id for row in known if row.modified_ns is not None
    }
    unread = {_file(entry): None for entry in entries if isinstance(entry, Entry) and _file(entry) not in identified}
    with ThreadPoolExecutor(_HASH_THREADS) as pool:
        found = pool.map(lambda file: _source_id(file[0], identify), unread)
        identified.update(zip(unread, found, strict=True))
    failures, listings = [], []
    for entry in entries:
        if isinstance(entry, BadEntry):
            failures.append(Failure(stage=_STAGE, code=entry.code, message=entry.message, uri=without_query(entry.uri)))
        elif isinstance(source_id := identified[_file(entry)], Rejected):
            failures.append(Failure(stage=_STAGE, code=source_id.code, message=source_id.message, uri=without_query(entry.uri)))
        else:
            listings.append(_listing(entry, source_id))
    return failures, listings


def _file(entry: Entry) -> _File:
    return entry.uri, entry.num_bytes, entry.modified_ns


def _source_id(uri: str, identify: Callable[[str], str]) -> str | Rejected:
    try:
        return identify(uri)
    except FileNotFoundError:
        return Rejected("vanished", "the file was listed but is gone")
    except Exception as error:  # every kind of store has errors of its own
        return Rejected("unreadable", f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _listing(entry: Entry, source_id: str) -> Listing:
    span = f"{source_id} {entry.start_s} {entry.end_s}"
    return Listing(
        listing_id=hashlib.blake2b(span.encode(), digest_size=16).hexdigest(),
        source_id=source_id,
        uri=entry.uri,
        name=entry.name,
        num_bytes=entry.num_bytes,
        modified_ns=entry.modified_ns,
        start_s=entry.start_s,
        end_s=entry.end_s,
        label=entry.label,
        split=entry.split,
        license=entry.license,
    )


def _key(row: Listing) -> _Key:
    return row.source_id, row.start_s, row.end_s


def _order(row: Listing) -> tuple[str, float, float, str, str]:
    """By content and span; the uri settles which of several equal ones is the first, whatever order they were listed in."""
    start_s = -math.inf if row.start_s is None else row.start_s
    end_s = math.inf if row.end_s is None else row.end_s
    return row.source_id, start_s, end_s, row.uri, row.label or ""


def _taken_down(listing: Listing) -> Failure:
    """Says no more than that, and does not name the file: nothing else here does any more."""
    message = f"a source was taken down and stays out (forgotten/{listing.source_id}.json)"
    return Failure(stage=_STAGE, code="forgotten", message=message)


def _late_span(listing: Listing) -> Failure:
    message = "this source is in a shard already; all spans of a source are cut together, list the new span in a new root"
    return Failure(stage=_STAGE, code="bad_span", message=message, source_id=listing.source_id, uri=without_query(listing.uri))


def _grouped(
    new: Sequence[Listing], duplicates: Sequence[Listing], sources_per_shard: int, next_shard: int
) -> dict[int, list[Listing]]:
    source_ids = sorted({row.source_id for row in new})
    shard_of = {source_id: next_shard + i // sources_per_shard for i, source_id in enumerate(source_ids)}
    shards: dict[int, list[Listing]] = defaultdict(list)
    for row in new:
        shards[shard_of[row.source_id]].append(row)
    for row in duplicates:
        shards[shard_of.get(row.source_id, next_shard)].append(row)
    return {number: sorted(shards[number], key=lambda row: (*_order(row), row.duplicate_of or "")) for number in sorted(shards)}
