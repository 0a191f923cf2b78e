"""What people see of a long command: consoles, tables and progress.

Results go to stdout, everything else (progress, notes, errors) to stderr, so that a result can be piped. Colours and moving
bars appear on a terminal only; elsewhere a phase is one line when it ends, and one a minute while it lasts. `--json` silences
all of it. A build reports through `pipeline.progress.Progress` and knows nothing of who draws it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from pipeline.progress import Progress, SilentProgress
from schemas.visible import visible

WIDTH_WITHOUT_TERMINAL = 160
HEARTBEAT_S = 60.0


def stdout() -> Console:
    """The console for results."""
    return _harmless(Console(width=_width(sys.stdout.isatty()), highlight=False))


def stderr() -> Console:
    """The console for progress, notes and errors."""
    return _harmless(Console(stderr=True, width=_width(sys.stderr.isatty()), highlight=False))


class _Harmless(RenderHook):
    """Text of strangers cannot steer the terminal; what rich itself says to the terminal passes."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(one) for one in renderables]


@dataclass(frozen=True)
class _Visible:
    content: ConsoleRenderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.content, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def _harmless(console: Console) -> Console:
    console.push_render_hook(_Harmless())
    return console


def _width(is_terminal: bool) -> int | None:
    """None lets rich ask the terminal; a pipe gets lines that are not folded at 80 columns."""
    return None if is_terminal or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL


def table(
    columns: Iterable[str], rows: Iterable[Sequence[object]], title: str | None = None, right: Iterable[str] = ()
) -> Table:
    """A plain table. `right`: the columns whose values are numbers."""
    numbers = set(right)
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, str | Text) else f"{cell}" for cell in row))
    return made


@dataclass
class _Phase:
    total: int
    started: float
    spoken: float
    done: int = 0


class LineProgress:
    """One line per phase, for logs. `clock` gives seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._phases: dict[str, _Phase] = {}

    def phase(self, name: str, total: int) -> None:
        if name in self._phases:
            self._phases[name].total = total
        else:
            now = self._clock()
            self._phases[name] = _Phase(total, started=now, spoken=now)
        if total == 0:
            self._say(name, "nothing to do")

    def advance(self, name: str, by: int = 1, note: str = "") -> None:
        phase = self._phases[name]
        phase.done += by
        now = self._clock()
        if phase.done >= phase.total:
            self._say(name, f"{phase.done}/{phase.total} in {now - phase.started:.1f} s")
        elif now - phase.spoken >= HEARTBEAT_S:
            phase.spoken = now
            self._say(name, f"{phase.done}/{phase.total} after {now - phase.started:.0f} s {note}".rstrip())

    def _say(self, name: str, text: str) -> None:
        self._console.print(f"{name:<16} {text}", markup=False)


class BarProgress:
    """One bar per phase, for a terminal. `bars` must be running."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def phase(self, name: str, total: int) -> None:
        if name in self._tasks:
            self._bars.update(self._tasks[name], total=total)
        else:
            self._tasks[name] = self._bars.add_task(name, total=total, note="nothing to do" if total == 0 else "")

    def advance(self, name: str, by: int = 1, note: str = "") -> None:
        self._bars.update(self._tasks[name], advance=by, note=note)


@contextmanager
def progress(is_quiet: bool) -> Iterator[Progress]:
    """Progress as it suits where stderr goes: bars, lines, or (`is_quiet`) nothing."""
    console = stderr()
    if is_quiet:
        yield SilentProgress()
    elif not console.is_terminal:
        yield LineProgress(console)
    else:
        columns = (
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}", markup=True),
        )
        with Bars(*columns, console=console) as bars:
            yield BarProgress(bars)
