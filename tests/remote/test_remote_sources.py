"""Sources in a bucket: listed, hashed by content, fetched by workers, and told in one line where that cannot be."""

import os
from pathlib import Path

import fsspec
import pytest
import soundfile

from pipeline.ingest import IngestParams, ingest_source
from pipeline.scan import scan
from pipeline.sources import BadEntry, Entry, list_sources
from schemas.errors import SourceError
from schemas.layout import Dataset
from schemas.media import Listing
from tests.pipeline.media.rendering import clicks
from tests.remote.server import S3Server


def put(bucket: str, files: dict[str, bytes]) -> None:
    fsspec.filesystem("s3").pipe({f"{bucket}/{name}": content for name, content in files.items()})


def test_a_folder_of_a_bucket_is_listed_by_name(bucket: str) -> None:
    files = {
        "in/b.wav": b"bb",
        "in/deep/a*[1].wav": b"a",
        "in/.hidden": b"x",
        "in/.git/x.wav": b"x",
        "in/drawn/": b"",
        "out.wav": b"x",
    }
    put(bucket, files)
    found = [entry for entry in list_sources(f"{bucket}/in") if isinstance(entry, Entry)]
    assert [(entry.uri, entry.name, entry.num_bytes) for entry in found] == [
        (f"{bucket}/in/b.wav", "b.wav", 2),
        (f"{bucket}/in/deep/a*[1].wav", "a*[1].wav", 1),
    ]
    assert all(entry.modified_ns for entry in found)


def test_a_file_and_a_manifest_may_be_in_a_bucket(bucket: str) -> None:
    put(bucket, {"a.wav": b"1", "list/b.wav": b"22", "list/all.csv": f"uri\nb.wav\n{bucket}/a.wav\ngone.wav\n".encode()})
    (entry,) = list_sources(f"{bucket}/a.wav")
    assert (entry.uri, getattr(entry, "num_bytes", None)) == (f"{bucket}/a.wav", 1)
    near, far, gone = list_sources(f"{bucket}/list/all.csv")
    assert isinstance(near, Entry)
    assert isinstance(far, Entry)
    assert isinstance(gone, BadEntry)
    assert (near.uri, far.uri, gone.code) == (f"{bucket}/list/b.wav", f"{bucket}/a.wav", "vanished")


def test_what_is_known_by_name_size_and_time_is_not_read_again(bucket: str, tmp_path: Path, s3: S3Server) -> None:
    put(bucket, {"in/a.wav": b"a", "in/same.wav": b"a", "in/b.wav": b"b"})
    dataset = Dataset.create(str(tmp_path / "root"))
    first = scan(dataset, f"{bucket}/in", None, 10)
    assert (first.num_new, [len(rows) for rows in first.new_shards.values()]) == (2, [3])
    before = s3.mark
    again = scan(dataset, f"{bucket}/in", None, 10)
    assert (again.num_new, again.new_shards) == (0, {})
    assert s3.requests(before)["GET"] == 0


def test_a_source_is_fetched_with_one_request_under_a_name_of_our_own(bucket: str, tmp_path: Path, s3: S3Server) -> None:
    soundfile.write(tmp_path / "a.wav", clicks([1.0], 3.0), 44100)
    put(bucket, {"in/-dash ; $(touch x) '.wav": (tmp_path / "a.wav").read_bytes()})
    found = scan(Dataset.create(str(tmp_path / "root")), f"{bucket}/in", None, 10)
    listing: Listing = found.new_shards[0][0]
    (tmp_path / "scratch").mkdir()
    before = s3.mark
    done = ingest_source([listing], IngestParams(), tmp_path / "scratch")
    assert len(done.clips) == 1
    assert s3.requests(before) == {"GET": 1}
    assert [path.suffix for path in (tmp_path / "scratch").iterdir()] == [".flac"]


def test_a_source_that_is_gone_when_it_is_fetched_is_a_failure_row(bucket: str, tmp_path: Path) -> None:
    put(bucket, {"in/a.wav": b"1"})
    found = scan(Dataset.create(str(tmp_path / "root")), f"{bucket}/in", None, 10)
    fsspec.filesystem("s3").rm(f"{bucket}/in/a.wav")
    done = ingest_source(found.new_shards[0], IngestParams(), tmp_path)
    assert [failure.code for failure in done.failures] == ["vanished"]


def test_a_source_that_cannot_be_listed_is_one_line(bucket: str) -> None:
    put(bucket, {"other/a.wav": b"1"})
    for spec, words in {
        f"{bucket}/in": "does not exist",
        f"{bucket}-no-such/in": "does not exist",
        "s3://key:hunter2@bucket/in": "without credentials",
        "s4://bucket/in": "cannot be used",
    }.items():
        with pytest.raises(SourceError, match=words) as told:
            list_sources(spec)
        assert "hunter2" not in str(told.value)
        assert "\n" not in str(told.value)


def test_a_store_of_sources_that_is_away_is_one_line_in_seconds(bucket: str) -> None:
    before = os.environ["AWS_ENDPOINT_URL"]
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"  # the port of "discard", where nobody listens
    fsspec.filesystem("s3").clear_instance_cache()
    try:
        with pytest.raises(SourceError, match="Could not connect to the endpoint"):
            list_sources(f"{bucket}/in")
    finally:
        os.environ["AWS_ENDPOINT_URL"] = before
        fsspec.filesystem("s3").clear_instance_cache()
