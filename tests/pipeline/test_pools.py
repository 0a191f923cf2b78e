"""GPU stages on two GPUs that are only a number, in both executors: who is loaded when, and how often.

The clock is the order of the lines in a shared file.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import ray

from annotators.base import Annotator, Params, Resources
from pipeline.engine import Engine
from pipeline.executors import Shared
from pipeline.executors.local import LocalExecutor
from pipeline.executors.ray import RayExecutor
from pipeline.jobs import Job, JobQueue
from pipeline.plan import Plan, PlannedStage
from pipeline.pools import Executor, Pools, make_pools, most_workers, pool_of
from pipeline.stage import Stage
from schemas.errors import ModelError, Rejected, ResourceError
from schemas.evidence import Caption
from schemas.storage import Storage

NUM_GPUS = 2


class Model(Annotator[str, str]):
    """Writes down when it is loaded and freed."""

    class Params(Params):
        name: str
        log: str
        gpus: float = 0.0
        memory_gb: float = 0.0
        trouble: str = ""

    params: Params

    @property
    def model(self) -> str:
        return f"{self.params.name}-7B@main"

    @property
    def resources(self) -> Resources:
        return Resources(gpus=self.params.gpus, memory_gb=self.params.memory_gb)

    def load(self) -> None:
        if self.params.trouble == "missing":
            raise ModelError("the weights of nobody/nothing must be in a folder")
        if self.params.trouble == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        note(self.params.log, "load", self.params.name)

    def close(self) -> None:
        note(self.params.log, "free", self.params.name)


class Stage7B(Stage):
    role = "audio_captioner"
    requires = ()
    produces = (Caption,)

    def __init__(self, annotator: Model) -> None:
        self.name = annotator.params.name  # type: ignore[misc]
        super().__init__(Params(), annotator)

    def run(self, cell: Any) -> Any:
        raise NotImplementedError


def note(log: str, *words: object) -> None:
    with Path(log).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


@dataclass(frozen=True)
class Uses:
    """A job that ends only after a line was noted so many times, so that what must happen beside it has its time."""

    planned: PlannedStage
    log: str
    awaits: tuple[str, int] = ("", 0)

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> None:
        worker.stage(self.planned)
        note(self.log, "run", self.planned.name)
        deadline = time.monotonic() + 60
        line, times = self.awaits
        while Path(self.log).read_text().splitlines().count(line) < times and time.monotonic() < deadline:
            time.sleep(0.05)


def planned(log: Path, name: str, gpus: float = 0.0, upstream: tuple[str, ...] = (), **more: Any) -> PlannedStage:
    return PlannedStage(Stage7B(Model(Model.Params(name=name, log=str(log), gpus=gpus, **more))), f"{name}-print", upstream)


def build(
    executor: Executor,
    log: Path,
    stages: list[PlannedStage],
    num_shards: int = 3,
    awaits: Mapping[str, tuple[str, int]] | None = None,
) -> list[str]:
    """Run all stages over all shards; returns what was noted, one `load|run|free <stage>` each. `awaits` is by stage."""
    plan = Plan(tuple(stages))
    pools = Pools(executor, make_pools(plan))
    jobs = [
        Job(
            (stage.name, shard),
            Uses(stage, str(log), (awaits or {}).get(stage.name, ("", 0))),
            frozenset((name, shard) for name in stage.upstream),
            rank=rank,
            pool=pool_of(stage),
        )
        for rank, stage in enumerate(stages)
        for shard in range(num_shards)
    ]
    try:
        Engine(pools, Storage(str(log.parent)), "run").run(JobQueue.of(jobs))
    finally:
        executor.close()
    return log.read_text().splitlines()


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    memory = 100 * 2**20
    ray.init(num_cpus=2, num_gpus=NUM_GPUS, include_dashboard=False, log_to_driver=False, object_store_memory=memory)
    yield
    ray.shutdown()


@pytest.fixture
def ray_executor(cluster: None) -> Executor:
    return RayExecutor(Shared())


@pytest.fixture(params=["local", "ray"])
def executor(request: pytest.FixtureRequest) -> Executor:
    return request.getfixturevalue("ray_executor") if request.param == "ray" else LocalExecutor(Shared(), NUM_GPUS)


def diamond(log: Path, gpus: float) -> list[PlannedStage]:
    """hear → (caption, look) → reason, with work on the CPU before, between and after."""
    return [
        planned(log, "hear"),
        planned(log, "caption", gpus, ("hear",)),
        planned(log, "look", gpus, ("hear",)),
        planned(log, "count", 0.0, ("caption", "look")),
        planned(log, "reason", gpus, ("count",)),
    ]


def held(noted: list[str]) -> Iterator[int]:
    """How many models with a GPU were loaded after each line."""
    now = 0
    for line in noted:
        if line.split()[1] in ("caption", "look", "reason"):
            now += line.startswith("load")
            now -= line.startswith("free")
        yield now


def test_models_that_take_all_gpus_run_one_after_the_other_each_loaded_once(executor: Executor, tmp_path: Path) -> None:
    noted = build(executor, tmp_path / "log", diamond(tmp_path / "log", NUM_GPUS))
    on_gpu = [line for line in noted if line.split()[1] in ("caption", "look", "reason")]
    assert on_gpu == [
        line
        for name in ("caption", "look", "reason")
        for line in (f"load {name}", f"run {name}", f"run {name}", f"run {name}", f"free {name}")
    ]
    assert noted.count("run hear") == noted.count("run count") == 3


def test_two_gpus_hold_two_models_at_a_time_on_ray(ray_executor: Executor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    noted = build(ray_executor, log, diamond(log, 1.0), awaits={"caption": ("load look", 1), "look": ("load caption", 1)})
    assert max(held(noted)) == 2
    assert noted.index("free caption") < noted.index("load reason")


def test_halves_of_a_gpu_are_shared_and_no_more_than_there_is(ray_executor: Executor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stages = [planned(log, "a", 0.5), planned(log, "b", 0.5, ("a",)), planned(log, "c", 2.0, ("b",))]
    noted = build(ray_executor, log, stages, num_shards=1, awaits={"a": ("load b", 1)})
    assert noted.index("load b") < noted.index("free a"), "both halves are in use"
    assert noted.index("load c") > max(noted.index("free a"), noted.index("free b"))


def test_gpus_that_nobody_waits_for_give_more_workers_to_the_stage_that_is_open(ray_executor: Executor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    noted = build(ray_executor, log, [planned(log, "caption", 1.0)], 40, {"caption": ("load caption", NUM_GPUS)})
    assert noted.count("load caption") == noted.count("free caption") == NUM_GPUS
    assert noted.count("run caption") == 40


def test_one_process_holds_one_model_at_a_time_on_its_first_gpu(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert max(held(build(LocalExecutor(Shared(), NUM_GPUS), log, diamond(log, 1.0)))) == 1


def test_a_stage_that_never_fits_is_told_before_anything_runs(executor: Executor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stages = [planned(log, "hear"), planned(log, "reason", 3.0, ("hear",), memory_gb=8)]
    pools = Pools(executor, make_pools(Plan(tuple(stages))))
    pools.check({"cpu"})
    needs = r"reason with reason-7B@main must have 3 GPUs and 1 CPUs and 8.0 GB of memory; the machines here have: 2 GPUs"
    with pytest.raises(ResourceError, match=needs) as told:
        pools.check({"cpu", "reason"})
    executor.close()
    assert "--set stages.reason.params.device=cpu" in str(told.value)
    assert not log.exists()


def test_missing_weights_come_through_as_the_model_tells_them(executor: Executor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stages = [planned(log, "hear"), planned(log, "caption", 1.0, trouble="missing")]
    with pytest.raises(ModelError, match="the weights of nobody/nothing must be in a folder"):
        build(executor, log, stages)


def test_a_model_that_kills_its_worker_while_it_is_loaded_is_told_with_the_stage(
    ray_executor: Executor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with pytest.raises(ResourceError, match="a worker of stage caption must be able to load caption-7B@main"):
        build(ray_executor, log, [planned(log, "caption", 1.0, trouble="dies")])


def test_memory_bounds_the_workers_of_a_kind_and_a_gpus_worker_takes_no_cpu() -> None:
    assert most_workers(Resources(), cpus=8, gpus=0, memory_gb=1) == 8
    assert most_workers(Resources(memory_gb=20), cpus=8, gpus=0, memory_gb=64) == 3
    assert most_workers(Resources(cpus=4, gpus=1, memory_gb=20), cpus=0, gpus=8, memory_gb=64) == 3
    assert most_workers(Resources(gpus=0.1), cpus=0, gpus=1, memory_gb=1) == 10, "no share is lost to rounding"
    assert most_workers(Resources(gpus=1), cpus=8, gpus=0.5, memory_gb=64) == 0


def test_a_worker_of_the_cpu_pool_needs_the_memory_of_all_its_models(tmp_path: Path) -> None:
    stages = [planned(tmp_path, "a", memory_gb=3), planned(tmp_path, "b", memory_gb=4), planned(tmp_path, "c", 1, memory_gb=9)]
    shared, own = make_pools(Plan(tuple(stages)), num_workers=5)
    assert (shared.name, shared.need, shared.num_workers, shared.loads) == ("cpu", Resources(memory_gb=7.0), 5, None)
    assert (own.name, own.need.gpus, own.loads) == ("c", 1, stages[2])
    assert all(a != b for a, b in pairwise(pool_of(stage) for stage in stages[1:]))
