"""kill -9 of the driver, of a worker, of Ray's raylet: whatever dies, and when, the same dataset comes out.

And next to nothing is done twice: cells begun over cells needed is counted, a cell that was killed half-way included.
"""

import hashlib
import logging
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests.faults.little_videos import make_videos

log = logging.getLogger(__name__)
STARTS_WITHIN_S = 400.0  # a driver on a busy machine takes so long, at most, to begin its first cell
KINDS = ("driver", "worker", "raylet")
OVER = "the build is over before the last kill: it needs more cells, or a longer pause"


@dataclass
class Disturbed:
    """A build that is started again and again. `family`: every process that any of its drivers started."""

    source: Path
    root: Path
    tasks: str
    pause_s: float = 0.0
    family: set[psutil.Process] = field(default_factory=set)
    process: subprocess.Popen[bytes] | None = None

    @property
    def journal(self) -> Path:
        return self.root.with_suffix(".journal")

    @property
    def begun(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def driver(self) -> psutil.Process:
        """The driver at work: if there is none, a new one that has begun a cell."""
        if self.process is None:
            before, deadline = len(self.begun), time.monotonic() + STARTS_WITHIN_S
            self.process = self._start()
            while len(self.begun) == before:
                assert time.monotonic() < deadline, "began nothing"
                assert self.process.poll() != 0, OVER
                if self.process.poll():  # Ray does not start on a machine that is very busy; the same command goes on
                    self.process = self._start()
                time.sleep(0.02)
        return psutil.Process(self.process.pid)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.faults.journaled", str(self.source), str(self.root), str(self.journal)]
        with self.root.with_suffix(".log").open("ab") as log_file:
            return subprocess.Popen([*command, "ray", self.tasks, str(self.pause_s)], stdout=log_file, stderr=log_file)

    def strike(self, kind: str, after_s: float) -> None:
        """SIGKILL one process of this kind, so long after the driver is at work; see that everything ends that has to."""
        driver = self.driver()
        time.sleep(after_s)
        assert self.process is not None
        assert self.process.poll() is None, OVER
        children = driver.children(recursive=True)
        self.family |= {driver, *children}
        named = {"driver": [driver], "worker": _with(children, "ray::_Actor"), "raylet": _with(children, "raylet")}
        victim = random.Random(after_s).choice(named[kind])
        log.info(
            "kill -9 of the %s, process %d, %.2f s into the work, %d cells begun", kind, victim.pid, after_s, len(self.begun)
        )
        victim.kill()
        if kind != "worker":
            self.process.wait(timeout=300)
            self.process = None

    def finish(self) -> None:
        """Until it is done, with nobody in its way, and nothing of it left."""
        if self.process is None:
            self.driver()
        assert self.process is not None
        assert self.process.wait(timeout=900) == 0, self.root.with_suffix(".log").read_text()[-2000:]
        _, left = psutil.wait_procs(self.family, timeout=150)
        assert left == [], "nothing that a driver started outlives it for long"


def _with(processes: list[psutil.Process], word: str) -> list[psutil.Process]:
    return [process for process in processes if word in process.name() and process.status() != psutil.STATUS_ZOMBIE]


def release(root: Path) -> dict[str, str]:
    """Name → SHA-256 of every shard of the release."""
    folder = root / "releases" / (root / "releases" / "CURRENT").read_text().strip() / "shards"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def rows(root: Path) -> dict[str, list[dict[str, object]]]:
    """Part → its rows. Their order and their values must be the same; what a part says of its making (seconds) is not a row."""
    return {str(path.relative_to(root)): pq.read_table(path).to_pylist() for path in sorted(root.glob("tables/*/*/part-*"))}


def assert_same(root: Path, undisturbed: Path) -> None:
    assert release(root) == release(undisturbed)
    found, expected = rows(root), rows(undisturbed)
    assert found.keys() == expected.keys()
    assert [part for part in expected if found[part] != expected[part]] == []


def undisturbed_build(source: Path, root: Path, tasks: str) -> Disturbed:
    build = Disturbed(source, root, tasks)
    build.finish()
    assert max(Counter(build.begun).values()) == 1
    return build


@pytest.mark.timeout(1200)
def test_a_driver_a_worker_and_the_raylet_are_killed_and_the_same_dataset_comes_out(tmp_path: Path) -> None:
    source, tasks = make_videos(tmp_path / "videos", 8)[0].parent, "[]"
    calm = undisturbed_build(source, tmp_path / "calm", tasks)
    build = Disturbed(source, tmp_path / "root", tasks, pause_s=0.3)
    for kind, after_s in zip(("worker", "raylet", "driver"), (0.1, 0.2, 0.3), strict=True):
        build.strike(kind, after_s)
    build.finish()
    assert_same(build.root, calm.root)
    assert len(build.begun) <= len(calm.begun) + 2 * len(KINDS), "at most the cells under way are done again"


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_thirty_kills_in_a_row_cost_less_than_two_percent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """130 shards and all stages, some 3 500 cells: each kill costs at most those under way, one for each of two workers.

    The pause: workers go on for up to fifteen seconds after the raylet is killed, ten times.
    """
    source, tasks = make_videos(tmp_path / "videos", 130)[0].parent, '["object", "edit", "question"]'
    calm = undisturbed_build(source, tmp_path / "calm", tasks)
    chance = random.Random(20261121)
    kinds = list(KINDS) * 10
    chance.shuffle(kinds)
    build = Disturbed(source, tmp_path / "root", tasks, pause_s=0.1)
    for kind in kinds:
        build.strike(kind, chance.uniform(0.0, 2.0))
    build.finish()
    assert_same(build.root, calm.root)
    needed, executed = len(calm.begun), len(build.begun)
    with capsys.disabled():
        print(f"\n{len(kinds)} kills: {executed} cells begun, {needed} needed, waste {executed / needed:.4f}")
    assert executed / needed <= 1.02
