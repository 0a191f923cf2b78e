"""Garbage is what no recipe and no release refers to; a build after it was removed has nothing to do."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.accounting import account
from pipeline.runs import latest_run
from pipeline.upkeep.garbage import find_garbage, remove
from schemas.errors import RootError
from schemas.layout import Dataset
from tests.pipeline.conftest import Built, build


def names(dataset: Dataset) -> set[str]:
    return {heap.name for heap in find_garbage(dataset)}


def test_all_that_a_fresh_build_made_is_referred_to(built: Built) -> None:
    assert find_garbage(built.dataset) == []


def test_a_changed_parameter_leaves_what_depends_on_it_behind_once_its_release_is_gone(
    built: Built, copy_to_build: Callable[[Built], Dataset]
) -> None:
    dataset = copy_to_build(built)
    changed = build(built.source, dataset.url, stages={"reason": {"params": {"max_kinds": 2}}})
    assert changed.report.release != built.report.release
    assert names(dataset) == set(), "the release of before refers to it"

    for path in sorted(dataset.storage.files()):
        if path.startswith(f"releases/{built.report.release}/"):
            dataset.storage.remove(path)
    old = {f"{stage}-{value[:8]}" for stage, value in built.plan.fingerprints.items()}
    new = {f"{stage}-{value[:8]}" for stage, value in changed.plan.fingerprints.items()}
    found = find_garbage(dataset)
    assert {heap.name for heap in found} == old - new
    assert all(heap.num_bytes > 0 for heap in found)
    assert {heap.name for heap in find_garbage(dataset, [built.plan.fingerprints])} == set(), "a recipe that is to be kept"

    before = dataset.storage.files()
    for heap in found:
        remove(dataset, heap)
    gone = before.keys() - dataset.storage.files().keys()
    assert gone == {path for heap in found for path in heap.files}
    assert not any(name in path for path in dataset.storage.files() for name in old - new)
    assert all(line.adds_up for line in account(dataset, changed.plan.fingerprints))
    again = build(built.source, dataset.url, stages={"reason": {"params": {"max_kinds": 2}}})
    run = latest_run(dataset)
    assert run is not None
    assert run.cells_run == 0
    assert again.report.release == changed.report.release


def test_notes_and_unpublished_releases_are_garbage(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    for path in ("releases/begun-00000000/audio-000000.tar", "runs/20260101T000000.000000Z.notes/ingest-000000"):
        dataset.storage.write(path, b"half of it")
    assert names(dataset) == {"releases/begun-00000000", "20260101T000000.000000Z.notes"}


def test_a_file_of_a_killed_writer_is_garbage_after_an_hour(built: Built, tmp_path: Path) -> None:
    """In a folder: a store shows no half of an object."""
    shutil.copytree(built.dataset.url, tmp_path / "copy")
    dataset, torn = Dataset.open(str(tmp_path / "copy")), tmp_path / "copy" / "tables" / ".part-000000.parquet.0123.tmp"
    torn.write_bytes(b"half of it")
    assert names(dataset) == set(), "a writer may be at work"
    an_hour_ago = time.time() - 3700
    os.utime(torn, (an_hour_ago, an_hour_ago))
    assert names(dataset) == {"unfinished files"}


def test_where_a_record_is_damaged_nothing_is_called_garbage(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    (run,) = dataset.storage.names("runs")
    dataset.storage.write(f"runs/{run}", dataset.storage.read(f"runs/{run}").replace(b"fingerprints", b"fingerpaints"))
    with pytest.raises(RootError, match=rf"what runs/{run} .* refers to must be known"):
        find_garbage(dataset)
