"""Ctrl-C, SIGTERM and kill -9 of the command at any moment: the same command goes on and ends in the same bytes.

What is killed below the command (workers, Ray) is in tests/faults/test_kills.py.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.plan import SCAN
from pipeline.scenes import render_scenes
from pipeline.stages import STAGES

SEEDS = (211, 212, 213, 214)


def command(source: Path, root: Path) -> list[str]:
    return [
        sys.executable, "-m", "flows", "build", "--source", str(source), "--root", str(root), "--json",
        "--set", "sources_per_shard=1", "--set", "release.shard_mb=0.5",
    ]  # fmt: skip


def finish(source: Path, root: Path) -> None:
    ended = subprocess.run(command(source, root), capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stderr


def parts(root: Path) -> dict[Path, int]:
    """Every committed part and clip tar → when it was written."""
    found = [*root.glob("tables/*/*/part-*.parquet"), *root.glob("clips/*/shard-*.tar")]
    return {path.relative_to(root): path.stat().st_mtime_ns for path in found}


def shards(root: Path) -> dict[str, str]:
    name = (root / "releases" / "CURRENT").read_text()
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "releases" / name / "shards").iterdir())
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scenes(tmp_path_factory.mktemp("scenes"), SEEDS) / "videos"


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("undisturbed") / "root"
    finish(source, root)
    return shards(root)


def end_when(
    process: subprocess.Popen[bytes], root: Path, num_parts: int, how: signal.Signals = signal.SIGKILL, limit_s: float = 200.0
) -> str:
    """Send the driver a signal as soon as there are this many parts; what it says on stderr."""
    deadline = time.monotonic() + limit_s
    while process.poll() is None and len(parts(root)) < num_parts:
        assert time.monotonic() < deadline, f"no {num_parts} parts within {limit_s} s"
        time.sleep(0.005)
    process.send_signal(how)
    _, said = process.communicate(timeout=120)
    return said.decode() if said else ""


EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


@pytest.mark.timeout(900)
def test_an_interrupted_or_killed_build_says_how_to_go_on_and_goes_on_where_it_was(
    source: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    chance = random.Random(0)
    written: dict[Path, int] = {}
    for how, num_parts in zip(EXIT_CODES, (1, 12 + chance.randrange(8), 40 + chance.randrange(20)), strict=True):
        process = subprocess.Popen(command(source, root), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = end_when(process, root, num_parts, how)
        assert process.returncode == EXIT_CODES[how], said
        assert how == signal.SIGKILL or "audiocot: interrupted; run the same command again to go on" in said
        assert "SIGTERM" not in said  # what Ray says about it in its own way
        time.sleep(1)  # what its workers were writing is written or gone
        now = parts(root)
        assert all(now[path] == when for path, when in written.items() if is_finished(path, written)), (
            "a finished cell ran again"
        )
        written = now
    finish(source, root)
    now = parts(root)
    assert all(now[path] == when for path, when in written.items() if is_finished(path, written)), "a finished cell ran again"
    assert shards(root) == undisturbed


def is_finished(path: Path, written: dict[Path, int]) -> bool:
    """Whether the cell that wrote this part had written all of its parts: a part of a half-done cell may be written again."""
    folder = path.parts[-2]
    stage = folder.rpartition("-")[0]
    marker = "listing" if stage == SCAN else STAGES[stage].produces[0].table
    name = path.name.replace("shard-", "part-").replace(".tar", ".parquet")
    return Path("tables") / marker / folder / name in written


def test_workers_and_servers_do_not_outlive_a_killed_driver(source: Path, tmp_path: Path) -> None:
    """Ray's two agents, which do none of our work, take a minute or two to notice; everything else goes at once."""
    process = subprocess.Popen(
        command(source, tmp_path / "root"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    end_when(process, tmp_path / "root", 12)
    deadline = time.monotonic() + 30
    while (alive := members_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.5)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    assert not alive, f"still running after the driver was killed: {alive}"


def members_of(session: int) -> dict[int, str]:
    """Processes of a session, without Ray's agents: pid → what runs."""
    found: dict[int, str] = {}
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE and "Agent" not in words:
                found[process.pid] = words
        except (ProcessLookupError, psutil.Error):
            continue
    return found
