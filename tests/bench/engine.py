"""The engine: what a clip costs in a stage that does nothing, and what the driver holds, beside the same work in Ray Data."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.bench.measuring import Size, Timing, markdown_table
from tests.scale.run import Run

CASES = ((100, 16), (1_000, 16), (10_000, 16), (10_000, 64))  # clips, clips per shard
BESIDE = (1_000, 10_000)  # clips, with the first number of clips per shard, for Ray Data, whose start alone takes half a minute
WORKERS = 2


def run_apart(module: str, *options: object) -> Run:
    """A run of `tests.scale` in a process of its own, where its memory is nobody else's."""
    command = [sys.executable, "-m", f"tests.scale.{module}", *map(str, options)]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stderr[-2000:]}")
    return Run(**json.loads(next(line for line in finished.stdout.splitlines() if line.startswith("{"))))  # Ray warns there


def measure(work: Path, size: Size) -> list[str]:
    ours: dict[tuple[int, int], list[Run]] = defaultdict(list)
    theirs: dict[int, list[Run]] = defaultdict(list)
    for _ in range(size.runs):
        for clips, shard in CASES:
            options = ("--clips", size.of(clips), "--workers", WORKERS)
            ours[clips, shard].append(run_apart("run", *options, "--shard", shard))
            if clips in BESIDE and shard == CASES[0][1]:
                theirs[clips].append(run_apart("ray_data", *options, "--batch", shard))
    rows = [
        ("audiocot", size.of(clips), shard, *_figures(runs), f"{max(run.worker_peak_mb for run in runs):.0f} MB")
        for (clips, shard), runs in ours.items()
    ]
    rows += [("Ray Data", size.of(clips), CASES[0][1], *_figures(runs), "–") for clips, runs in theirs.items()]
    return [
        f"### Engine: stages that do nothing, {WORKERS} workers, through Ray",
        "",
        "Seven stages after ingest, a number per clip and stage. We write each stage's rows to disk, two synced files a cell;",
        "Ray Data hands batches on in memory and writes once at the end; it has that many actors for every stage, all at once.",
        "Start-up is in neither: time counts from when ingest is done, or when the last actor is there.",
        "",
        *markdown_table(
            (
                "what",
                "clips",
                "clips per shard or batch",
                "time",
                "ms per clip-stage",
                "driver's CPU",
                "driver's peak",
                "worker's peak",
            ),
            rows,
        ),
    ]


def _figures(runs: list[Run]) -> tuple[str, ...]:
    timing = Timing([run.seconds for run in runs])
    middle = sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
    peak = max(run.driver_peak_mb for run in runs)
    return str(timing), f"{middle.ms_per_clip_stage:.2f}", f"{middle.driver_cpu_s:.1f} s", f"{peak:.0f} MB"
