"""The command itself, as a user runs it: time to the first finished clip, and a build with nothing to do.

The first of all starts, for which nothing is compiled yet, stands apart.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from pipeline.scenes import render_scenes
from tests.bench.commands import AUDIOCOT, with_bytecode
from tests.bench.measuring import Size, Timing, timed

FULL = 16


def measure(work: Path, size: Size) -> list[str]:
    render_scenes(work / "scenes", range(5000, 5000 + size.of(FULL)), workers=os.cpu_count() or 1)
    source, runs, environment = work / "scenes" / "videos", size.runs, with_bytecode(work)
    uncompiled, _, _ = _command(source, work / "uncompiled", environment, watch=True)
    first, whole, again, memory = [], [], [], []
    for run in range(runs):
        root = work / f"command-{run}"
        seconds, total, peak = _command(source, root, environment, watch=True)
        first.append(seconds)
        whole.append(total)
        memory.append(peak)
        again.append(_command(source, root, environment, watch=False)[1])
    helping = timed(lambda: subprocess.run([*AUDIOCOT, "--help"], env=environment, capture_output=True, check=True), runs)
    return [
        "### The command `audiocot build`, Prefect's server and Ray included",
        "",
        "| what | median (min–max) |",
        "|---|---|",
        f"| start → first shard of clips committed | {Timing(first)} |",
        f"| the same at the first start after an installation that compiled nothing | {uncompiled:.2f} s |",
        f"| whole build of {len(list(source.iterdir()))} scenes | {Timing(whole)} |",
        f"| the same again, nothing to do | {Timing(again)} |",
        f"| `audiocot --help` | {helping} |",
        "",
        f"Peak memory of the driver process: {statistics.median(memory):.0f} MB.",
    ]


def _command(source: Path, root: Path, environment: Mapping[str, str], watch: bool) -> tuple[float, float, float]:
    """Seconds to the first committed shard of clips, to the end, and the driver's peak memory in MB."""
    started = time.perf_counter()
    process = psutil.Popen(
        [*AUDIOCOT, "build", "--source", str(source), "--root", str(root), "--json", "--set", "sources_per_shard=4"],
        env=environment,
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
