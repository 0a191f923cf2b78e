"""Two Ray nodes on one machine and one root: losing a node costs time and nothing else, and what never fits is told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster

from annotators.base import Resources
from pipeline.engine import Engine
from pipeline.executors import Shared
from pipeline.executors.ray import RayExecutor
from pipeline.jobs import CPU_POOL, Job, JobQueue
from pipeline.pools import Pool, Pools
from schemas.errors import ClusterError, ResourceError
from schemas.storage import Storage
from tests.faults.little_videos import make_videos
from tests.faults.test_kills import Disturbed, assert_same

pytestmark = pytest.mark.long
NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}


@dataclass(frozen=True)
class Nap:
    """Notes that it began, on which worker, and takes a moment."""

    log: str

    def __call__(self, worker: Any, set_aside: Any, note_path: Any) -> None:
        with Path(self.log).open("a") as file:
            file.write(f"{worker.pid}\n")
        time.sleep(0.3)


@pytest.fixture(scope="module")
def machines() -> Iterator[Cluster]:
    """A head with one CPU, for all tests of this file: to start one takes seconds."""
    found = _started()
    yield found
    found.shutdown()


def _started() -> Cluster:
    """Ray gives a node 30 s to start, which is little on a machine that runs other tests, too."""
    for _ in range(3):
        try:
            return Cluster(initialize_head=True, head_node_args=NODE)
        except Exception as error:
            last = error
    raise last


@pytest.fixture
def cluster(machines: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The drivers of the test join it; nodes that the test adds are gone after it."""
    monkeypatch.setenv("RAY_ADDRESS", machines.address)
    machines.wait_for_nodes()  # until Ray knows that one is gone, it counts as being there
    yield machines
    ray.shutdown()
    for node in list(machines.worker_nodes):
        machines.remove_node(node, allow_graceful=False)


def run(executor: RayExecutor, folder: Path, num_jobs: int, need: Resources, num_workers: int | None = None) -> None:
    pools = Pools(executor, [Pool(CPU_POOL, need, num_workers=num_workers, asked_by=("reason",))])
    pools.check({CPU_POOL})
    jobs = [Job(("nap", number), Nap(str(folder / "log"))) for number in range(num_jobs)]
    Engine(pools, Storage(str(folder)), "run").run(JobQueue.of(jobs))


def kill_node(cluster: Cluster, node: Any) -> None:
    """The node as a machine that loses its power: its raylet and its workers are gone at once."""
    (raylet,) = node.all_processes["raylet"]
    for pid in [*_children(raylet.process.pid), raylet.process.pid]:
        os.kill(pid, signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_a_cluster_that_others_use_up_is_told_and_not_waited_for_for_ever(cluster: Cluster, tmp_path: Path) -> None:
    executor = RayExecutor(Shared(), place_limit_s=5)

    @ray.remote(num_cpus=1)
    class Other:
        def is_here(self) -> bool:
            return True

    other = Other.remote()
    assert ray.get(other.is_here.remote())
    with pytest.raises(ResourceError, match="needs 1 CPUs on one machine and got no place within 5 s; free are"):
        run(executor, tmp_path, 1, Resources())
    ray.kill(other)
    executor.close()


def test_a_build_that_loses_a_node_goes_on_with_the_others(cluster: Cluster, tmp_path: Path) -> None:
    second = cluster.add_node(**NODE)
    executor = RayExecutor(Shared())
    assert executor.room(Resources()) == 2
    killed: list[float] = []
    pools = Pools(executor, [Pool(CPU_POOL, Resources())])
    jobs = [Job(("nap", number), Nap(str(tmp_path / "log"))) for number in range(12)]

    def on_result(job: Job, result: object) -> None:
        workers = set((tmp_path / "log").read_text().split())
        if len(workers) == 2 and not killed:
            killed.append(time.monotonic())
            kill_node(cluster, second)

    report = Engine(pools, Storage(str(tmp_path)), "run").run(JobQueue.of(jobs), on_result)
    executor.close()
    assert killed
    begun = (tmp_path / "log").read_text().split()
    assert len(begun) <= 12 + report.num_requeued
    assert report.num_requeued <= 1


def test_a_need_that_no_machine_meets_is_told_with_the_stage_and_what_there_is(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_node(**NODE)
    executor = RayExecutor(Shared())
    with pytest.raises(ResourceError, match=r"1 workers with 2 CPUs each \(for reason\) must fit, 0 do; .* 1 CPUs and") as told:
        run(executor, tmp_path, 1, Resources(cpus=2))
    assert "2 × " in str(told.value) or str(told.value).count("1 CPUs") == 2, "two machines with one each are not one with two"
    with pytest.raises(ResourceError, match=r"with 1 CPUs and 10000.0 GB of memory each \(for reason\) must fit, 0 do"):
        run(executor, tmp_path, 1, Resources(memory_gb=10000))
    with pytest.raises(ResourceError, match=r"3 workers with 1 CPUs each \(for reason\) must fit, 2 do"):
        run(executor, tmp_path, 1, Resources(), num_workers=3)
    executor.close()


def test_an_address_where_no_cluster_is_is_told_at_once() -> None:
    command = [sys.executable, "-c", "from pipeline.executors import start_executor; start_executor('ray')"]
    ended = subprocess.run(command, env=os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}, capture_output=True, text=True, timeout=60)
    assert "ResourceError: a Ray cluster must run at 127.0.0.1:1 (--ray-address, RAY_ADDRESS), but" in ended.stderr


def test_a_machine_that_does_not_see_the_sources_is_named(cluster: Cluster, tmp_path: Path) -> None:
    """The worker looks on its own machine; here that is a folder that the driver says there is, and nobody has."""
    executor = RayExecutor(Shared(places=(str(tmp_path / "videos"),)))
    with pytest.raises(ResourceError, match=r"every machine with workers must see .*/videos, and .* does not; mount it there"):
        run(executor, tmp_path, 1, Resources())
    executor.close()


@pytest.mark.timeout(900)
def test_the_same_bytes_come_out_of_a_build_that_lost_a_node(cluster: Cluster, tmp_path: Path) -> None:
    source, tasks = make_videos(tmp_path / "videos", 12)[0].parent, "[]"
    second = cluster.add_node(**NODE)
    calm = Disturbed(source, tmp_path / "calm", tasks)
    calm.finish()
    build = Disturbed(source, tmp_path / "root", tasks)
    build.driver()
    time.sleep(1)
    kill_node(cluster, second)
    build.finish()
    assert_same(build.root, calm.root)
    assert len(build.begun) <= len(calm.begun) + 1, "the one cell that was under way there"


def test_the_end_of_the_drivers_own_raylet_ends_the_build_with_one_line(cluster: Cluster, tmp_path: Path) -> None:
    """The last test of the file: it takes the head."""
    executor = RayExecutor(Shared())
    started = time.monotonic()
    pools = Pools(executor, [Pool(CPU_POOL, Resources())])
    jobs = [Job(("nap", number), Nap(str(tmp_path / "log"))) for number in range(400)]

    def on_result(job: Job, result: object) -> None:
        if job.shard == 0:
            (raylet,) = cluster.head_node.all_processes["raylet"]
            os.kill(raylet.process.pid, signal.SIGKILL)

    with pytest.raises(ClusterError, match="Ray on this machine has ended"):
        Engine(pools, Storage(str(tmp_path)), "run").run(JobQueue.of(jobs), on_result)
    assert time.monotonic() - started < 110, "400 naps would take 120 s"
    executor.close()
