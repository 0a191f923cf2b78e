"""A build into a bucket: the rows and bytes that a folder would hold, whatever kills it, and what it costs in requests."""

import hashlib
import io
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import webdataset
from typer.testing import CliRunner

from flows.build import PHASES, build_settings
from flows.cli import app
from flows.recipe import Recipe
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.layout import Dataset
from schemas.storage import Storage
from tests.pipeline.conftest import RECIPE, Built, build
from tests.remote.fixtures import new_bucket
from tests.remote.server import S3Server

SEEDS = (1201,)
MOST_PER_CELL = {"PUT": 3.5, "GET": 10}
QUESTIONS = (
    "select count(*) as n from claim join verdict using (claim_id)",
    "select clip_id, shard from clip_shard order by all",
    "select * exclude (clip_id) from decision order by all",
)


def shards(storage: Storage) -> dict[str, str]:
    """The release that is current: file → hash of its bytes."""
    folder = f"releases/{storage.read('releases/CURRENT').decode()}/shards"
    return {name: hashlib.sha256(storage.read(f"{folder}/{name}")).hexdigest() for name in storage.names(folder)}


def answers(dataset: Dataset) -> list[object]:
    with Catalog(dataset) as catalog:
        return [catalog.query(sql).to_pylist() for sql in QUESTIONS]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_scenes(tmp_path_factory.mktemp("scenes"), SEEDS) / "videos"


@pytest.fixture(scope="module")
def local(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(source, str(tmp_path_factory.mktemp("local") / "root"))


@pytest.fixture(scope="module")
def spent(source: Path, s3: S3Server) -> tuple[Built, Counter[str]]:
    """The same build into a bucket, and the requests that its cells took."""
    settings = build_settings(Recipe.model_validate(RECIPE), source=str(source), executor="local", workers=None)
    dataset = Dataset.create(f"{new_bucket()}/deep/data set")
    with Build(dataset, settings, SilentProgress()) as running:
        running.scan()
        before = s3.mark
        for phase, stages in PHASES.items():
            running.run_stages(phase, stages)
        requests = s3.requests(before)
        running.pack()
        return Built(dataset, settings.plan, running.publish(), source), requests


@pytest.fixture(scope="module")
def remote(spent: tuple[Built, Counter[str]]) -> Built:
    return spent[0]


def test_a_bucket_holds_what_a_folder_holds(local: Built, remote: Built) -> None:
    assert remote.report.release == local.report.release
    assert remote.report.accounts == local.report.accounts
    assert shards(remote.dataset.storage) == shards(local.dataset.storage)
    assert answers(remote.dataset) == answers(local.dataset)


def test_verify_finds_a_clean_bucket_clean_and_a_changed_byte(remote: Built) -> None:
    storage = remote.dataset.storage
    told = CliRunner().invoke(app, ["verify", "--root", remote.dataset.url])
    assert told.exit_code == 0, told.output
    (path,) = [path for path in storage.files() if path.startswith("tables/claim/reason-")]
    content = storage.read(path)
    storage.write(path, content[:100] + bytes([content[100] ^ 1]) + content[101:])
    told = CliRunner().invoke(app, ["verify", "--root", remote.dataset.url])
    storage.write(path, content)
    assert told.exit_code == 1, told.output
    assert path in told.output


def test_a_second_build_runs_nothing(remote: Built) -> None:
    again = build(remote.source, remote.dataset.url)
    assert (again.report.cells_run, again.report.release) == (0, remote.report.release)


def test_a_loader_reads_the_released_shards_from_the_bucket(remote: Built) -> None:
    storage = remote.dataset.storage
    folder = f"releases/{remote.report.release}/shards"
    streams = [{"url": name, "stream": io.BytesIO(storage.read(f"{folder}/{name}"))} for name in storage.names(folder)]
    samples = list(webdataset.tariterators.group_by_keys(webdataset.tariterators.tar_file_expander(streams)))
    assert len(samples) == remote.report.num_released
    assert all({"flac", "json"} <= set(sample) for sample in samples)


def test_a_cell_costs_a_handful_of_requests(spent: tuple[Built, Counter[str]]) -> None:
    """Listings are for each phase, but for the one with which a cell asks whether its build still holds the root."""
    built, requests = spent
    for kind, most in MOST_PER_CELL.items():
        assert requests[kind] <= most * built.report.cells_run, requests
    assert requests["HEAD"] == requests["DELETE"] == 0


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_a_killed_build_into_a_bucket_ends_in_the_same_bytes(local: Built, s3: S3Server, tmp_path: Path) -> None:
    """The driver and all of its workers, with SIGKILL, at two moments; then the command that any scheduler would give again."""
    root = f"{new_bucket()}/data"
    storage = Storage(root)
    again = [sys.executable, "-m", "flows", "build", "--source", str(local.source), "--root", root]
    for setting in (f"sources_per_shard={RECIPE['sources_per_shard']}", f"release.shard_mb={RECIPE['release']['shard_mb']}"):
        again += ["--set", setting]
    for num_parts in (3, 25):
        with subprocess.Popen(again, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
            deadline = time.monotonic() + 800
            while num_files(storage) < num_parts and driver.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            driver.send_signal(signal.SIGKILL)
    ended = subprocess.run(again, capture_output=True, text=True, timeout=800)
    assert ended.returncode == 0, ended.stderr
    assert shards(storage) == shards(local.dataset.storage)
    assert answers(Dataset.open(root)) == answers(local.dataset)


def num_files(storage: Storage) -> int:
    return sum(name.endswith(".parquet") for name in storage.files())


def test_a_root_in_a_bucket_that_is_not_there_is_one_line(s3: S3Server, source: Path) -> None:
    root = f"{new_bucket()}-no-such/data"
    for arguments in (["build", "--source", str(source), "--root", root], ["status", "--root", root]):
        ended = subprocess.run([sys.executable, "-m", "flows", *arguments], capture_output=True, text=True, timeout=200)
        assert (ended.returncode, ended.stdout) == (2, "")
        (line,) = ended.stderr.splitlines()
        assert "bucket does not exist" in line
