"""`audiocot verify`: megabytes per second of a dataset that is whole, from the page cache, on all cores."""

import time
from pathlib import Path

from flows.build import build_settings
from flows.recipe import Recipe
from pipeline.integrity.finding import inspect_files
from tests.bench.measuring import Size, Timing, markdown_table
from tests.scale.packing import clips_with_media

SHARDS = 40


def measure(work: Path, size: Size) -> list[str]:
    plan = build_settings(Recipe(), source="nowhere").plan
    dataset, selected = clips_with_media(str(work / "dataset"), plan, size.of(SHARDS))
    found = inspect_files(dataset)  # the first one reads from the disk
    assert not found.problems, found.problems
    wall, cpu = [], []
    for _ in range(size.runs):
        started, cpu_started = time.perf_counter(), time.process_time()
        inspect_files(dataset)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - cpu_started)
    megabytes = sum(found.files.values()) / 1e6
    return [
        f"### Verify: {len(selected)} clips of 1.5 MB in {len(found.files)} files, {megabytes:.0f} MB",
        "",
        *markdown_table(
            ("what", "median (min–max)", "MB/s"),
            [(what, Timing(took), f"{megabytes / Timing(took).median:.0f}") for what, took in (("CPU", cpu), ("wall", wall))],
        ),
    ]
