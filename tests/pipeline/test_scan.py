"""Scans: shards for what is new by content, everything else as it was, and every bad entry in the accounts once."""

from pathlib import Path

import pytest

from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.scan import ScanPreview, preview_scan, scan
from schemas.accounting import Failure
from schemas.errors import RootError, SourceError
from schemas.layout import Dataset
from schemas.media import Listing


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three files of different bytes."""
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "deep/c.mp4"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset.create(str(tmp_path / "root"))


def scanned(dataset: Dataset, source: Path, limit: int | None = None, sources_per_shard: int = 2) -> ScanPreview:
    return scan(dataset, str(source), limit, sources_per_shard)


def listed(dataset: Dataset) -> dict[int, list[Listing]]:
    """Shard → its rows."""
    shards = sorted(dataset.shards_with_part("listing", SCAN, SCAN_FINGERPRINT))
    return {shard: list(dataset.read_part(Listing, SCAN, SCAN_FINGERPRINT, shard)) for shard in shards}


def bad(dataset: Dataset) -> list[tuple[str, str]]:
    """Name and code of every failure row of every scan."""
    rows = (row for shard in listed(dataset) for row in dataset.read_part(Failure, SCAN, SCAN_FINGERPRINT, shard))
    return [(Path(row.uri or "").name, row.code) for row in rows]


def files(root: Path) -> dict[Path, int]:
    """Every file → when it was written."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_the_first_scan_plans_everything(dataset: Dataset, source: Path) -> None:
    found = scanned(dataset, source)
    assert (found.num_entries, found.num_new, found.num_known, found.old_shards) == (3, 3, 0, [])
    shards = listed(dataset)
    assert [len(rows) for rows in shards.values()] == [2, 1]
    assert shards == found.new_shards
    assert {row.name for rows in shards.values() for row in rows} == {"a.mp4", "b.mp4", "c.mp4"}


def test_a_second_scan_finds_nothing_new_and_writes_nothing(dataset: Dataset, source: Path) -> None:
    scanned(dataset, source)
    before = files(Path(dataset.url))
    found = scanned(dataset, source)
    assert (found.num_new, found.num_known, found.old_shards, found.new_shards) == (0, 3, [0, 1], {})
    assert files(Path(dataset.url)) == before


def test_a_growing_source_adds_shards_and_leaves_the_old_ones_alone(dataset: Dataset, source: Path) -> None:
    scanned(dataset, source)
    before = files(Path(dataset.url))
    (source / "0 first by name.mp4").write_bytes(b"d")
    found = scanned(dataset, source)
    assert (found.num_new, found.num_known, list(found.new_shards)) == (1, 3, [2])
    after = files(Path(dataset.url))
    assert {path: after[path] for path in before} == before
    assert [row.name for row in listed(dataset)[2]] == ["0 first by name.mp4"]


def test_a_renamed_file_is_a_duplicate_and_not_new(dataset: Dataset, source: Path) -> None:
    scanned(dataset, source)
    (source / "a.mp4").rename(source / "another name.mp4")
    found = scanned(dataset, source)
    assert found.num_new == 0
    (told,) = found.new_shards.values()
    assert {row.name: row.duplicate_of for row in told} == {"another name.mp4": str(source / "a.mp4")}
    assert scanned(dataset, source).new_shards == {}, "it is told once"


def test_a_file_with_new_bytes_is_new_under_its_old_name(dataset: Dataset, source: Path) -> None:
    scanned(dataset, source)
    (source / "a.mp4").write_bytes(b"other bytes")
    assert scanned(dataset, source).num_new == 1


def test_a_bad_entry_is_told_once_over_many_scans(dataset: Dataset, source: Path) -> None:
    (source / "gone.mp4").symlink_to(source / "nowhere")
    for _ in range(3):
        scanned(dataset, source)
    (source / "d.mp4").write_bytes(b"d")
    scanned(dataset, source)
    assert bad(dataset) == [("gone.mp4", "vanished")]


def test_a_bad_entry_without_new_content_is_still_told(dataset: Dataset, source: Path) -> None:
    scanned(dataset, source)
    (source / "gone.mp4").symlink_to(source / "nowhere")
    scanned(dataset, source)
    scanned(dataset, source)
    assert bad(dataset) == [("gone.mp4", "vanished")]
    assert listed(dataset)[2] == []


def test_each_bad_row_of_a_growing_manifest_is_told_once(dataset: Dataset, source: Path) -> None:
    manifest = source / "list.csv"
    manifest.write_text("path,start_s\na.mp4,0\nb.mp4,soon\n")
    for _ in range(2):
        scanned(dataset, manifest)
    assert bad(dataset) == [("list.csv", "bad_span")]
    with manifest.open("a") as file:
        file.write("b.mp4,never\ndeep/c.mp4,0\n")
    for _ in range(2):
        scanned(dataset, manifest)
    assert bad(dataset) == [("list.csv", "bad_span"), ("list.csv", "bad_span")]


def test_a_bad_entry_that_got_well_is_new(dataset: Dataset, source: Path) -> None:
    (source / "late.mp4").symlink_to(source.parent / "uploading")
    assert scanned(dataset, source).num_new == 3
    (source.parent / "uploading").write_bytes(b"here at last")
    assert scanned(dataset, source).num_new == 1


def test_a_limit_takes_the_first_entries_and_a_later_scan_the_rest(dataset: Dataset, source: Path) -> None:
    assert scanned(dataset, source, limit=2).num_entries == 2
    assert {row.name for rows in listed(dataset).values() for row in rows} == {"a.mp4", "b.mp4"}
    found = scanned(dataset, source)
    assert (found.num_entries, found.num_new, found.num_known) == (3, 1, 2)


def test_a_preview_tells_what_a_scan_would_do_and_writes_nothing(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "root"
    before = preview_scan(str(root), str(source), None, 2)
    assert (before.dataset, before.num_new, list(before.new_shards)) == (None, 3, [0, 1])
    assert not root.exists()
    dataset = Dataset.create(str(root))
    assert scanned(dataset, source).new_shards == before.new_shards
    written = files(root)
    (source / "gone.mp4").symlink_to(source / "nowhere")
    expected = preview_scan(str(root), str(source), None, 2)
    assert files(root) == written
    done = scanned(dataset, source)
    assert (expected.new_shards, expected.new_failures) == (done.new_shards, done.new_failures)
    assert sorted(listed(dataset)) == [*expected.old_shards, *expected.new_shards]


def test_nothing_to_scan_and_no_place_to_write_are_mistakes(dataset: Dataset, source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="is a folder without files"):
        scanned(dataset, tmp_path / "empty")
    assert listed(dataset) == {}
    with pytest.raises(RootError, match="is not empty and not an AudioCoT dataset"):
        preview_scan(str(source), str(source), None, 2)
