"""Writing so that nobody ever reads half a file, over a folder and over object stores: S3 over HTTP, and one in memory."""

import os
import pickle
import socket
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from schemas.errors import RootError, StoreError
from schemas.storage import Snapshot, Storage
from tests.remote.fixtures import new_bucket
from tests.remote.server import S3Server

BLOCK_BYTES = 16 * 2**20  # two of them and more go up in parts


@pytest.fixture(params=["folder", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "s3":
        request.getfixturevalue("s3")
        return Storage(f"{new_bucket()}/some/root")
    return Storage(str(tmp_path / "root") if request.param == "folder" else f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def on_s3(bucket: str) -> Storage:
    return Storage(f"{bucket}/root")


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


def test_of_many_writers_at_once_exactly_one_wins(storage: Storage) -> None:
    if storage.url.startswith("memory:"):
        pytest.skip("it has one process and no conditions")

    def wins(number: int) -> bool:
        try:
            with storage.create("lease", must_be_new=True) as sink:
                sink.write(b"%d" % number)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number, has_won in enumerate(pool.map(wins, range(16))) if has_won]
    assert len(winners) == 1
    assert storage.read("lease") == b"%d" % winners[0]


def test_names_may_have_any_character(storage: Storage) -> None:
    names = ["with space", "ünïcode", "a*b?[c]", "100%", "a#b", "a+b=c&d", "quote'\"", "a::b", "-dash", "back\\slash"]
    for name in names:
        storage.write(f"{name}/{name}", name.encode())
    assert storage.names("") == sorted(names)
    for name in names:
        assert storage.names(name) == [name]
        assert storage.read(f"{name}/{name}") == name.encode()


def test_a_root_may_have_any_character(tmp_path: Path, bucket: str) -> None:
    for root in (f"{tmp_path}/a::b*[c]?", f"{bucket}/a::b*[c]?#d e%"):
        storage = Storage(root)
        storage.write("x/y", b"1")
        assert storage.names("x") == ["y"]
        assert storage.read("x/y") == b"1"


def test_the_tail_of_a_file_is_read_alone(storage: Storage) -> None:
    storage.write("x", b"0123456789")
    assert storage.tail("x", 3) == b"789"
    assert storage.tail("x", 100) == b"0123456789"
    with pytest.raises(FileNotFoundError):
        storage.tail("absent", 3)


def test_what_is_not_there_is_a_file_not_found(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("absent")
    with pytest.raises(FileNotFoundError):
        storage.open("absent")


def test_a_storage_travels_as_its_place_and_nothing_more(storage: Storage, s3: S3Server) -> None:
    storage.write("x", b"1")
    packed = pickle.dumps(storage)
    assert s3.environment["AWS_SECRET_ACCESS_KEY"].encode() not in packed
    assert s3.endpoint.encode() not in packed
    assert pickle.loads(packed).read("x") == b"1"


def test_what_another_process_writes_is_seen_at_once(on_s3: Storage) -> None:
    assert on_s3.names("a") == []
    assert not on_s3.exists("a/x")
    on_s3.write("a/old", b"1")
    assert on_s3.names("a") == ["old"]
    code = f"from schemas.storage import Storage; s = Storage({on_s3.url!r}); s.write('a/x', b'2'); s.remove('a/old')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert on_s3.names("a") == ["x"]
    assert on_s3.exists("a/x")
    assert not on_s3.exists("a/old")
    assert on_s3.read("a/x") == b"2"


def test_a_big_file_goes_up_in_parts_and_appears_whole(on_s3: Storage, s3: S3Server) -> None:
    content = os.urandom(2 * BLOCK_BYTES) + b"end"
    before = s3.mark
    with on_s3.create("big", must_be_new=True) as sink:
        sink.write(content)
        assert on_s3.names("") == []
    assert s3.requests(before)["POST"] == 2  # begun, and completed
    assert on_s3.read("big") == content
    with pytest.raises(FileExistsError), on_s3.create("big", must_be_new=True) as sink:
        sink.write(content)
    assert fsspec.filesystem("s3").call_s3("list_multipart_uploads", Bucket=on_s3.root.split("/")[0]).get("Uploads", []) == []


def test_every_file_costs_one_request(on_s3: Storage, s3: S3Server) -> None:
    before = s3.mark
    on_s3.write("a/x", bytes(1000))
    assert s3.requests(before) == {"PUT": 1}
    before = s3.mark
    with on_s3.open("a/x") as source:
        source.seek(900)
        source.read(10)
        source.seek(0)
        source.read()
    assert s3.requests(before) == {"GET": 1}
    before = s3.mark
    on_s3.names("a")
    assert s3.requests(before) == {"LIST": 1}
    before = s3.mark
    on_s3.tail("a/x", 10)
    assert s3.requests(before) == {"GET": 1}


def test_a_snapshot_lists_each_folder_once_and_absent_ones_never(on_s3: Storage, s3: S3Server) -> None:
    on_s3.write("tables/claim/x", b"1")
    now = Snapshot(on_s3)
    before = s3.mark
    for _ in range(3):
        assert now.names("tables/claim") == ["x"]
        assert list(now.versions("tables/claim")) == ["x"]
        assert now.names("blocks/a") == now.names("blocks/b") == []
    assert s3.requests(before) == {"LIST": 3}  # the root, tables, tables/claim
    on_s3.write("tables/claim/y", b"1")
    assert now.names("tables/claim") == ["x"]
    assert on_s3.names("tables/claim") == ["x", "y"]


def test_a_version_changes_with_the_file(storage: Storage) -> None:
    storage.write("in/x", b"1")
    storage.write("in/y", b"1")
    before = storage.versions("in")
    assert list(before) == ["x", "y"]
    storage.write("in/x", b"2")
    after = storage.versions("in")
    assert (after["x"] != before["x"], after["y"]) == (True, before["y"])
    assert storage.versions("absent") == {}


def test_an_object_that_draws_a_folder_is_not_in_it(on_s3: Storage) -> None:
    fsspec.filesystem("s3").pipe_file(f"{on_s3.root}/drawn/", b"")
    assert on_s3.names("drawn") == []
    on_s3.write("drawn/x", b"1")
    assert on_s3.names("drawn") == ["x"]


def nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_store_that_cannot_be_reached_is_told_in_seconds(bucket: str) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        said = {
            "Could not connect": {"AWS_ENDPOINT_URL": nobody_listens()},
            "timeout": {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{mute.getsockname()[1]}"},
            "Invalid endpoint": {"AWS_ENDPOINT_URL": "nonsense"},
            "credentials": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        }
        with ThreadPoolExecutor(len(said)) as pool:
            lines = pool.map(lambda wrong: error_of(f"{bucket}/root", wrong), said.values())
            for words, (line, seconds) in zip(said, lines, strict=True):
                assert words in line
                assert line.startswith(f"StoreError {bucket}/root: ")
                assert "AWS_ENDPOINT_URL" in line
                assert seconds < 30


def error_of(url: str, wrong: dict[str, str]) -> tuple[str, float]:
    """What a process with these settings says of a root, and after how long; settings are read when they are first needed."""
    environment = {name: value for name, value in (os.environ | wrong).items() if value}
    code = f"""
import time
from schemas.errors import StoreError
from schemas.storage import Snapshot, Storage
started = time.monotonic()
try:
    Storage({url!r}).reach()
except StoreError as error:
    print(time.monotonic() - started, type(error).__name__, error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment)
    assert ended.stderr == ""
    (line,) = ended.stdout.splitlines()
    seconds, _, said = line.partition(" ")
    return said, float(seconds)


def test_a_bucket_that_is_not_there_is_said_so(bucket: str) -> None:
    storage = Storage(f"{bucket}-no-such/root")
    for ask in (storage.reach, lambda: storage.names("x"), lambda: storage.read("x"), lambda: storage.write("x", b"1")):
        with pytest.raises(StoreError, match="bucket does not exist"):
            ask()


def test_a_url_with_credentials_is_refused_and_not_repeated() -> None:
    with pytest.raises(RootError, match="without credentials") as refused:
        Storage("s3://key:hunter2@bucket/root")
    assert "hunter2" not in str(refused.value)
    assert "s3://bucket/root" in str(refused.value)


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
