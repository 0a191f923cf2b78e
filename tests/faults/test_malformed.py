"""Broken, odd and lying files: none crashes, hangs or starves anything, each gets a sensible code, and the sum is closed.

The quick part takes in every odd file and some damaged ones. The long part damages every video there is, measures each file on
its own, and builds a whole dataset from the worst of them.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from flows.commands.build import EXIT_WITH_FAILURES
from pipeline.ingest import Ingested, IngestParams, ingest_source
from pipeline.shards import plan_shards
from pipeline.sources import list_sources
from tests.faults.corpus import Odd, damaged, odd
from tests.faults.ingesting import Taken, take_in

PARAMS = IngestParams(probe_timeout_s=30, transcode_timeout_s=60)
MOST_SECONDS = 150.0  # of one file on a busy machine; a clip may take its 60 s
MOST_MB = 1500.0  # of all processes that a file starts, together
CORRUPT_OUTCOMES = {"unreadable", "decode_failed", "encrypted", "no_audio_track", "silent_audio", "too_short", "ok"}


@dataclass
class Peak:
    seconds: float = 0.0
    memory_mb: float = 0.0


@contextmanager
def measured() -> Iterator[Peak]:
    """Wall time, and the most memory that the processes under this one had at any moment."""
    peak, is_over, start = Peak(), threading.Event(), time.monotonic()

    def watch() -> None:
        while not is_over.wait(0.02):
            used = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    used += child.memory_info().rss
                except psutil.Error:
                    continue
            peak.memory_mb = max(peak.memory_mb, used / 2**20)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()
        peak.seconds = time.monotonic() - start


def _ingest(path: Path, scratch: Path) -> Ingested:
    planned = plan_shards(list(list_sources(str(path))), [], 1, 0)
    (listings,) = planned.shards.values()
    scratch.mkdir()
    return ingest_source(listings, PARAMS, scratch)


def _check(taken: Taken, expected: list[Odd]) -> None:
    """Every file became what it may become, and the sums are closed."""
    assert [(one.stage, one.adds_up, one.problems) for one in taken.accounts] == [("scan", True, []), ("ingest", True, [])]
    codes, with_clips = taken.codes(), {clip.source_id for clip in taken.clips}
    good = {row.name for row in taken.listings if row.source_id in with_clips}
    for one in expected:
        name = one.path.name
        outcome = "ok" if name in good else codes.get(name)
        if one.outcomes:
            assert outcome in one.outcomes, (name, outcome)
        else:
            assert outcome is None, name


def test_odd_files_become_clips_or_failures_with_sensible_codes(tmp_path: Path) -> None:
    expected = odd(tmp_path / "source")
    _check(take_in(tmp_path / "source", tmp_path / "root", sources_per_shard=100), expected)


def test_damaged_files_become_clips_or_failures_with_sensible_codes(shared_media: Path, tmp_path: Path) -> None:
    videos = [
        shared_media / "videos" / name
        for name in ("ExoPlayer__mpeg2_mp2.ts", "imageio__realshort.mp4", "ExoPlayer__sample.flv")
    ]
    expected = damaged(tmp_path / "source", videos)
    for path in (shared_media / "corrupt").iterdir():
        shutil.copy(path, tmp_path / "source", follow_symlinks=False)
        expected.append(Odd(path, frozenset(CORRUPT_OUTCOMES)))
    _check(take_in(tmp_path / "source", tmp_path / "root", sources_per_shard=100), expected)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_every_damaged_file_is_bounded_in_time_and_memory(shared_media: Path, tmp_path: Path) -> None:
    expected = odd(tmp_path / "odd") + damaged(tmp_path / "damaged", sorted((shared_media / "videos").iterdir()))
    worst: dict[str, Peak] = {}
    for number, one in enumerate(expected):
        if not one.path.is_file():
            continue
        scratch = tmp_path / f"scratch-{number}"
        with measured() as peak:
            ingested = _ingest(one.path, scratch)
        shutil.rmtree(scratch)
        worst[one.path.name] = peak
        outcome = "ok" if ingested.clips else ingested.failures[0].code
        assert outcome in one.outcomes, (one.path.name, outcome)
        assert peak.seconds < MOST_SECONDS, (one.path.name, peak)
        assert peak.memory_mb < MOST_MB, (one.path.name, peak)
    slowest = max(worst, key=lambda name: worst[name].seconds)
    largest = max(worst, key=lambda name: worst[name].memory_mb)
    print(f"\n{len(worst)} files; slowest {slowest}: {worst[slowest]}; largest {largest}: {worst[largest]}")


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("executor", ["ray", "local"])
def test_a_whole_build_over_the_corpus_ends_by_itself_adds_up_and_says_that_there_were_failures(
    shared_media: Path, tmp_path: Path, executor: str
) -> None:
    source = tmp_path / "source"
    videos = sorted((shared_media / "videos").iterdir(), key=lambda path: path.stat().st_size)[:3]
    expected = [one for one in odd(source) + damaged(source, videos) if one.outcomes]
    for path in (shared_media / "corrupt").iterdir():
        shutil.copy(path, source, follow_symlinks=False)
        expected.append(Odd(path, frozenset(CORRUPT_OUTCOMES)))
    command = [sys.executable, "-m", "flows", "build", "--source", str(source), "--root", str(tmp_path / "root"), "--json"]
    ended = subprocess.run([*command, "--executor", executor], capture_output=True, text=True, timeout=1100, check=False)
    assert ended.returncode == EXIT_WITH_FAILURES, ended.stderr
    assert "Traceback" not in ended.stderr
    report = json.loads(ended.stdout)
    assert [(line["stage"], line["problems"]) for line in report["accounts"] if not line["adds_up"]] == []
    scan, ingest, *others = report["accounts"]
    assert scan["num_in"] == len(expected)
    for line in report["accounts"]:
        assert line["num_in"] == line["num_done"] + sum(line["filtered"].values()) + sum(line["failed"].values()), line
    assert ingest["num_in"] == scan["num_done"]
    assert {line["num_in"] for line in others} == {report["num_clips"]}
    assert sum(report["failures"].values()) >= sum(scan["failed"].values()) + sum(ingest["failed"].values())
    assert report["failures"].keys() <= set().union(*(one.outcomes for one in expected))
    assert report["num_clips"] > 20
