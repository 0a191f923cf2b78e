"""What is damaged is taken back, and the next build makes exactly that again, with the same bytes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotators.base import Params
from pipeline.integrity.cells import MARKERS, CellName
from pipeline.integrity.finding import inspect_files
from pipeline.integrity.mending import mend, restore_identity
from pipeline.integrity.redoing import FOLDER, settle, take_back
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.reasoning import Cot
from tests.pipeline.conftest import Built, build
from tests.pipeline.spelling import Speller, ingested, plan_of, run_cell


def flip(root: str, path: str) -> None:
    file = Path(root) / path
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def rows(root: str) -> dict[str, list[object]]:
    """Every part's rows, by path."""
    return {
        path.relative_to(root).as_posix(): pq.read_table(path).to_pylist() for path in Path(root).glob("tables/*/*/*.parquet")
    }


def bytes_of(root: str, pattern: str) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in Path(root).glob(pattern)}


def test_exactly_the_damaged_cells_run_again_and_say_the_same(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    root, plan = dataset.url, built.plan
    before, tars = rows(root), bytes_of(root, "clips/*/*.tar")
    shards = bytes_of(root, "releases/*/shards/*.tar")
    track, reason = plan["track"].fingerprint, plan["reason"].fingerprint
    flip(root, dataset.part_path("failure", "track", track, 0))
    flip(root, dataset.part_path("cot", "reason", reason, 1))
    tar = sorted(tars)[0]
    (Path(root) / tar).write_bytes(tars[tar][: len(tars[tar]) // 2])
    shard = sorted(shards)[0]
    (Path(root) / shard).unlink()
    mended = mend(dataset, inspect_files(dataset))
    ingest = CellName(tar.split("/")[1], int(tar[-10:-4]))
    assert set(mended.cells) == {CellName(f"track-{track[:8]}", 0), CellName(f"reason-{reason[:8]}", 1), ingest}
    assert mended.release == built.report.release
    assert mended.left == []
    report = build(built.source, Path(root)).report
    assert report.cells_run == 3 + 1, "three cells and one shard of the release"
    assert report.release == built.report.release
    assert rows(root) == before
    assert bytes_of(root, "clips/*/*.tar") == tars
    assert bytes_of(root, "releases/*/shards/*.tar") == shards
    assert inspect_files(dataset).problems == []
    assert not list(Path(root, FOLDER).rglob("*.json"))


@pytest.mark.parametrize("pattern", ["dataset.json", "tables/listing/*/*0000.parquet", "tables/failure/scan-*/*0000.parquet"])
@pytest.mark.parametrize("is_spare", [False, True])
@pytest.mark.parametrize("is_gone", [False, True])
def test_what_nobody_can_make_again_is_put_back_from_its_copy(
    built: Built, tmp_path: Path, pattern: str, is_spare: bool, is_gone: bool
) -> None:
    for path in ("dataset.json", "spare", "runs", "tables/listing", "tables/failure"):
        source = Path(built.dataset.url) / path
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / path)
    shutil.rmtree(tmp_path / "runs")  # only what is kept twice is of interest here
    (harmed,) = tmp_path.glob(f"spare/{pattern}" if is_spare else pattern)
    data = harmed.read_bytes()
    if is_gone:
        harmed.unlink()
    else:
        flip(str(tmp_path), harmed.relative_to(tmp_path).as_posix())
    assert restore_identity(str(tmp_path)) == (pattern == "dataset.json" and not is_spare)
    dataset = Dataset.open(str(tmp_path))
    mend(dataset, inspect_files(dataset))
    assert harmed.read_bytes() == data


def test_both_copies_damaged_is_told_and_left(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    dataset = copy_of(built)
    (listing,) = Path(dataset.url).glob("tables/listing/*/part-000000.parquet")
    path = listing.relative_to(dataset.url).as_posix()
    for copy in (path, f"spare/{path}"):
        flip(dataset.url, copy)
    assert {problem.path for problem in mend(dataset, inspect_files(dataset)).left} == {path, f"spare/{path}"}


def test_readers_are_taken_back_only_if_a_cell_says_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stage, table in (("spell", "caption"), ("count_letters", "measurement")):
        monkeypatch.setitem(MARKERS, stage, table)  # the stages of these tests are known to nobody else

    class Otherwise(Speller):
        def annotate(self, batch: object) -> object:
            return [f"{answer}!" for answer in super().annotate(batch)]  # type: ignore[arg-type]

    plan = plan_of(Speller(Params()))
    dataset = ingested(str(tmp_path), plan, "ab", "cd")
    run_cell(dataset, plan)
    run_cell(dataset, plan, "count_letters")
    cell = CellName(f"spell-{plan['spell'].fingerprint[:8]}", 0)

    def is_read() -> bool:
        return bool(dataset.shards_with_part("measurement", "count_letters", plan["count_letters"].fingerprint))

    take_back(dataset, cell, [])
    assert not settle(dataset, plan), "nothing is known before it was made again"
    run_cell(dataset, plan)
    assert not settle(dataset, plan)
    assert is_read()
    assert dataset.storage.names(f"{FOLDER}/{cell.folder}") == []
    take_back(dataset, cell, [])
    run_cell(dataset, plan_of(Otherwise(Params())))
    assert settle(dataset, plan)
    assert not is_read()


def test_a_part_that_was_changed_is_not_read(copy_of: Callable[[Built], Dataset], built: Built) -> None:
    """A flipped bit within a page is no error of Parquet: without the seal it would be another row."""
    dataset = copy_of(built)
    reason = built.plan["reason"].fingerprint
    flip(dataset.url, dataset.part_path("cot", "reason", reason, 0))
    with pytest.raises(RootError, match=r"cot/reason-.*part-000000.parquet in .* is damaged .*audiocot verify --repair"):
        dataset.read_part(Cot, "reason", reason, 0)
