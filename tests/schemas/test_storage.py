"""Writing so that nobody ever reads half a file, over a folder and over an object store."""

import uuid
from pathlib import Path

import pytest

from schemas.errors import RootError
from schemas.storage import Storage


@pytest.fixture(params=["folder", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """fsspec's memory filesystem behaves like an object store: no folders, no rename, an upload appears when it ends."""
    return Storage(str(tmp_path / "root") if request.param == "folder" else f"memory://{uuid.uuid4().hex}")


def test_what_is_written_can_be_read(storage: Storage) -> None:
    storage.write("a/b/c.bin", b"hello")
    assert storage.read("a/b/c.bin") == b"hello"
    assert storage.size("a/b/c.bin") == 5
    assert storage.names("a/b") == ["c.bin"]
    assert storage.names("a") == ["b"]


def test_a_file_is_not_there_until_it_is_complete(storage: Storage) -> None:
    with storage.create("x/part.bin") as sink:
        sink.write(b"half")
        assert not storage.exists("x/part.bin")
        assert storage.names("x") == []
    assert storage.read("x/part.bin") == b"half"


def test_an_error_while_writing_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(RuntimeError, match="stop"), storage.create("x/part.bin") as sink:
        sink.write(b"half")
        raise RuntimeError("stop")
    assert not storage.exists("x/part.bin")
    assert storage.names("x") == []


def test_writing_again_replaces_the_whole_file(storage: Storage) -> None:
    storage.write("x", b"a long first text")
    storage.write("x", b"short")
    assert storage.read("x") == b"short"


def test_of_two_writers_of_a_new_file_one_wins_and_the_other_knows(storage: Storage) -> None:
    storage.write("x", b"first")
    with pytest.raises(FileExistsError), storage.create("x", must_be_new=True) as sink:
        sink.write(b"second")
    assert storage.read("x") == b"first"
    with storage.create("y", must_be_new=True) as sink:
        sink.write(b"new")
    assert storage.read("y") == b"new"


@pytest.mark.parametrize("url", ["", "  ", "nonsense://x"])
def test_a_root_that_cannot_be_one_is_a_message(url: str) -> None:
    with pytest.raises(RootError):
        Storage(url)


def test_an_absent_folder_is_empty_and_removing_twice_is_no_error(storage: Storage) -> None:
    assert storage.names("nothing/here") == []
    storage.write("x", b"1")
    storage.remove("x")
    storage.remove("x")
    assert not storage.exists("x")


def test_temporary_files_of_a_killed_writer_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".part-000001.parquet.123.tmp").write_bytes(b"half")
    (tmp_path / "part-000001.parquet").write_bytes(b"whole")
    assert Storage(str(tmp_path)).names("") == ["part-000001.parquet"]
