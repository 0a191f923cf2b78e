"""Upkeep does the same in a folder and in a bucket: every test here that takes a copy is run over both."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.layout import Dataset
from schemas.storage import Storage
from tests.pipeline.conftest import Built
from tests.remote.fixtures import new_bucket


@pytest.fixture(params=["folder", "s3"])
def copy_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Built], Dataset]:
    """Gives a dataset that a test may change, file by file as it is."""
    return copier(request, tmp_path)


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.long)])
def copy_to_build(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Built], Dataset]:
    """The same for a test that builds, which takes long where every request goes through a server."""
    return copier(request, tmp_path)


def copier(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Built], Dataset]:
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = f"{new_bucket()}/deep/copy" if request.param == "s3" else str(tmp_path / "copy")

    def copy(built: Built) -> Dataset:
        to = Storage(url)
        for path in built.dataset.storage.files():
            to.write(path, built.dataset.storage.read(path), is_synced=False)
        return Dataset.open(url)

    return copy
