"""Lanes of labelled spans on the time axis, packed so that no two bars or labels lie on each other.

A lane is made of groups (a chain's steps, for example) that never share a row; each group is a band of its own. Heights are
inches, because a label has a size of its own that must not depend on how much there is to show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flows.inspect.palette import GRID, INK

FONT_PT = 7.0
ROW_IN = 0.19
CHAR_IN = 0.0535  # mean width of a character at FONT_PT, on the wide side
GAP_IN = 0.06
THINNEST_IN = 0.05  # an impact is shorter than a pixel and must still be seen


@dataclass(frozen=True)
class Mark:
    """A span with a label. `is_open`: drawn as an outline, for what has no place in time of its own."""

    start_s: float
    end_s: float
    label: str
    colour: str
    is_open: bool = False


@dataclass(frozen=True)
class Group:
    """Marks that form one band, with a name at its left."""

    name: str
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Placed:
    """A mark in its row (from the group's top), with its label at `label_s`, left- or right-aligned there."""

    mark: Mark
    row: int
    label_s: float
    is_right_aligned: bool
    is_inside: bool


def place(marks: Sequence[Mark], duration_s: float, seconds_per_inch: float) -> list[Placed]:
    """Greedy interval packing in order of time: each mark goes to the first row with room for its bar and label."""
    free_from: list[float] = []  # per row
    placed = []
    for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s)):
        gap = GAP_IN * seconds_per_inch
        end = max(mark.end_s, mark.start_s + THINNEST_IN * seconds_per_inch)
        label = len(mark.label) * CHAR_IN * seconds_per_inch
        is_inside = label + 2 * gap <= end - mark.start_s
        is_right_aligned = not is_inside and end + gap + label > duration_s
        first = mark.start_s - gap - label if is_right_aligned else mark.start_s
        last = end if is_inside or is_right_aligned else end + gap + label
        row = next((number for number, free in enumerate(free_from) if free <= first), len(free_from))
        if row == len(free_from):
            free_from.append(0.0)
        free_from[row] = last + gap
        label_s = mark.start_s + gap if is_inside else mark.start_s - gap if is_right_aligned else end + gap
        placed.append(Placed(mark, row, label_s, is_right_aligned, is_inside))
    return placed


class Lane:
    """Groups of marks, placed. `height_in` is known before the figure is made."""

    def __init__(self, groups: Sequence[Group], duration_s: float, seconds_per_inch: float) -> None:
        self._placed = [(group.name, place(group.marks, duration_s, seconds_per_inch)) for group in groups]
        self._thinnest_s = THINNEST_IN * seconds_per_inch
        self._num_rows = [max((p.row for p in placed), default=0) + 1 for _, placed in self._placed]

    @property
    def height_in(self) -> float:
        return ROW_IN * sum(self._num_rows) + 0.12

    def draw(self, axes: Any) -> None:
        """Rows count downwards from 0."""
        top = 0
        ticks = []
        for number, ((name, placed), num_rows) in enumerate(zip(self._placed, self._num_rows, strict=True)):
            if number % 2:
                axes.axhspan(top, top + num_rows, color=GRID, alpha=0.45, lw=0, zorder=0)
            ticks.append((top + num_rows / 2, name))
            for item in placed:
                self._draw_mark(axes, item, top + item.row + 0.5)
            top += num_rows
        axes.set_ylim(top + 0.1, -0.1)
        axes.set_yticks([y for y, _ in ticks], [name for _, name in ticks])

    def _draw_mark(self, axes: Any, item: Placed, y: float) -> None:
        mark = item.mark
        width = max(mark.end_s - mark.start_s, self._thinnest_s)
        face = {"color": "white", "edgecolor": mark.colour} if mark.is_open else {"color": mark.colour}
        axes.barh(y, width, left=mark.start_s, height=0.72, linewidth=1.0 if mark.is_open else 0, zorder=2, **face)
        colour = "white" if item.is_inside and not mark.is_open else INK
        align = "right" if item.is_right_aligned else "left"
        axes.text(
            item.label_s, y, mark.label, ha=align, va="center_baseline", fontsize=FONT_PT, color=colour, zorder=3,
            parse_math=False,
        )  # fmt: skip
