"""Packing: megabytes per second into the shards of a release, from the page cache, on one core."""

import time
from pathlib import Path

from flows.build import build_settings
from flows.recipe import Recipe
from tests.bench.measuring import Size, Timing, markdown_table
from tests.scale.packing import CLIPS_PER_SHARD, clips_with_media, pack

SHARDS = 40


def measure(work: Path, size: Size) -> list[str]:
    plan = build_settings(Recipe(), source="nowhere").plan
    dataset, selected = clips_with_media(str(work / "dataset"), plan, size.of(SHARDS))
    wall, cpu, num_bytes = [], [], 0
    pack(dataset, plan, selected)  # the first one reads from the disk
    for _ in range(size.runs):
        started, cpu_started = time.perf_counter(), time.process_time()
        num_bytes = pack(dataset, plan, selected)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - cpu_started)
    megabytes = num_bytes / 1e6
    return [
        f"### Packing: {len(selected)} clips of 1.5 MB in shards of {CLIPS_PER_SHARD}, {megabytes:.0f} MB, one process",
        "",
        *markdown_table(
            ("what", "median (min–max)", "MB/s"),
            [
                ("CPU time", str(Timing(cpu)), f"{megabytes / Timing(cpu).median:.0f}"),
                ("wall time, the new shards synced to disk", str(Timing(wall)), f"{megabytes / Timing(wall).median:.0f}"),
            ],
        ),
    ]
