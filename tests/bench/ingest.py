"""Ingest beside bare ffmpeg doing the same decode and encode in the same run."""

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.build import Build
from pipeline.media.ffmpeg import ffmpeg_exe
from pipeline.progress import SilentProgress
from schemas.layout import Dataset
from tests.bench.measuring import Size, Timing, timed

CLIP_S = 10
FULL = 200


def generate(folder: Path, count: int) -> list[Path]:
    """720p MPEG-4 videos with sound: they must be decoded and encoded, never copied."""
    folder.mkdir(parents=True)
    paths = []
    for number in range(count):
        path = folder / f"{number:04d}.mp4"
        picture = f"testsrc2=size=1280x720:rate=25:duration={CLIP_S},noise=alls=8:all_seed={number}"
        sound = f"sine=frequency={200 + 10 * number}:beep_factor=4:sample_rate=48000:duration={CLIP_S}"
        subprocess.run(
            [ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "mpeg4",
             "-q:v", "5", "-c:a", "aac", "-shortest", str(path)],
            check=True,
        )  # fmt: skip
        paths.append(path)
    return paths


def bare_ffmpeg(paths: Sequence[Path], folder: Path, threads: int) -> None:
    """The same decode and encode as ingest asks for, with nothing around it: a thread pool over ffmpeg."""

    def one(path: Path) -> None:
        subprocess.run(
            [ffmpeg_exe(), "-loglevel", "error", "-y", "-threads", "1", "-i", str(path), "-map", "0:v", "-vf", "scale=-2:480",
             "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-pix_fmt", "yuv420p",
             "-movflags", "+faststart", str(folder / f"{path.stem}.mp4"),
             "-map", "0:a", "-ar", "44100", "-c:a", "flac", str(folder / f"{path.stem}.flac")],
            check=True,
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, paths))


def our_ingest(source: Path, root: Path) -> tuple[float, float]:
    """Seconds of starting the workers, and of scan and ingest on them."""
    settings = build_settings(Recipe(sources_per_shard=4), source=str(source))
    with Build(Dataset.create(str(root)), settings, SilentProgress()) as build:
        started = time.perf_counter()
        build.scan()
        build.run_stages("ingest", PHASES["ingest"])
        total = time.perf_counter() - started
        starting = build.record.seconds_by_phase["start workers"]
    return starting, total - starting


def measure(work: Path, size: Size) -> list[str]:
    count, runs, cores = size.of(FULL), size.runs, os.cpu_count() or 1
    paths = generate(work / "videos", count)
    bare = work / "bare"
    bare.mkdir()
    bare_runs, our_runs, starts = [], [], []
    for run in range(runs):  # side by side, so that a busy machine is busy for both
        bare_runs += timed(lambda: bare_ffmpeg(paths, bare, cores), 1).seconds
        starting, seconds = our_ingest(work / "videos", work / f"ingest-{run}")
        starts.append(starting)
        our_runs.append(seconds)
    ours, bare_time, start = Timing(our_runs), Timing(bare_runs), Timing(starts)
    return [
        f"### Ingest: {count} clips of {CLIP_S} s, 720p MPEG-4 → 480p H.264 + FLAC, {cores} workers",
        "",
        "| what | median (min–max) | clips/s |",
        "|---|---|---|",
        f"| bare ffmpeg, {cores} threads | {bare_time} | {count / bare_time.median:.2f} |",
        f"| scan + ingest, the workers loading their libraries included | {ours} | {count / ours.median:.2f} |",
        f"| starting Ray | {start} | – |",
        "",
        f"Ratio to bare ffmpeg: {bare_time.median / ours.median:.2f}",
    ]
