"""Forty clips, five of them poison: the build ends by itself, with 35 clips done and five rows that say what was wrong."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog import Catalog
from pipeline.plan import SCAN
from pipeline.shards import content_id
from schemas.layout import Dataset
from tests.faults.little_videos import make_videos

NUM_CLIPS = 40
SOURCES_PER_SHARD = 4
CODES = {
    "kill": "killed_worker",
    "hang": "timeout",
    "hoard": "out_of_memory",
    "raise": "annotator_error",
    "garbage": "invalid_answer",  # an answer of another type; of the right type with a number that is none is `nan`
}
pytestmark = pytest.mark.long
TOLD_S = 90  # what a machine that does nothing else must need less than; a busy one is given much more


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_videos(tmp_path_factory.mktemp("videos"), NUM_CLIPS)


def build(videos: list[Path], root: Path, executor: str, misdeeds: dict[str, str]) -> tuple[Any, int, float]:
    """The report of a build, its exit code, and how long it took."""
    started = time.monotonic()
    ended = subprocess.run(
        [
            sys.executable, "-m", "tests.faults.poison", "build", "--source", str(videos[0].parent), "--root", str(root),
            "--executor", executor, "--timeout-s", "8", "--worker-memory-gb", "1", "--json", "--set", "tasks=[]",
            "--set", f"sources_per_shard={SOURCES_PER_SHARD}", "--set", "ingest.min_s=1",
            "--set", "stages.detect_events.backend=poisoned",
            "--set", f"stages.detect_events.params.misdeeds={json.dumps(list(misdeeds.items()))}",
        ],
        capture_output=True, text=True, timeout=6 * TOLD_S,
    )  # fmt: skip
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout), ended.returncode, time.monotonic() - started


@pytest.mark.timeout(7 * TOLD_S)
@pytest.mark.parametrize(("executor", "garbage"), [("ray", "garbage"), ("local", "nan")])
def test_five_poisoned_clips_of_forty_become_five_rows_and_all_the_others_are_done(
    videos: list[Path], tmp_path: Path, executor: str, garbage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = {garbage if what == "garbage" else what: code for what, code in CODES.items()}
    misdeeds = {content_id(str(path))[:16]: what for what, path in zip(codes, videos[3::8], strict=True)}
    report, exit_code, took_s = build(videos, tmp_path / "root", executor, misdeeds)
    assert exit_code == 4, "done, with failures"
    assert report["failures"] == dict.fromkeys(sorted(CODES.values()), 1)
    assert report["num_clips"] == NUM_CLIPS
    by_stage = {line["stage"]: line for line in report["accounts"]}
    assert by_stage["detect_events"]["num_done"] == NUM_CLIPS - len(CODES)
    assert all(line["adds_up"] for line in report["accounts"])
    assert_every_part_is_there(Dataset.open(str(tmp_path / "root")), report)
    assert rows_of(tmp_path / "root") == {start: codes[what] for start, what in misdeeds.items()}
    with capsys.disabled():
        print(f"\n{executor}: {took_s:.0f} s with five poisoned clips, at most {TOLD_S} s on a quiet machine")
    assert took_s < 6 * TOLD_S


def assert_every_part_is_there(dataset: Dataset, report: Any) -> None:
    for line in report["accounts"]:
        if line["stage"] == SCAN:
            continue
        (folder,) = Path(dataset.url).glob(f"tables/failure/{line['stage']}-*")
        assert len(list(folder.glob("part-*.parquet"))) == NUM_CLIPS / SOURCES_PER_SHARD, line["stage"]


def rows_of(root: Path) -> dict[str, str]:
    """Beginning of a clip's id → the code of its failure row."""
    with Catalog(Dataset.open(str(root))) as catalog:
        rows = catalog.query("select clip_id, code from failure where stage = 'detect_events'").to_pylist()
    return {row["clip_id"][:16]: row["code"] for row in rows}
