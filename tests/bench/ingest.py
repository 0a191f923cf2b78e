"""Ingest beside a bare pool of threads around ffmpeg with exactly the same commands, and the path that copies streams.

The bare pool runs the very commands that ingest would run, built from probes made beforehand: no probe, no check of what was
stored, no hash, no tar, no row. Runs of both alternate, so that a busy machine is busy for both.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.build import Build, listed_shards
from pipeline.ingest import IngestParams
from pipeline.media.ffmpeg import ffmpeg_exe
from pipeline.media.probe import Probe, probe
from pipeline.media.transcode import Cut, Encoding, encode_command
from pipeline.progress import SilentProgress
from schemas.layout import Dataset
from schemas.media import Clip
from tests.bench.measuring import Size, Timing, markdown_table, timed

CLIP_S = 10
FULL = 200
NUM_RENDERED = 10
SOURCES_PER_SHARD = 4
CODECS = {"mpeg4": ["-c:v", "mpeg4", "-q:v", "5"], "h264": ["-c:v", "libx264", "-preset", "veryfast"]}


@dataclass(frozen=True)
class Ingested:
    """Seconds of the start with the first clips, and of all others; memory of a worker; clips by what was done to pictures."""

    first_s: float
    seconds: float
    worker_mb: float
    modes: dict[str, int]


def generate(folder: Path, count: int, codec: str) -> list[Path]:
    """720p videos with sound: MPEG-4 must be decoded and encoded, H.264 may be copied.

    A few are rendered; the others are the same streams in a file with another title, which makes them other sources.
    """
    folder.mkdir(parents=True)
    paths = [folder / f"{number:04d}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        if number < NUM_RENDERED:
            picture = f"testsrc2=size=1280x720:rate=25:duration={CLIP_S},noise=alls=8:all_seed={number}"
            sound = f"sine=frequency={200 + 10 * number}:beep_factor=4:sample_rate=48000:duration={CLIP_S}"
            made = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *CODECS[codec], "-c:a", "aac", "-shortest"]
        else:
            made = ["-i", str(paths[number % NUM_RENDERED]), "-c", "copy", "-metadata", f"title={number}"]
        subprocess.run([ffmpeg_exe(), "-loglevel", "error", *made, "-pix_fmt", "yuv420p", str(path)], check=True)
    return paths


def bare_commands(paths: Sequence[Path], folder: Path) -> list[list[str]]:
    """What ingest would run for each."""
    folder.mkdir()
    params = IngestParams()
    encoding, commands = Encoding(params.max_height_px, params.crf, params.preset), []
    for path in paths:
        found = probe(path)
        assert isinstance(found, Probe), found
        cut = Cut(path, found, 0.0, found.duration_s)
        outputs = encode_command(cut, folder / f"{path.stem}.mp4", folder / f"{path.stem}.flac", encoding)
        options = ["-nostdin", "-loglevel", "error", "-y", "-filter_threads", "1", "-filter_complex_threads", "1"]
        commands.append([ffmpeg_exe(), *options, *ffmpeg.get_args(outputs)])
    return commands


def run_bare(commands: Sequence[list[str]], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda command: subprocess.run(command, check=True), commands))


def ingest(paths: Sequence[Path], root: Path, **params: object) -> Ingested:
    """A few sources first, one shard for every worker, so that all have loaded their libraries before the others come."""
    num_first = SOURCES_PER_SHARD * (os.cpu_count() or 1)
    folder, recipe = root.with_suffix(".source"), {"sources_per_shard": SOURCES_PER_SHARD, "ingest": params}
    folder.mkdir()
    settings = build_settings(Recipe.model_validate(recipe), source=str(folder))
    dataset, seconds = Dataset.create(str(root)), []
    with Build(dataset, settings, SilentProgress()) as build:
        for some in (paths[:num_first], paths[num_first:]):
            for path in some:
                (folder / path.name).hardlink_to(path)
            started = time.perf_counter()
            build.scan()
            build.run_stages("ingest", PHASES["ingest"])
            seconds.append(time.perf_counter() - started)
        worker_mb = build.record.peak_memory_mb["worker"]
    fingerprint = settings.plan["ingest"].fingerprint
    clips = [clip for shard in listed_shards(dataset) for clip in dataset.read_part(Clip, "ingest", fingerprint, shard)]
    modes = {mode: sum(clip.video_mode == mode for clip in clips) for mode in sorted({clip.video_mode for clip in clips})}
    return Ingested(seconds[0], seconds[1], worker_mb, modes)


def measure(work: Path, size: Size) -> list[str]:
    count, cores = size.of(FULL), os.cpu_count() or 1
    num_first = SOURCES_PER_SHARD * cores
    mpeg4, h264 = (generate(work / codec, num_first + count, codec) for codec in CODECS)
    commands = bare_commands(mpeg4[num_first:], work / "bare")
    few = ingest(mpeg4[: num_first + max(1, count // 10)], work / "few")
    bare, encoded, copied, checked = [], [], [], []
    for run in range(size.runs):
        bare += timed(lambda: run_bare(commands, cores), 1).seconds
        encoded.append(ingest(mpeg4, work / f"encoded-{run}"))
        copied.append(ingest(h264, work / f"copied-{run}", copy_check="keyframes"))
        checked.append(ingest(h264, work / f"checked-{run}"))
    bare_time = Timing(bare)
    times = [Timing([one.seconds for one in runs]) for runs in (encoded, copied, checked)]
    told = (
        "MPEG-4, encoded",
        "H.264, copied after its keyframes were decoded",
        "H.264, copied after every picture was decoded",
    )
    rows = [(f"bare ffmpeg, the same commands, {cores} threads", bare_time, f"{count / bare_time.median:.2f}", "–")]
    for what, seconds, runs in zip(told, times, (encoded, copied, checked), strict=True):
        modes = ", ".join(f"{number} {mode}" for mode, number in runs[0].modes.items())
        rows.append((f"scan + ingest: {what}", seconds, f"{count / seconds.median:.2f}", modes))
    return [
        f"### Ingest: {count} clips of {CLIP_S} s, 720p → 480p H.264 + FLAC, {cores} workers",
        "",
        *markdown_table(("what", "median (min–max)", "clips/s", "clips"), rows),
        "",
        f"Ratio to bare ffmpeg: {bare_time.median / times[0].median:.2f}. Copying is",
        f"{times[0].median / times[1].median:.1f} × as fast as encoding with keyframes decoded, "
        f"{times[0].median / times[2].median:.1f} × with every picture decoded.",
        f"Not included: starting Ray, loading libraries and the first {num_first} clips, "
        f"{Timing([one.first_s for one in encoded])}.",
        f"Peak memory of a worker: {few.worker_mb:.0f} MB with {num_first + max(1, count // 10)} clips, "
        f"{max(one.worker_mb for one in encoded):.0f} MB with {num_first + count}.",
    ]
