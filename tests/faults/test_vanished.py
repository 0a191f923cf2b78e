"""Sources that go away: before their turn, while they are cut, and between two builds. What is left is done, and it adds up."""

import threading
import time
from pathlib import Path

import pytest

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.build import Build, BuildReport
from pipeline.catalog import Catalog
from pipeline.ingest import IngestParams, ingest_source
from pipeline.progress import SilentProgress
from pipeline.shards import plan_shards
from pipeline.sources import list_sources
from schemas.layout import Dataset
from schemas.media import Listing
from tests.faults.little_videos import make_videos

NUM_VIDEOS = 5
RECIPE = {
    "tasks": [],
    "sources_per_shard": 2,
    "ingest": {"min_s": 1},
    "policy": {"min_steps": 1, "min_supported": 0, "unverifiable_steps": "keep"},
    "release": {"max_false_share": 1},
}


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    return make_videos(tmp_path / "videos", NUM_VIDEOS)


def build(folder: Path, root: Path, executor: str = "local", lost: tuple[Path, ...] = ()) -> BuildReport:
    """A whole build; the files in `lost` go when the scan has listed them."""
    settings = build_settings(Recipe.model_validate(RECIPE), source=str(folder), executor=executor, workers=1)
    with Build(Dataset.create(str(root)), settings, SilentProgress()) as running:
        running.scan()
        for path in lost:
            path.unlink()
        for phase, stages in PHASES.items():
            running.run_stages(phase, stages)
        running.pack()
        return running.publish()


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=pytest.mark.long)])
def test_sources_that_go_before_their_turn_are_rows_and_all_others_are_done(
    videos: list[Path], tmp_path: Path, executor: str
) -> None:
    report = build(videos[0].parent, tmp_path / "root", executor, lost=(videos[1], videos[4]))
    assert (report.num_clips, report.num_released, report.failures) == (3, 3, {"vanished": 2})
    assert all(line.adds_up for line in report.accounts)
    ingest = next(line for line in report.accounts if line.stage == "ingest")
    assert (ingest.num_in, ingest.num_done, dict(ingest.failed)) == (5, 3, {"vanished": 2})
    with Catalog(Dataset.open(report.root)) as catalog:
        rows = catalog.query("select stage, code, uri from failure order by uri").to_pylist()
    assert rows == [{"stage": "ingest", "code": "vanished", "uri": str(path)} for path in (videos[1], videos[4])]


def test_sources_that_go_between_two_builds_stay_in_the_dataset_and_cost_nothing(videos: list[Path], tmp_path: Path) -> None:
    before = build(videos[0].parent, tmp_path / "root")
    for path in videos[2:]:
        path.unlink()
    after = build(videos[0].parent, tmp_path / "root")
    assert (after.cells_run, after.num_clips, after.failures) == (0, NUM_VIDEOS, {})
    assert after.release == before.release
    assert all(line.adds_up for line in after.accounts)


def test_a_source_that_goes_while_it_is_cut_says_so_and_keeps_the_clips_that_were_made(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (source, *_) = make_videos(tmp_path / "videos", 1, size="640x480", rate=25)
    whole = Listing(
        listing_id="a", source_id="0" * 32, uri=str(source), name=source.name, num_bytes=1, modified_ns=None
    )  # fmt: skip

    def lose_it() -> None:
        while not list(scratch.glob("*.flac")):
            time.sleep(0.001)
        source.unlink()

    losing = threading.Thread(target=lose_it, daemon=True)
    losing.start()
    done = ingest_source([whole], IngestParams(window_s=0.2, min_s=0.1), scratch)
    losing.join()
    assert done.clips
    assert {row.code for row in done.failures} == {"vanished"}


@pytest.mark.parametrize("when", ["before its turn", "while it is cut"])
def test_a_source_whose_bytes_are_others_now_has_no_clip_under_the_id_of_the_old_ones(tmp_path: Path, when: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source, other = make_videos(tmp_path / "videos", 2)
    (listing,) = plan_shards(list_sources(str(source)), [], 1, 0).shards[0]

    def replace_it() -> None:
        while when == "while it is cut" and not list(scratch.glob("*.flac")):
            time.sleep(0.001)
        source.write_bytes(other.read_bytes())

    replacing = threading.Thread(target=replace_it, daemon=True)
    replacing.start()
    if when == "before its turn":
        replacing.join()
    done = ingest_source([listing], IngestParams(window_s=0.2, min_s=0.1), scratch)
    replacing.join()
    assert (done.source, done.clips) == (None, [])
    assert [row.code for row in done.failures] == ["changed"]
    assert list(scratch.iterdir()) == []


def test_a_source_that_was_only_touched_is_what_it_was(tmp_path: Path) -> None:
    (source, *_) = make_videos(tmp_path / "videos", 1)
    (listing,) = plan_shards(list_sources(str(source)), [], 1, 0).shards[0]
    source.touch()
    done = ingest_source([listing], IngestParams(min_s=1), tmp_path)
    assert (len(done.clips), done.failures) == (1, [])
