"""The command itself, as a user runs it: time to the first finished clip, and a build with nothing to do."""

import os
import statistics
import subprocess
import time
from pathlib import Path

import psutil

from pipeline.scenes import render_scenes
from tests.bench.commands import AUDIOCOT, ENVIRONMENT
from tests.bench.measuring import Size, Timing, timed

FULL = 16


def measure(work: Path, size: Size) -> list[str]:
    render_scenes(work / "scenes", range(5000, 5000 + size.of(FULL)), workers=os.cpu_count() or 1)
    source, runs = work / "scenes" / "videos", size.runs
    _command(source, work / "warm", watch=False)
    first, whole, again, memory = [], [], [], []
    for run in range(runs):
        root = work / f"command-{run}"
        seconds, total, peak = _command(source, root, watch=True)
        first.append(seconds)
        whole.append(total)
        memory.append(peak)
        again.append(_command(source, root, watch=False)[1])
    helping = timed(lambda: subprocess.run([*AUDIOCOT, "--help"], env=ENVIRONMENT, capture_output=True, check=True), runs)
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


def _command(source: Path, root: Path, watch: bool) -> tuple[float, float, float]:
    """Seconds to the first committed shard of clips, to the end, and the driver's peak memory in MB."""
    started = time.perf_counter()
    process = psutil.Popen(
        [*AUDIOCOT, "build", "--source", str(source), "--root", str(root), "--json", "--set", "sources_per_shard=4"],
        env=ENVIRONMENT,
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
