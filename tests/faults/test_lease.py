"""One writer at a time: the second is told who holds the root, a dead holder is passed over, a sleeping one stops."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from flows.cli import app
from pipeline import lease
from pipeline.lease import check_free, hold
from schemas.accounting import Failure
from schemas.errors import LeaseError
from schemas.layout import Dataset

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from pipeline import lease
from schemas.accounting import Failure
from schemas.layout import Dataset
lease.RENEWED_EVERY_S, lease.EXPIRES_AFTER_S = 0.2, 1.0
dataset = Dataset.open(sys.argv[1])
with lease.hold(dataset, "build", "run-1"):
    print("held", flush=True)
    sys.stdin.readline()
    dataset.write_part(Failure, [], "ingest", "0" * 64, 0, report={})
    print("written", flush=True)
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset.create(str(tmp_path / "root"))


@pytest.fixture
def holder(dataset: Dataset) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the root until it is told to write."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, dataset.url], cwd=REPOSITORY, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def commit(dataset: Dataset) -> None:
    dataset.write_part(Failure, [], "ingest", "0" * 64, 1, report={})


def from_another_machine(dataset: Dataset) -> None:
    """Rewrite the lease as if its holder were elsewhere: whether its process lives cannot be seen from here."""
    (path,) = Path(dataset.url, lease.FOLDER).glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"machine": "elsewhere", "host": "node-7"}))


def test_the_second_is_told_who_holds_the_root_and_since_when(dataset: Dataset, holder: subprocess.Popen[str]) -> None:
    told = rf"is being written by `audiocot build` \(process {holder.pid} on .*, run run-1\) since 20..-..-..T"
    with pytest.raises(LeaseError, match=told), hold(dataset, "build"):
        pytest.fail("two builds at once")
    with pytest.raises(LeaseError, match=told):
        check_free(dataset)
    holder.communicate("go on\n")
    assert holder.returncode == 0
    check_free(dataset)
    with hold(dataset, "build"):
        commit(dataset)


def test_a_holder_that_was_killed_is_passed_over_at_once(dataset: Dataset, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    while psutil.Process(holder.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    started = time.monotonic()
    with hold(dataset, "build"):  # its parent has not asked for it yet: a zombie is gone, too
        commit(dataset)
    holder.wait()
    with hold(dataset, "build"):
        commit(dataset)
    assert time.monotonic() - started < lease.EXPIRES_AFTER_S / 2


def test_another_process_under_the_same_number_is_not_the_holder(dataset: Dataset, holder: subprocess.Popen[str]) -> None:
    (path,) = Path(dataset.url, lease.FOLDER).glob("*.json")
    os.kill(holder.pid, signal.SIGSTOP)  # it must not renew what is changed now
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"started": record["started"] - 100}))
    check_free(dataset)


def test_a_holder_elsewhere_keeps_the_root_until_its_lease_expires(
    dataset: Dataset, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.kill()
    holder.wait()
    from_another_machine(dataset)
    with pytest.raises(LeaseError, match=r"on node-7.*its lease expires in (5\d|60) s"):
        check_free(dataset)
    monkeypatch.setattr(lease, "EXPIRES_AFTER_S", 0.5)
    time.sleep(0.6)
    with hold(dataset, "build"):
        commit(dataset)


def test_the_age_of_a_lease_does_not_depend_on_the_clock_of_this_machine(
    dataset: Dataset, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.kill()
    holder.wait()
    from_another_machine(dataset)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    with pytest.raises(LeaseError, match="node-7"):
        check_free(dataset)


def test_a_holder_that_slept_while_another_took_over_writes_nothing_more(
    dataset: Dataset, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    monkeypatch.setattr(lease, "EXPIRES_AFTER_S", 1.0)
    deadline = time.monotonic() + 30
    while True:
        try:
            with hold(dataset, "forget"):
                os.kill(holder.pid, signal.SIGCONT)
                said, complained = holder.communicate("write now\n", timeout=30)
                commit(dataset)
            break
        except LeaseError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert holder.returncode != 0
    assert "written" not in said
    assert "was taken over by `audiocot forget`" in complained
    assert dataset.shards_with_part("failure", "ingest", "0" * 64) == {1}


def test_a_lease_is_renewed_while_it_is_held(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY_S", 0.05)
    with hold(dataset, "build"):
        (path,) = Path(dataset.url, lease.FOLDER).glob("*.json")
        first = path.stat().st_mtime_ns
        deadline = time.monotonic() + 30
        while path.stat().st_mtime_ns == first:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert not any(thread.name == "lease" for thread in threading.enumerate())


def test_of_many_at_once_one_gets_the_root(dataset: Dataset) -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def try_it(_: int) -> bool:
        nonlocal inside, most
        try:
            with hold(Dataset.open(dataset.url), "build"):
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.2)
                with lock:
                    inside -= 1
                return True
        except LeaseError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(try_it, range(8)))
    assert most == 1


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"pid": 1}'])
def test_a_lease_that_cannot_be_read_holds_until_it_expires(
    dataset: Dataset, garbage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.storage.write(f"{lease.FOLDER}/000007.json", garbage)
    with pytest.raises(LeaseError, match="somebody whose lease cannot be read"):
        check_free(dataset)
    monkeypatch.setattr(lease, "EXPIRES_AFTER_S", 0.0)
    with hold(dataset, "build"):
        assert dataset.storage.names(lease.FOLDER) == ["000008.json"]


def test_a_root_in_memory_is_held_too() -> None:
    dataset = Dataset.create("memory://leased")
    with hold(dataset, "build"), pytest.raises(LeaseError, match="process"), hold(Dataset.open("memory://leased"), "decide"):
        pytest.fail("two at once")
    with hold(dataset, "decide"):
        commit(dataset)


def test_a_build_on_a_held_root_says_so_before_it_starts_anything(dataset: Dataset, tmp_path: Path) -> None:
    source = tmp_path / "videos"
    source.mkdir()
    (source / "a.mp4").touch()
    with hold(dataset, "gc"):
        ended = CliRunner().invoke(app, ["build", "--source", str(source), "--root", dataset.url])
    assert ended.exit_code == 2
    assert f"{dataset.url} is being written by `audiocot gc` (process {os.getpid()} on " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert dataset.storage.names("runs") == []


def test_a_root_in_a_bucket_is_held_and_expires_by_the_time_of_the_store(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset.create(f"{bucket}/dataset")
    with hold(dataset, "build"):
        commit(dataset)
        number = dataset.storage.names(lease.FOLDER)[0]
        record = json.loads(dataset.storage.read(f"{lease.FOLDER}/{number}"))
        with pytest.raises(LeaseError, match="audiocot build"), hold(Dataset.open(dataset.url), "decide"):
            pytest.fail("two at once")
    # as if it had crashed on another machine
    dataset.storage.write(f"{lease.FOLDER}/{number}", json.dumps(record | {"machine": "elsewhere"}).encode())
    with pytest.raises(LeaseError, match="expires in"):
        check_free(dataset)
    monkeypatch.setattr(lease, "EXPIRES_AFTER_S", 1.0)
    time.sleep(2.1)  # S3 tells whole seconds
    with hold(dataset, "decide"):
        commit(dataset)
