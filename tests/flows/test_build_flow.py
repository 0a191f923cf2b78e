"""The build as a Prefect flow: what Prefect records of it, what it tries again, and what a plan says before and after."""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flows.build import PHASES, build_dataset, build_settings
from flows.plan import PlanReport, plan_build
from flows.recipe import Recipe, recipe_stages
from flows.server import prefect_server
from pipeline.build import Build, BuildReport
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.errors import SourceError
from schemas.layout import Dataset

RECIPE = Recipe.model_validate({"name": "flow"})
BUILT = [stage.name for stage in recipe_stages(RECIPE)]
TASKS = ["scan", *PHASES, "pack", "publish"]


@dataclass
class Watching:
    """A progress that notes every phase and how many servers of ours run then; a phase named in `breaks` fails once."""

    breaks: set[str] = field(default_factory=set)
    phases: list[str] = field(default_factory=list)
    num_servers: set[int] = field(default_factory=set)

    def phase(self, name: str, total: int) -> None:
        self.phases.append(name)
        self.num_servers.add(num_servers())
        if name in self.breaks:
            self.breaks.remove(name)
            raise OSError("the storage does not answer")

    def advance(self, name: str, by: int = 1, note: str = "") -> None:
        return


def num_servers() -> int:
    return sum("flows.server" in " ".join(child.cmdline()) for child in psutil.Process().children())


def recorded(what: str, started: datetime) -> list[dict[str, Any]]:
    """What Prefect's API says about the flow runs since then. Its own client sends nulls for artifacts, which it refuses."""
    from prefect.settings import PREFECT_API_URL

    filters = {"flow_runs": {"start_time": {"after_": started.isoformat()}}}
    answer = httpx.post(f"{PREFECT_API_URL.value()}/{what}/filter", json=filters).raise_for_status()
    records: list[dict[str, Any]] = answer.json()
    return records


@dataclass(frozen=True)
class Flown:
    """One build by the flow, with the plans around it and what Prefect recorded."""

    source: Path
    root: Path
    before: PlanReport
    report: BuildReport
    after: PlanReport
    progress: Watching
    flow_runs: list[dict[str, Any]]
    task_runs: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One rendered scene and a file that is no media."""
    videos = render_scenes(tmp_path_factory.mktemp("scenes"), (221,)) / "videos"
    (videos / "notes.txt").write_text("not a video")
    return videos


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """A server that is configured, as one of the user's own would be."""
    with prefect_server() as server, server.up():
        yield


@pytest.fixture(scope="module")
def flown(server: None, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Flown:
    """A build in which the phase `verify` fails once."""
    root = tmp_path_factory.mktemp("flow") / "root"
    progress = Watching(breaks={"verify"})
    started = datetime.now(UTC)
    before = plan_build(RECIPE, source=str(source), root=str(root))
    assert not root.exists()
    report = build_dataset(RECIPE, source=str(source), root=str(root), executor="local", progress=progress)
    after = plan_build(RECIPE, source=str(source), root=str(root))
    flow_runs, task_runs, artifacts = (recorded(what, started) for what in ("flow_runs", "task_runs", "artifacts"))
    return Flown(source, root, before, report, after, progress, flow_runs, task_runs, artifacts)


def test_a_build_is_one_flow_run_with_one_task_run_per_phase(flown: Flown) -> None:
    (flow_run,) = flown.flow_runs
    assert flow_run["state_name"] == "Completed"
    assert sorted(run["name"].rpartition("-")[0] for run in flown.task_runs) == sorted(TASKS)
    assert {run["state_name"] for run in flown.task_runs} == {"Completed"}


def test_a_phase_that_the_storage_failed_is_run_again_and_no_other(flown: Flown) -> None:
    assert {run["name"].rpartition("-")[0]: run["run_count"] for run in flown.task_runs} == {
        name: 2 if name == "verify" else 1 for name in TASKS
    }
    assert flown.progress.phases.count("verify") == 2
    assert flown.report.cells_run > 0


def test_progress_and_accounts_are_artifacts(flown: Flown) -> None:
    latest = {artifact["key"]: artifact for artifact in sorted(flown.artifacts, key=lambda artifact: artifact["updated"])}
    assert sorted(latest) == ["accounting", "progress"]
    assert float(latest["progress"]["data"]) == 100.0
    artifact = latest["accounting"]
    assert (artifact["type"], artifact["description"]) == ("table", flown.report.release)
    table = {line["stage"]: line for line in json.loads(artifact["data"])}
    assert list(table) == ["scan", *BUILT]
    assert table["ingest"] == {
        "stage": "ingest", "in": 2, "done": 1, "filtered": "", "failed": "unreadable 1", "adds up": True,
    }  # fmt: skip


def test_no_server_is_started_beside_a_configured_one(flown: Flown) -> None:
    assert flown.progress.num_servers == {1}


def test_a_plan_says_before_a_build_what_it_will_run(flown: Flown) -> None:
    rows = {row.stage: row for row in flown.before.rows}
    assert list(rows) == ["scan", *BUILT]
    assert (flown.before.num_entries, flown.before.num_new_sources) == (2, 2)
    assert {(row.cells_total, row.cells_done, row.cells_to_run) for row in rows.values()} == {(1, 0, 1)}
    assert rows["scan"].model_calls == 0
    captions = rows["caption_audio"]
    assert (captions.clips, captions.model_calls, captions.is_estimate) == (2, 2, True), "one clip a source until ingest tells"
    to_run = sum(row.cells_to_run for row in flown.before.rows if row.stage != "scan")
    num_packed = len(list((flown.root / "releases" / flown.report.release).rglob("*.tar")))
    assert flown.report.cells_run == to_run + num_packed


def test_a_plan_says_after_a_build_that_all_is_done(flown: Flown) -> None:
    assert (flown.after.num_entries, flown.after.num_new_sources) == (2, 0)
    for row in flown.after.rows:
        assert (row.cells_done, row.cells_to_run, row.model_calls, row.is_estimate) == (1, 0, 0, False), row.stage


def test_a_plan_counts_the_model_calls_of_a_changed_stage(flown: Flown) -> None:
    changed = Recipe.model_validate({"name": "flow", "stages": {"plant_decoys": {"params": {"seed": 1}}}})
    rows = {row.stage: row for row in plan_build(changed, source=str(flown.source), root=str(flown.root)).rows}
    assert {name for name, row in rows.items() if row.cells_to_run} == {"plant_decoys", "verify", "repair", "recheck", "decide"}
    assert {name: row.model_calls for name, row in rows.items() if row.cells_to_run} == {
        "plant_decoys": 0, "verify": 1, "repair": 1, "recheck": 1, "decide": 0,
    }  # fmt: skip


def test_a_plan_is_the_work_of_the_build_also_where_only_a_bad_entry_is_new(flown: Flown, tmp_path: Path) -> None:
    for path in flown.source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    rows = plan_build(RECIPE, source=str(tmp_path), root=str(flown.root)).rows
    assert {row.cells_to_run for row in rows} == {1}


def test_a_mistake_of_the_user_comes_through_as_it_is_and_is_not_tried_again(server: None, tmp_path: Path) -> None:
    started = datetime.now(UTC)
    with pytest.raises(SourceError) as caught:
        build_dataset(RECIPE, source=str(tmp_path / "absent"), root=str(tmp_path / "root"), executor="local")
    assert str(caught.value) == f"the source {tmp_path / 'absent'} does not exist"
    (record,) = (tmp_path / "root" / "runs").iterdir()
    told = json.loads(record.read_text())
    assert (told["status"], told["error"]) == ("failed", f"SourceError: {caught.value}")
    (scan,) = recorded("task_runs", started)
    assert (scan["run_count"], scan["state_name"]) == (1, "Failed")


def num_flow_runs(root: Path) -> int:
    """How many runs of a build of this root are in the database that all servers of this test session write to."""
    with sqlite3.connect(Path(os.environ["PREFECT_HOME"]) / "prefect.db") as records:
        (number,) = records.execute("select count(*) from flow_run where parameters like ?", (f'%"{root}"%',)).fetchone()
    return int(number)


def test_a_build_with_nothing_to_do_is_recorded_only_where_a_server_is_configured(flown: Flown) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    assert num_flow_runs(flown.root) == 1
    again = build_dataset(RECIPE, source=str(flown.source), root=str(flown.root))
    assert num_flow_runs(flown.root) == 2
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        alone = build_dataset(RECIPE, source=str(flown.source), root=str(flown.root))
    assert num_flow_runs(flown.root) == 2
    for report in (again, alone):
        assert (report.release, report.cells_run) == (flown.report.release, 0)
        assert "start workers" not in report.seconds_by_phase


def test_whether_a_build_has_nothing_to_do_is_known_without_reading_a_source(flown: Flown, tmp_path: Path) -> None:
    def is_done(recipe: Recipe = RECIPE, source: Path = flown.source) -> bool:
        return Build(Dataset.open(str(flown.root)), build_settings(recipe, source=str(source)), SilentProgress()).is_done()

    assert is_done()
    assert not is_done(Recipe.model_validate({"name": "flow", "stages": {"plant_decoys": {"params": {"seed": 1}}}}))
    assert not is_done(Recipe.model_validate({"name": "another"})), "a release of that name is not published"
    assert not is_done(source=tmp_path / "absent"), "the scan tells what is wrong"
    for path in flown.source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert not is_done(source=tmp_path), "the same content in other files is only known after it was read"
