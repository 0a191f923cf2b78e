"""A source that was taken down is nowhere any more: every file of the root is opened, unpacked and searched."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.accounting import account
from pipeline.compaction import CompactWork
from pipeline.media.clip_tar import ClipTar
from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.upkeep.barred import barred_sources
from pipeline.upkeep.forgetting import Traces, find_source, forget
from schemas.accounting import Failure
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Listing
from tests.pipeline.conftest import Built, build

COPIED = "a.mp4"  # listed twice


def contents(dataset: Dataset) -> Iterator[tuple[str, bytes]]:
    """Every file outside of published releases, as it is and unpacked: rows of Parquet files, members of tars."""
    storage = dataset.storage
    for path in sorted(storage.fs.find(storage.root)):
        name = path.removeprefix(storage.root).lstrip("/")
        if name.startswith("releases/"):
            continue
        data: bytes = storage.fs.cat_file(path)
        yield name, data
        if name.endswith(".parquet"):
            yield name, json.dumps(pq.read_table(io.BytesIO(data)).to_pylist(), ensure_ascii=False).encode()
        if name.endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    yield f"{name}:{member.name}", member.name.encode() + (content.read() if content else b"")


def tars_of(dataset: Dataset, shard: int | None = None) -> list[str]:
    """Paths of the tars of clips, or of the one of a shard."""
    ending = ".tar" if shard is None else f"/shard-{shard:06d}.tar"
    return [path for path in dataset.storage.files() if path.startswith("clips/") and path.endswith(ending)]


def words_of(dataset: Dataset, traces: Traces) -> list[bytes]:
    """What must not be found any more: ids, names, and a stretch of the sound and of the picture of each clip."""
    found = [traces.source_id[:16].encode(), *(Path(name).name.encode() for name in traces.names)]
    for path in tars_of(dataset):
        tar = ClipTar(partial(dataset.storage.open, path))
        for name in tar.names():
            if name.startswith(traces.source_id[:16]) and not name.endswith(".json"):
                data = tar.read(name)
                found.append(data[len(data) // 2 :][:64])
        tar.close()
    return found


def where(dataset: Dataset, words: list[bytes]) -> set[str]:
    """Files that have one of them, but for what keeps the source out."""
    return {
        name
        for name, data in contents(dataset)
        if any(word in data or word in name.encode() for word in words) and not name.startswith("forgotten/")
    }


def with_neighbours(dataset: Dataset) -> str:
    """A source that shares its shard's tar with another one."""
    for name in (COPIED, "c.x.y.mp4", "with spaces & ünïcode.mp4"):
        (shard,) = find_source(dataset, name).shards
        (tar,) = tars_of(dataset, shard)
        with dataset.storage.open(tar) as file, tarfile.open(fileobj=file) as opened:
            sources = {member.partition("-")[0] for member in opened.getnames()}
        if len(sources) > 1:
            return name
    raise AssertionError("three sources in two shards")


def test_nothing_of_a_source_is_left_and_its_neighbours_are_built_again(
    built: Built, copy_to_build: Callable[[Built], Dataset]
) -> None:
    dataset = copy_to_build(built)
    traces = find_source(dataset, COPIED)
    assert len(traces.names) == 2
    assert traces.clip_ids
    assert traces.releases == [built.report.release]
    words = words_of(dataset, traces)
    assert len(words) >= 4
    assert any(name.startswith("clips/") for name in where(dataset, words)), "the search finds what is there"

    forget(dataset, traces)
    assert where(dataset, words) == set()
    with pytest.raises(RootError, match="no source here is"):
        find_source(dataset, traces.source_id)

    again = build(built.source, dataset.url)
    assert where(dataset, [word for word in words if word != traces.source_id[:16].encode()]) == set()
    named = where(dataset, words)  # the failure that says why a listed file is left out names the note, by the hash
    assert {name.split("/")[1] for name in named if "tables/" in name} <= {"failure", "tables"}
    assert all(line.adds_up for line in account(dataset, again.plan.fingerprints))
    assert again.report.release != built.report.release
    assert again.report.num_released == built.report.num_released - len(traces.clip_ids)


def test_a_killed_forget_goes_on_and_gives_the_same_root(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    name = with_neighbours(dataset)
    traces = find_source(dataset, name)
    words = words_of(dataset, traces)
    (tar,) = tars_of(dataset, traces.shards[0])
    part = f"part-{traces.shards[0]:06d}.parquet"
    forget(dataset, traces)
    left = {path: dataset.storage.read(path) for path in dataset.storage.files() if path == tar or path.endswith(part)}
    assert {path.split("/")[1] for path in left} >= {"clip", "listing"}

    for path in built.dataset.storage.files():  # the listing, and the mark of ingest
        if path.startswith(("tables/listing/", "tables/clip/")) and path.endswith(part):
            dataset.storage.write(path, built.dataset.storage.read(path))
    forget(dataset, find_source(dataset, name))
    assert {path: dataset.storage.read(path) for path in left} == left
    assert where(dataset, words) == set()
    assert barred_sources(dataset) == {traces.source_id}


@pytest.mark.parametrize("name", ["nobody.mp4", "1234"])
def test_a_name_that_no_source_has_is_one_clear_line(built: Built, name: str) -> None:
    with pytest.raises(RootError, match=f"must be named by its id, its uri or its file name, got '{name}'"):
        find_source(built.dataset, name)


def test_a_source_that_failed_leaves_the_accounts_too(built: Built, copy_to_build: Callable[[Built], Dataset]) -> None:
    dataset = copy_to_build(built)
    traces = find_source(dataset, "notes.txt")
    assert not traces.clip_ids
    CompactWork(dataset, f"{SCAN}-{SCAN_FINGERPRINT[:8]}", (Listing.table, Failure.table))(None, {}, None)
    assert any(name.startswith("blocks/") for name in where(dataset, [b"notes.txt"]))
    forget(dataset, traces)
    assert not any(name.startswith("blocks/") for name in where(dataset, [b"notes.txt"]))
    again = build(built.source, dataset.url)
    assert all(line.adds_up for line in account(dataset, again.plan.fingerprints))
