"""The main job as a user does it: a folder of real files in, a dataset that answers questions out, and the demo.

The same for a root that is a folder and, in the long tests, for one in a bucket of S3.
"""

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from schemas.layout import Dataset
from schemas.storage import Storage
from tests.flows.test_kill import members_of
from tests.remote.fixtures import new_bucket

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = ("videos/SpecVQGAN__vas_dog_video_02677.mp4", "audio/ExoPlayer__bear.opus", "corrupt/tinytag__incomplete.mp3")


def audiocot(*arguments: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, with no server configured. It must leave no process behind, however it ends."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    command = [sys.executable, "-m", "flows", *arguments]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        stdout, stderr = process.communicate(timeout=timeout_s)
    deadline = time.monotonic() + 20
    while (left := members_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == {}
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def told(*arguments: str) -> str:
    """stdout of a command that must succeed, run in this process: those that read are quick."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def build(source: Path, root: str) -> Any:
    """The report of a build with Ray."""
    ended = audiocot("build", "--source", str(source), "--root", root, "--workers", "1", "--json")
    assert ended.returncode == 4, ended.stderr  # done, and one file is corrupt
    return json.loads(ended.stdout)


@dataclass(frozen=True)
class Job:
    source: Path
    root: str
    report: Any

    @property
    def storage(self) -> Storage:
        return Dataset.open(self.root).storage

    @property
    def parts(self) -> dict[str, dict[str, str]]:
        """Folder of parts → part → its version."""
        storage = self.storage
        folders = [
            f"tables/{table}/{folder}" for table in storage.names("tables") for folder in storage.names(f"tables/{table}")
        ]
        return {folder: storage.versions(folder) for folder in folders}


@pytest.fixture(scope="module", params=["folder", pytest.param("s3", marks=pytest.mark.long)])
def job(request: pytest.FixtureRequest, shared_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A video, a sound without a picture and a file of three bytes, built with Ray from the command line."""
    source = tmp_path_factory.mktemp("source")
    for name in FILES:
        shutil.copy(shared_media / name, source)
    if request.param == "s3":
        request.getfixturevalue("s3")
        root = f"{new_bucket()}/data"
    else:
        root = str(tmp_path_factory.mktemp("job") / "root")
    return Job(source, root, build(source, root))


def test_a_corrupt_file_does_not_stop_a_build(job: Job) -> None:
    assert (job.report["num_clips"], job.report["failures"]) == (2, {"unreadable": 1})
    assert [account["adds_up"] for account in job.report["accounts"]] == [True] * len(job.report["accounts"])
    assert job.report["cells_run"] > 0
    assert job.storage.exists(f"releases/{job.report['release']}/manifest.json")


def test_without_a_server_a_build_has_one_of_its_own_that_keeps_the_record(job: Job) -> None:
    with sqlite3.connect(Path(os.environ["PREFECT_HOME"]) / "prefect.db") as records:
        newest = records.execute("select state_name, parameters from flow_run order by created desc limit 1").fetchone()
    assert newest[0] == "Completed"
    assert json.loads(newest[1])["root"] == job.root


def test_status_adds_up_for_every_stage(job: Job) -> None:
    status = json.loads(told("status", "--root", job.root, "--json"))
    assert status["run"]["status"] == "done"
    for stage in status["stages"]:
        assert stage["adds_up"], stage
        assert stage["num_in"] == stage["num_done"] + sum(stage["filtered"].values()) + sum(stage["failed"].values())
    by_name = {stage["stage"]: stage for stage in status["stages"]}
    assert (by_name["scan"]["num_in"], by_name["ingest"]["failed"]) == (3, {"unreadable": 1})
    assert by_name["track"]["filtered"] == {"no_video": 1}
    assert [(row["code"], Path(row["example"]).name) for row in status["failures"]] == [
        ("unreadable", "tinytag__incomplete.mp3")
    ]


def test_a_query_answers_in_csv(job: Job) -> None:
    sql = "select s.name, c.duration_s, c.has_video from clip c join source s using (source_id) order by c.has_video"
    rows = list(csv.DictReader(io.StringIO(told("query", sql, "--root", job.root, "--format", "csv"))))
    assert [row["name"] for row in rows] == ["ExoPlayer__bear.opus", "SpecVQGAN__vas_dog_video_02677.mp4"]
    assert float(rows[1]["duration_s"]) == pytest.approx(6.0, abs=0.05)


def test_every_clip_can_be_inspected(job: Job, tmp_path: Path) -> None:
    answer = told("query", "select clip_id from clip", "--root", job.root, "--format", "json")
    for row in json.loads(answer):
        picture = tmp_path / f"{row['clip_id']}.png"
        text = told("inspect", row["clip_id"], "--root", job.root, "--output", str(picture))
        assert row["clip_id"] in text
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_same_build_again_runs_nothing_and_publishes_the_same(job: Job) -> None:
    before = job.parts
    again = build(job.source, job.root)
    assert again["cells_run"] == 0
    assert again["release"] == job.report["release"]
    assert job.parts == before


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_demo_goes_from_nothing_to_a_checked_release(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    ended = audiocot("demo", "--folder", str(folder), "--scenes", "2", timeout_s=800)
    assert ended.returncode in (0, 1), ended.stderr  # 1: two scenes are few, and one miss can cost a threshold
    assert "Traceback" not in ended.stderr
    for words in ("What was decided, and why", "Self-check against the known truth", "Done. 2 clips were made", "Next:"):
        assert words in ended.stdout
    assert (folder / "clip.png").read_bytes().startswith(b"\x89PNG")
    dataset = Dataset.open(str(folder / "dataset"))
    release = dataset.storage.read("releases/CURRENT").decode()
    assert dataset.storage.exists(f"releases/{release}/README.md")
