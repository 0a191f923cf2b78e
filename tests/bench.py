"""`make bench`: how fast the main job is here, beside bare ffmpeg doing the same decode and encode in the same run.

Prints one Markdown section with the command, the hardware, sizes, medians and spread of several runs, as docs/benchmarks.md
records it. Media is generated (720p test pictures with noise, 10 s each), so anybody measures the same. Times of start-up are
reported apart from throughput. Not a test: nothing here can fail.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build, listed_shards
from pipeline.media.ffmpeg import ffmpeg_exe, ffmpeg_version
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from pipeline.scenes import render_scenes
from schemas.layout import Dataset

CLIP_S = 10


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs."""

    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.2f} s ({min(self.seconds):.2f}–{max(self.seconds):.2f})"


def timed(work: Callable[[], object], runs: int) -> Timing:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return Timing(seconds)


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


def ingest_section(work: Path, count: int, runs: int, cores: int) -> list[str]:
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


def annotate_section(work: Path, count: int) -> list[str]:
    """Seconds of every stage on one worker, over rendered scenes."""
    render_scenes(work / "scenes", range(5000, 5000 + count), workers=os.cpu_count() or 1)
    settings = build_settings(Recipe(), source=str(work / "scenes" / "videos"), executor="local")
    dataset = Dataset.create(str(work / "annotated"))
    with Build(dataset, settings, SilentProgress()) as build:
        build.scan()
        for phase, stages in PHASES.items():
            build.run_stages(phase, stages)
    seconds_of_media = _media_seconds(dataset, settings.plan)
    lines = [
        f"### Embedded annotators: {count} scenes, {seconds_of_media:.0f} s of media, one worker, one core",
        "",
        "| stage | seconds | × real time | clips/s | peak memory of the process |",
        "|---|---|---|---|---|",
    ]
    by_task: dict[str, float] = {}
    for planned in settings.plan.stages:
        reports = [
            dataset.read_report(planned.marker.table, planned.name, planned.fingerprint, shard)
            for shard in listed_shards(dataset)
        ]
        seconds = sum(report["seconds"] for report in reports)
        peak = max(report["peak_rss_mb"] for report in reports)
        task = planned.stage.task or "evidence"
        by_task[task] = by_task.get(task, 0.0) + seconds
        lines.append(
            f"| {planned.name} | {seconds:.2f} | {seconds_of_media / seconds:.0f} | {count / seconds:.1f} | {peak:.0f} MB |"
        )
    assert all(line.adds_up for line in account(dataset, settings.plan.fingerprints))
    added = sum(seconds for task, seconds in by_task.items() if task not in ("evidence", "base"))
    told = ", ".join(f"{task} {seconds:.1f} s" for task, seconds in by_task.items())
    lines += [
        "",
        f"By task: {told}. Added to evidence and base by the other tasks: {added / sum(by_task.values()):.0%} of the time.",
    ]
    return lines


def _media_seconds(dataset: Dataset, plan: Plan) -> float:
    from schemas.media import Clip

    fingerprint = plan["ingest"].fingerprint
    return sum(
        clip.duration_s for shard in listed_shards(dataset) for clip in dataset.read_part(Clip, "ingest", fingerprint, shard)
    )


def start_section(work: Path, runs: int) -> list[str]:
    """The command itself, as a user runs it: time to the first finished clip, and a build with nothing to do."""
    source = work / "scenes" / "videos"
    first, whole, again, memory = [], [], [], []
    for run in range(runs):
        root = work / f"command-{run}"
        seconds, total, peak = _command(source, root, watch=True)
        first.append(seconds)
        whole.append(total)
        memory.append(peak)
        again.append(_command(source, root, watch=False)[1])
    helping = timed(lambda: subprocess.run([*_AUDIOCOT, "--help"], capture_output=True, check=True), runs)
    return [
        "### The command `audiocot build`, Prefect's server and Ray included",
        "",
        "| what | median (min–max) |",
        "|---|---|",
        f"| start → first shard of clips committed | {Timing(first)} |",
        f"| whole build of {len(list(source.iterdir()))} scenes | {Timing(whole)} |",
        f"| the same again, nothing to do | {Timing(again)} |",
        f"| `audiocot --help` | {helping} |",
        "",
        f"Peak memory of the driver process: {statistics.median(memory):.0f} MB.",
    ]


_AUDIOCOT = [sys.executable, "-m", "flows"]


def _command(source: Path, root: Path, watch: bool) -> tuple[float, float, float]:
    """Seconds to the first committed shard of clips, to the end, and the driver's peak memory in MB."""
    started = time.perf_counter()
    process = psutil.Popen(
        [*_AUDIOCOT, "build", "--source", str(source), "--root", str(root), "--json", "--set", "sources_per_shard=4"],
        stdout=subprocess.DEVNULL,
    )
    first, peak = 0.0, 0.0
    while process.poll() is None:
        if watch and not first and list(root.glob("tables/clip/*/part-*.parquet")):
            first = time.perf_counter() - started
        try:
            peak = max(peak, process.memory_info().rss / 2**20)
        except psutil.Error:
            break
        time.sleep(0.02)
    if process.wait() != 0:
        raise SystemExit("the build failed; run it by hand to see why")
    return first, time.perf_counter() - started, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=24, help="generated clips for ingest")
    parser.add_argument("--scenes", type=int, default=16, help="rendered scenes for the annotators and the command")
    parser.add_argument("--runs", type=int, default=3, help="runs of everything that is timed as a whole")
    given = parser.parse_args()
    cores = os.cpu_count() or 1
    work = Path(tempfile.mkdtemp(prefix="audiocot-bench-"))
    try:
        sections = [
            ingest_section(work, given.clips, given.runs, cores),
            annotate_section(work, given.scenes),
            start_section(work, given.runs),
        ]
    finally:
        shutil.rmtree(work)
    print(f"## {datetime.now(UTC):%Y-%m-%d}, `make bench` (clips {given.clips}, scenes {given.scenes}, runs {given.runs})\n")
    print(f"{cores} cores ({_processor()}), {psutil.virtual_memory().total / 2**30:.0f} GB, no GPU; {platform.platform()};")
    print(f"Python {platform.python_version()}, ffmpeg {ffmpeg_version()}.")
    for section in sections:
        print("\n" + "\n".join(section))
    print(f"\nPeak memory of the benchmark process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB.")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
