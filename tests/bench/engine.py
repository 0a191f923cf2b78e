"""The engine: what a clip costs in a stage that does nothing, and what the driver holds, beside the same work in Ray Data."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.measuring import Size, Timing, markdown_table
from tests.scale.run import Run

CLIPS = (100, 1_000, 10_000)
CLIPS_PER_SHARD = (16, 64)
WORKERS = 2


def run_apart(module: str, *options: object) -> Run:
    """A run of `tests.scale` in a process of its own, where its memory is nobody else's."""
    command = [sys.executable, "-m", f"tests.scale.{module}", *map(str, options)]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{finished.stderr[-2000:]}")
    return Run(**json.loads(finished.stdout.splitlines()[-1]))


def measure(work: Path, size: Size) -> list[str]:
    rows = []
    for clips in map(size.of, CLIPS):
        for shard in CLIPS_PER_SHARD:
            ours = [run_apart("run", "--clips", clips, "--shard", shard, "--workers", WORKERS) for _ in range(size.runs)]
            rows.append(("audiocot", clips, shard, *_figures(ours), f"{max(run.worker_peak_mb for run in ours):.0f} MB"))
        theirs = [run_apart("ray_data", "--clips", clips, "--batch", 16, "--workers", WORKERS) for _ in range(size.runs)]
        rows.append(("Ray Data", clips, 16, *_figures(theirs), "–"))
    return [
        f"### Engine: stages that do nothing, {WORKERS} workers, through Ray",
        "",
        "Seven stages after ingest, a number per clip and stage. We write each stage's rows to disk, two synced files a cell;",
        "Ray Data hands batches on in memory and writes once at the end. Start-up is not in it.",
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
