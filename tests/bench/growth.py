"""Whether twice the clips take twice as long, and two workers half of it, through stages that do nothing."""

from pathlib import Path

from tests.bench.engine import run_apart
from tests.bench.measuring import Size, Timing, markdown_table

CLIPS = (100, 1_000, 5_000)
CLIPS_PER_SHARD = 16


def measure(work: Path, size: Size) -> list[str]:
    rows = []
    for workers in (1, 2):
        for clips in map(size.of, CLIPS):
            options = ("--clips", clips, "--shard", CLIPS_PER_SHARD, "--workers", workers)
            runs = 1 if clips == size.of(CLIPS[-1]) else size.runs  # the longest is long enough
            timing = Timing([run_apart("run", *options).seconds for _ in range(runs)])
            rows.append((workers, clips, str(timing), f"{clips / timing.median:.0f}"))
    return [
        f"### Growth: seven stages that do nothing, {CLIPS_PER_SHARD} clips per shard, through Ray",
        "",
        *markdown_table(("workers", "clips", "time", "clips/s"), rows),
    ]
