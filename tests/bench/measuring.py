"""What benchmarks share: how much to do, timing with spread, Markdown tables, what the machine is."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.media.ffmpeg import ffmpeg_version


@dataclass(frozen=True)
class Size:
    """How much to do. `quick`: a tenth, once, to see that it works."""

    quick: bool = False

    @property
    def runs(self) -> int:
        """How often everything that is timed as a whole is done."""
        return 1 if self.quick else 3

    def of(self, full: int) -> int:
        """A number of clips, scenes or rows."""
        return max(1, full // 10) if self.quick else full


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs."""

    seconds: Sequence[float]

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


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return lines + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def machine() -> str:
    """What the figures were made on, in two lines."""
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GB"
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory}, no GPU used; {platform.platform()};\n"
        f"Python {platform.python_version()}, ffmpeg {ffmpeg_version()}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
