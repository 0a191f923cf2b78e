"""Forgetting a source: for take-down requests. Every trace of it leaves the root, and it never comes back by itself.

What a shard was told by the source's neighbours may tell of it too (a claim of one clip is another one's decoy, its sound is
mixed into another one's task), so all that was made of a shard that held it goes, in every generation, and the next build makes
it again from the clips that are left. These stay: their media is not made again, so their own sources need not be there any
more. Replies of models about any clip of the shard go too, since nobody knows which clip one is about; those are asked again.

Left alone are published releases, which are immutable: they are named, and withdrawing them is for whoever gave them out.
Beyond this root's reach are logs, a provider's own records, and copies.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow.parquet as pq

from pipeline.blocks import remove_block
from pipeline.cell import CellReport
from pipeline.integrity.redoing import FOLDER as REDONE
from pipeline.media.clip_tar import ClipTar, write_tar
from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.release.publish import MANIFEST
from pipeline.stages import STAGES
from pipeline.upkeep.barred import bar
from schemas.accounting import Failure
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Clip, Listing, Source
from schemas.reviews import REVIEW, REVIEW_FINGERPRINT, Review
from schemas.seal import Checksum, unseal_json

INGEST = "ingest"
_LEAST_DIGITS = 8  # of a source_id, to name a source by
_KEPT_STAGES = (SCAN, REVIEW, INGEST)


@dataclass(frozen=True)
class Traces:
    """Where a source is. `releases`: published ones that hold it. `clip_ids`: of every generation, without repeats."""

    source_id: str
    names: Sequence[str]
    shards: Sequence[int]
    clip_ids: Sequence[str]
    releases: Sequence[str]


def find_source(dataset: Dataset, name: str) -> Traces:
    """The traces of one source. `name`: its id or the first 8 digits or more of it, its uri, or its file name.

    RootError if there is none of that name, or more than one.
    """
    listings = {shard: dataset.read_part(Listing, SCAN, SCAN_FINGERPRINT, shard) for shard in _shards(dataset)}
    found: dict[str, set[str]] = {}
    for row in (row for rows in listings.values() for row in rows):
        is_prefix = len(name) >= _LEAST_DIGITS and row.source_id.startswith(name)
        if is_prefix or name in (row.uri, row.name):
            found.setdefault(row.source_id, set()).add(row.uri)
    if len(found) != 1:
        told = f"{len(found)} are ({', '.join(sorted(found))}); name one by its id" if found else "no source here is"
        raise RootError(f"a source must be named by its id, its uri or its file name, got {name!r}: {told}")
    ((source_id, _),) = found.items()
    rows = [row for of_shard in listings.values() for row in of_shard if row.source_id == source_id]
    shards = [shard for shard, of_shard in listings.items() if any(row.source_id == source_id for row in of_shard)]
    return Traces(
        source_id,
        sorted({row.uri for row in rows}),
        shards,
        sorted({clip.clip_id for shard in shards for clip in _clips(dataset, shard) if clip.source_id == source_id}),
        _releases_with(dataset, source_id),
    )


def forget(dataset: Dataset, traces: Traces) -> int:
    """Remove all traces; gives the number of replies that will be asked again. Run again, it goes on where it was killed.

    The note that keeps the source out comes first, and the listing, by which the traces are found, goes last.
    """
    bar(dataset, traces.source_id)
    for folder in _unpublished(dataset):
        _remove_all(dataset, folder)
    _cut_reviews(dataset, set(traces.clip_ids))
    num_replies = _forget_replies(dataset, set(traces.shards))
    for shard in traces.shards:
        _forget_cells(dataset, shard)
        for fingerprint in _ingested(dataset, shard):
            _cut_ingest(dataset, fingerprint, shard, traces.source_id)
    for shard in _shards(dataset):
        _cut_listing(dataset, shard, traces)
    return num_replies


def _forget_cells(dataset: Dataset, shard: int) -> None:
    """Everything that was made of the shard's clips, marks first, and blocks that may hold copies of it, and notes about it."""
    part = f"part-{shard:06d}.parquet"
    paths = [
        f"tables/{table}/{folder}/{part}"
        for table in dataset.storage.names("tables")
        for folder in dataset.storage.names(f"tables/{table}")
        if folder.rpartition("-")[0] not in _KEPT_STAGES
    ]
    for path in sorted(paths, key=lambda path: not _is_mark(path)):
        dataset.storage.remove(path)
    for name in dataset.storage.names("blocks"):
        _remove_blocks(dataset, name, shard)
    for name in dataset.storage.names(REDONE):
        dataset.storage.remove(f"{REDONE}/{name}/{shard:06d}.json")
    for name in dataset.storage.names("batches"):
        for turn in dataset.storage.names(f"batches/{name}/requests"):
            for ending in ("json", "jsonl"):
                dataset.storage.remove(f"batches/{name}/requests/{turn}/{shard:06d}.{ending}")


def _remove_blocks(dataset: Dataset, name: str, shard: int) -> None:
    for folder in dataset.storage.names(f"blocks/{name}"):
        first, last, *_ = folder.split("-")
        if int(first) <= shard <= int(last):
            remove_block(dataset, f"blocks/{name}/{folder}")


def _cut_ingest(dataset: Dataset, fingerprint: str, shard: int, source_id: str) -> None:
    """The cell of ingest without one source, whose media is not made again: its tar, its rows and its report."""
    where = (INGEST, fingerprint, shard)
    had = dataset.read_part(Clip, *where)
    clips = [row for row in had if row.source_id != source_id]
    sources = [row for row in dataset.read_part(Source, *where) if row.source_id != source_id]
    failures = [row for row in dataset.read_part(Failure, *where) if row.source_id != source_id]
    told = CellReport.from_json(dataset.read_report(Clip.table, *where))
    files = _cut_tar(dataset, dataset.clips_path(fingerprint, shard), clips) if had else {}
    files |= dataset.write_part(Failure, failures, *where) | dataset.write_part(Source, sources, *where)
    recounted = _recounted(told, clips, sources, failures)
    dataset.write_part(Clip, clips, *where, report=recounted.to_json(), files=files)


def _recounted(told: CellReport, clips: Sequence[Clip], sources: Sequence[Source], failures: Sequence[Failure]) -> CellReport:
    """The report of ingest as its rows have it: a source is done if it gave a clip, else it failed as it first did."""
    done = {clip.source_id for clip in clips}
    failed = {row.source_id: row.code for row in reversed(failures) if row.source_id not in done}
    num_rows = {Clip.table: len(clips), Source.table: len(sources), Failure.table: len(failures)}
    return replace(
        told,
        num_in=len(done) + len(failed),
        num_done=len(done),
        failed=dict(sorted(Counter(failed.values()).items())),
        num_rows={table: num_rows.get(table, number) for table, number in told.num_rows.items()},
    )


def _cut_tar(dataset: Dataset, path: str, left: Sequence[Clip]) -> dict[str, Checksum]:
    """Write the tar again with these clips alone, each member as it was. No clip leaves no tar."""
    if not left:
        dataset.storage.remove(path)
        return {}
    stems = {clip.clip_id for clip in left}
    tar = ClipTar(lambda: dataset.storage.open(path))
    try:
        with dataset.storage.create(path) as sink:
            write_tar(sink, ((name, tar.read(name)) for name in tar.names() if name.partition(".")[0] in stems))
            return {path: Checksum.of_file(sink)}
    finally:
        tar.close()


def _cut_listing(dataset: Dataset, shard: int, traces: Traces) -> None:
    """The plan of a shard without the source, and the failures of the scan without its files. The shard itself stays."""
    where = (SCAN, SCAN_FINGERPRINT, shard)
    listings, failures = dataset.read_part(Listing, *where), dataset.read_part(Failure, *where)
    kept = [row for row in listings if row.source_id != traces.source_id]
    told = [row for row in failures if row.source_id != traces.source_id and row.uri not in traces.names]
    if len(kept) == len(listings) and len(told) == len(failures):
        return
    _remove_blocks(dataset, f"{SCAN}-{SCAN_FINGERPRINT[:8]}", shard)
    files = dataset.write_part(Failure, told, *where)
    files |= dataset.write_part(Listing, kept, *where, files=files)
    for path in files:
        dataset.keep_twice(path)


def _cut_reviews(dataset: Dataset, clip_ids: Set[str]) -> None:
    for batch in sorted(dataset.shards_with_part(Review.table, REVIEW, REVIEW_FINGERPRINT)):
        where = (REVIEW, REVIEW_FINGERPRINT, batch)
        rows = dataset.read_part(Review, *where)
        if any(row.clip_id in clip_ids for row in rows):
            for path in dataset.write_part(Review, [row for row in rows if row.clip_id not in clip_ids], *where, files={}):
                dataset.keep_twice(path)


def _forget_replies(dataset: Dataset, shards: Set[int]) -> int:
    """Replies that were first asked for a cell of these shards, and those that do not say for which."""
    paths = [
        f"replies/{hh}/{name}" for hh in dataset.storage.names("replies") for name in dataset.storage.names(f"replies/{hh}")
    ]

    def is_about(path: str) -> bool:
        try:
            billed_to = str(unseal_json(dataset.storage.read(path))["billed_to"])
        except (ValueError, KeyError):
            return True
        shard = billed_to.rpartition("/")[2]
        return not shard.isdigit() or int(shard) in shards

    with ThreadPoolExecutor(16) as pool:
        about = [path for path, wanted in zip(paths, pool.map(is_about, paths), strict=True) if wanted]
        list(pool.map(dataset.storage.remove, about))
    return len(about)


def _releases_with(dataset: Dataset, source_id: str) -> list[str]:
    """Published releases whose tables have the source."""
    found = []
    for name in dataset.storage.names("releases"):
        table = f"releases/{name}/tables/{Source.table}.parquet"
        if dataset.storage.exists(f"releases/{name}/{MANIFEST}") and dataset.storage.exists(table):
            with dataset.storage.open(table) as file:
                if source_id in pq.read_table(file, columns=["source_id"])["source_id"].to_pylist():
                    found.append(name)
    return found


def _unpublished(dataset: Dataset) -> Iterator[str]:
    """Releases that were begun: nobody has them, and they may hold the source."""
    for name in dataset.storage.names("releases"):
        if dataset.storage.names(f"releases/{name}") and not dataset.storage.exists(f"releases/{name}/{MANIFEST}"):
            yield f"releases/{name}/"


def _remove_all(dataset: Dataset, folder: str) -> None:
    for path in dataset.storage.files():
        if path.startswith(folder):
            dataset.storage.remove(path)


def _shards(dataset: Dataset) -> list[int]:
    return sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))


def _ingested(dataset: Dataset, shard: int) -> list[str]:
    """Fingerprints, as far as paths have them, with which the shard was ingested."""
    folders = [name.rpartition("-") for name in dataset.storage.names(f"tables/{Clip.table}")]
    return [
        fingerprint
        for stage, _, fingerprint in folders
        if stage == INGEST and shard in dataset.shards_with_part(Clip.table, stage, fingerprint)
    ]


def _clips(dataset: Dataset, shard: int) -> Iterator[Clip]:
    for fingerprint in _ingested(dataset, shard):
        yield from dataset.read_part(Clip, INGEST, fingerprint, shard)


def _is_mark(path: str) -> bool:
    _, table, folder, _ = path.split("/")
    stage = STAGES.get(folder.rpartition("-")[0])
    return stage is not None and stage.produces[0].table == table
