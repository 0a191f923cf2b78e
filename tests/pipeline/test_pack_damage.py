"""Clips that were damaged after ingest never end in a release: packing holds every tar against what ingest wrote."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.integrity.finding import inspect_files
from pipeline.integrity.mending import mend
from pipeline.release.publish import current_release
from schemas.errors import RootError
from schemas.layout import Dataset
from tests.pipeline.conftest import Built, build

PACKED_ANEW = {"shard_mb": 100}  # no other cell than packing


def cut(tar: Path) -> None:
    data = tar.read_bytes()
    tar.write_bytes(data[: len(data) // 2])


def flip(tar: Path, ending: str) -> None:
    """One bit in the middle of the first file of a kind: the tar can be read as before, and so can most of the file."""
    with tarfile.open(tar) as opened:
        member = next(member for member in opened if member.name.endswith(ending))
    data = bytearray(tar.read_bytes())
    data[member.offset_data + member.size // 2] ^= 1
    tar.write_bytes(data)


@pytest.mark.parametrize("damage", ["cut", ".mp4", pytest.param(".flac", marks=pytest.mark.long), "gone"])
def test_a_tar_that_is_not_as_it_was_written_stops_packing_until_it_is_repaired(
    built: Built, copy_of: Callable[[Built], Dataset], damage: str
) -> None:
    dataset = copy_of(built)
    path = dataset.clips_path(built.plan["ingest"].fingerprint, 0)
    tar = Path(dataset.url) / path
    whole = tar.read_bytes()
    if damage == "cut":
        cut(tar)
    elif damage == "gone":
        tar.unlink()
    else:
        flip(tar, damage)
    with pytest.raises(RootError, match=rf"^{path} is missing or damaged \(.*\); `audiocot verify --repair`"):
        build(built.source, dataset.url, release=PACKED_ANEW)
    assert current_release(dataset) == built.report.release
    published = [name for name in dataset.storage.names("releases") if dataset.storage.exists(f"releases/{name}/manifest.json")]
    assert published == [built.report.release]

    mended = mend(dataset, inspect_files(dataset))
    assert [cell.stage for cell in mended.cells] == ["ingest"]
    repaired = build(built.source, dataset.url, release=PACKED_ANEW)
    assert tar.read_bytes() == whole
    assert repaired.report.release == current_release(dataset) != built.report.release
    assert inspect_files(dataset).damage == []
