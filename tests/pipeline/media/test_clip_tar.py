import io
import os
import tarfile
from pathlib import Path

import fsspec
import pytest

from pipeline.media.clip_tar import ClipTar, write_tar

_MEMBERS = [("a-1.mp4", b"video"), ("a-1.flac", b"sound" * 1000), ("a-1.json", b"{}"), ("b-2.flac", b"")]


def _bytes(members: list[tuple[str, bytes | Path]]) -> bytes:
    sink = io.BytesIO()
    write_tar(sink, members)
    return sink.getvalue()


def test_the_same_members_give_the_same_bytes_from_memory_and_from_files(tmp_path: Path) -> None:
    paths = []
    for name, content in _MEMBERS:
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
        paths.append((name, path))
    assert _bytes([*_MEMBERS]) == _bytes([*paths])


def test_headers_carry_no_trace_of_who_wrote_them_and_when() -> None:
    with tarfile.open(fileobj=io.BytesIO(_bytes([*_MEMBERS]))) as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == [name for name, _ in _MEMBERS]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}


def test_members_are_read_in_any_order_from_any_filesystem() -> None:
    with fsspec.open("memory://clips/shard.tar", "wb") as sink:
        sink.write(_bytes([*_MEMBERS]))
    tar = ClipTar(lambda: fsspec.open("memory://clips/shard.tar", "rb").open())
    assert tar.read("b-2.flac") == b""
    assert tar.read("a-1.flac") == b"sound" * 1000
    assert tar.read("a-1.mp4") == b"video"
    assert tar.names() == [name for name, _ in _MEMBERS]
    tar.close()
    assert tar.read("a-1.json") == b"{}"


def test_reading_one_member_does_not_read_the_others() -> None:
    class Counting(io.BytesIO):
        num_read = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Counting.num_read += len(data)
            return data

    data = _bytes([("a.flac", bytes(5_000_000)), ("b.flac", b"small")])
    assert ClipTar(lambda: Counting(data)).read("b.flac") == b"small"
    assert Counting.num_read < 10_000


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        _bytes([("a.json", b"1"), ("a.json", b"2")])


def test_a_member_that_is_not_there_is_a_key_error() -> None:
    data = _bytes([*_MEMBERS])
    with pytest.raises(KeyError, match="nothing"):
        ClipTar(lambda: io.BytesIO(data)).read("nothing")
