"""The engine on real workers: they are really killed, they really hang, and the rest of the work still gets done."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from annotators.base import Resources
from pipeline.engine import Engine
from pipeline.executors import Shared, start_executor, usable_cores
from pipeline.jobs import CPU_POOL, Job, JobQueue
from pipeline.pools import Executor, Pool, Pools
from schemas.errors import BudgetError, RecipeError, Rejected, ResourceError
from schemas.storage import Storage


@dataclass(frozen=True)
class Shard:
    """Works through its clips one by one like a cell does, and writes down what it touched. A clip's name is what it does."""

    clips: tuple[str, ...]
    folder: str

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> dict[str, str]:
        answers = {}
        for clip in self.clips:
            if clip in set_aside:
                answers[clip] = set_aside[clip].code
                continue
            if note_path:
                Storage(self.folder).write(note_path, clip.encode())
            with (Path(self.folder) / "touched").open("a") as log:
                log.write(f"{clip}\n")
            if clip.startswith("kill"):
                os.kill(os.getpid(), signal.SIGKILL)
            if clip.startswith("hang"):
                time.sleep(600)
            if clip.startswith("hoard"):
                hoard(clip)
            if clip.startswith("raise"):
                raise OSError("the storage is gone")
            answers[clip] = "done"
        return answers


def hoard(clip: str) -> None:
    """More than any worker here may have, twice as much as its limit at least."""
    held = [bytearray(32 * 2**20) for _ in range(32)]
    assert not held, f"{clip} was given a gigabyte"


def pools_of(executor: Executor, num_workers: int | None = None) -> Pools:
    return Pools(executor, [Pool(CPU_POOL, Resources(), num_workers=num_workers)])


@pytest.fixture(scope="module")
def ray_pools() -> Iterator[Pools]:
    executor = start_executor("ray", Shared(worker_memory_gb=0.5))
    yield pools_of(executor)
    executor.close()


@pytest.fixture(scope="module")
def local_pools() -> Iterator[Pools]:
    executor = start_executor("local", Shared(worker_memory_gb=0.5))
    yield pools_of(executor)
    executor.close()


@pytest.fixture(params=["local", "ray"])
def pools(request: pytest.FixtureRequest) -> Pools:
    found: Pools = request.getfixturevalue(f"{request.param}_pools")
    return found


def run(pools: Pools, folder: Path, *shards: tuple[str, ...], timeout_s: float = 60.0) -> dict[str, str]:
    """Run shards; returns clip → what became of it."""
    results: dict[str, str] = {}
    jobs = [Job(("stage", number), Shard(clips, str(folder))) for number, clips in enumerate(shards)]
    engine = Engine(pools, Storage(str(folder)), "run", timeout_s)
    engine.run(JobQueue.of(jobs), lambda job, result: results.update(result))
    return results


def test_all_jobs_run_and_report(pools: Pools, tmp_path: Path) -> None:
    assert run(pools, tmp_path, ("a", "b"), ("c",), ()) == {"a": "done", "b": "done", "c": "done"}


def test_a_clip_that_kills_its_worker_is_set_aside_and_the_rest_is_done(pools: Pools, tmp_path: Path) -> None:
    found = run(pools, tmp_path, ("a", "kill", "b"), ("c",))
    assert found == {"a": "done", "kill": "killed_worker", "b": "done", "c": "done"}
    touched = (tmp_path / "touched").read_text().split()
    assert touched.count("kill") == 3, "tried twice as it was, once with care, never again"
    assert touched.count("c") == 1
    assert list((tmp_path / "runs/run.notes").iterdir()) == []


def test_two_killers_in_one_shard_are_both_found(ray_pools: Pools, tmp_path: Path) -> None:
    found = run(ray_pools, tmp_path, ("kill1", "a", "kill2", "b"))
    assert found == {"kill1": "killed_worker", "a": "done", "kill2": "killed_worker", "b": "done"}


def test_a_clip_that_hangs_is_set_aside_with_the_code_timeout(pools: Pools, tmp_path: Path) -> None:
    found = run(pools, tmp_path, ("a", "hang", "b"), timeout_s=8)  # a fresh worker starts within it, on a busy machine too
    assert found == {"a": "done", "hang": "timeout", "b": "done"}


def test_a_clip_that_takes_all_memory_is_set_aside_with_the_code_out_of_memory(pools: Pools, tmp_path: Path) -> None:
    found = run(pools, tmp_path, ("a", "hoard", "b"))
    assert found == {"a": "done", "hoard": "out_of_memory", "b": "done"}
    touched = (tmp_path / "touched").read_text().split()
    assert touched.count("hoard") == 2, "once as it was, once alone on a fresh worker: nobody else's memory is blamed on it"


def test_an_error_of_the_storage_is_tried_again_and_then_stops_the_run(pools: Pools, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the storage is gone"):
        run(pools, tmp_path, ("raise",))
    assert (tmp_path / "touched").read_text().split() == ["raise", "raise"]


@dataclass(frozen=True)
class Pays:
    """The first shard finds the budget spent at once; the others take a moment longer, and write down that they are done."""

    folder: str
    is_refused: bool

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        with (Path(self.folder) / "touched").open("a") as log:
            log.write(f"{self.is_refused}\n")
        if self.is_refused:
            raise BudgetError("the budget is spent")
        time.sleep(1)
        (Path(self.folder) / "paid").write_text("and stored")


def test_a_spent_budget_stops_the_run_at_once_but_what_runs_comes_to_its_end(ray_pools: Pools, tmp_path: Path) -> None:
    engine = Engine(ray_pools, Storage(str(tmp_path)), "run")
    jobs = [Job(("stage", number), Pays(str(tmp_path), number == 0)) for number in range(9)]
    with pytest.raises(BudgetError, match="the budget is spent"):
        engine.run(JobQueue.of(jobs))
    touched = (tmp_path / "touched").read_text().split()
    assert touched.count("True") == 1, "not tried again"
    assert len(touched) <= usable_cores() + 1, "no new job was started"
    assert (tmp_path / "paid").exists() == (len(touched) > 1)


@dataclass(frozen=True)
class SlowShard:
    """Every clip takes a while; together they take longer than the limit."""

    folder: str

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> list[str]:
        for number in range(4):
            if note_path:
                Storage(self.folder).write(note_path, f"clip{number}".encode())
            time.sleep(1.5)
        return list(set_aside)


def test_a_long_shard_of_healthy_clips_loses_none_to_the_limit(ray_pools: Pools, tmp_path: Path) -> None:
    set_aside: list[str] = []
    engine = Engine(ray_pools, Storage(str(tmp_path)), "run", job_timeout_s=3)
    report = engine.run(
        JobQueue.of([Job(("stage", 0), SlowShard(str(tmp_path)))]), lambda job, result: set_aside.extend(result)
    )
    assert set_aside == []
    assert report.num_requeued == 1, "the whole took too long once; from then on the limit was for each clip"


def test_a_need_that_no_job_makes_is_a_mistake_and_not_a_hang(tmp_path: Path) -> None:
    engine = Engine(pools_of(start_executor("local")), Storage(str(tmp_path)), "run")
    with pytest.raises(AssertionError, match="need what no job makes"):
        engine.run(JobQueue.of([Job(("b", 0), Shard((), str(tmp_path)), frozenset({("a", 0)}))]))


@dataclass(frozen=True)
class DiesOnLoad:
    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_before_the_first_clip_stops_the_run_with_a_reason(ray_pools: Pools, tmp_path: Path) -> None:
    engine = Engine(ray_pools, Storage(str(tmp_path)), "run")
    with pytest.raises(ResourceError, match="its worker died 4 times before the first clip"):
        engine.run(JobQueue.of([Job(("reason", 0), DiesOnLoad())]))


def test_more_workers_than_the_cluster_has_cpus_is_a_message(ray_pools: Pools) -> None:
    with pytest.raises(ResourceError, match=r"1000 workers with 1 CPUs each must fit, \d+ do; the machines here have"):
        pools_of(ray_pools.executor, 1000).adjust(JobQueue.of([Job(("stage", 0), DiesOnLoad())]))


def test_a_machine_is_not_asked_for_more_cores_than_it_has() -> None:
    """In a process of its own: here Ray is running already."""
    script = "from pipeline.executors import start_executor; print(start_executor('ray').machines[0].cpus)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert float(ended.stdout) == usable_cores()


def test_an_unknown_executor_is_named_with_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"unknown executor 'rai'; did you mean 'ray'\? \(known: local, ray\)"):
        start_executor("rai")
