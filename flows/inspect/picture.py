"""One picture of a clip: frames, waveform, mel spectrogram, what was heard and seen, and the claims, on one time axis.

Owns the page: which lanes there are, how high each is and how they line up. What is in a lane is drawn by `film`, `sound`,
`lanes` and `chain`. The page grows with what there is to say, so that text keeps its size.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from annotators.media import Media
from flows.inspect.chain import LINE_IN, chain_lines, claim_groups, draw_lines
from flows.inspect.facts import ClipFacts
from flows.inspect.film import MotionLane, film_strip
from flows.inspect.lanes import Group, Lane, Mark
from flows.inspect.makers import object_groups
from flows.inspect.palette import FAINT, GRID, INK, MARKS, OUTCOMES, SOUNDS, VERDICTS
from flows.inspect.sound import draw_mel, draw_waveform
from schemas.errors import RootError
from schemas.reasoning import Cot

WIDTH_IN = 14.0
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 0.75, 0.25, 0.75, 0.2
AXIS_IN = 0.38  # under the last lane: the numbers of the time axis
GAP_IN = 0.07
DPI = 120


@dataclass(frozen=True)
class _Strip:
    """One lane of the page."""

    height_in: float
    draw: Callable[[Any], None]


def draw_clip(facts: ClipFacts, media: Media, output: Path | str | IO[bytes]) -> None:
    """Draw a clip as a PNG. RootError if the file cannot be written."""
    strips = _strips(facts, media)
    lines = [line for cot in _drawn(facts) for line in chain_lines(facts, cot)]
    text_in = len(lines) * LINE_IN
    lanes_in = sum(strip.height_in + GAP_IN for strip in strips)
    height_in = TOP_IN + lanes_in + AXIS_IN + text_in + BOTTOM_IN
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    _title(figure, facts, height_in)
    top_in = TOP_IN
    for number, strip in enumerate(strips):
        axes = _axes(figure, (LEFT_IN, top_in, WIDTH_IN - LEFT_IN - RIGHT_IN, strip.height_in), height_in)
        strip.draw(axes)
        _style(axes, facts.clip.duration_s, is_last=number == len(strips) - 1)
        top_in += strip.height_in + GAP_IN
    if facts.claims:
        _legend(figure, 1 - (top_in + AXIS_IN * 0.75) / height_in)
    if lines:
        width_in = WIDTH_IN - 2 * RIGHT_IN
        axes = _axes(figure, (RIGHT_IN, top_in + AXIS_IN, width_in, text_in), height_in)
        axes.set_axis_off()
        draw_lines(axes, lines, width_in)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # names in other scripts become boxes
            figure.savefig(output, format="png")
    except OSError as error:
        raise RootError(f"{output} cannot be written: {error.strerror or error}") from None


def _strips(facts: ClipFacts, media: Media) -> list[_Strip]:
    inches_per_second = (WIDTH_IN - LEFT_IN - RIGHT_IN) / facts.clip.duration_s
    sound = media.sound()
    strips = []
    if film := film_strip(media, inches_per_second):
        strips.append(_Strip(film.height_in, lambda axes: film.draw(axes, facts.tracks)))
    strips.append(_Strip(0.75, lambda axes: draw_waveform(axes, sound, facts.heard)))
    strips.append(_Strip(1.35, lambda axes: draw_mel(axes, sound)))
    if facts.heard:
        marks = [Mark(e.start_s, e.end_s, f"{e.event_id} {e.kind}", SOUNDS[e.kind]) for e in facts.heard]
        heard = Lane([Group("heard", marks)], facts.clip.duration_s, 1 / inches_per_second)
        strips.append(_Strip(heard.height_in, heard.draw))
    if facts.tracks or facts.seen:
        motion = MotionLane(facts.tracks, facts.seen)
        strips.append(_Strip(motion.height_in, motion.draw))
    if facts.attributions:
        made = Lane(object_groups(facts), facts.clip.duration_s, 1 / inches_per_second)
        strips.append(_Strip(made.height_in, made.draw))
    for cot in _drawn(facts):
        claims = Lane(claim_groups(facts, cot), facts.clip.duration_s, 1 / inches_per_second)
        strips.append(_Strip(claims.height_in, claims.draw))
    return strips


def _drawn(facts: ClipFacts) -> list[Cot]:
    """Chains about the clip's own sound; those of edits are about other sounds, on a time axis that is not this one."""
    return [cot for cot in facts.cots if cot.task != "edit"]


def _axes(figure: Figure, box_in: tuple[float, float, float, float], height_in: float) -> Any:
    """Axes at (left, top, width, height) inches from the upper left corner of the page."""
    left, top, width, height = box_in
    return figure.add_axes((left / WIDTH_IN, 1 - (top + height) / height_in, width / WIDTH_IN, height / height_in))


def _style(axes: Any, duration_s: float, is_last: bool) -> None:
    axes.set_xlim(0, duration_s)
    axes.tick_params(axis="y", length=0, labelsize=7, labelcolor=FAINT)
    axes.tick_params(axis="x", length=3 if is_last else 0, labelsize=7, labelbottom=is_last, color=FAINT, labelcolor=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_color(GRID)
    if is_last:
        axes.set_xlabel("seconds from the start of the clip", fontsize=7, color=FAINT, labelpad=2)


def _legend(figure: Figure, y: float) -> None:
    """What the colours of claims mean, right of the name of the time axis."""
    for number, (word, colour) in enumerate(VERDICTS.items()):
        x = 1 - (RIGHT_IN + (len(VERDICTS) - 1 - number)) / WIDTH_IN
        figure.text(x, y, f"{MARKS[word]} {word}", fontsize=7.5, weight="bold", color=colour, ha="right")


def _title(figure: Figure, facts: ClipFacts, height_in: float) -> None:
    clip, source = facts.clip, facts.source
    y = 1 - 0.3 / height_in
    left = RIGHT_IN / WIDTH_IN
    figure.text(left, y, clip.clip_id, fontsize=13, weight="bold", color=INK, parse_math=False)
    origin = f"{source.name}, " if source else ""
    label = f", labelled {clip.label!r}" if clip.label else ""
    told = f"{origin}{clip.start_s:.2f} to {clip.end_s:.2f} s{label}"
    figure.text(left, 1 - 0.53 / height_in, told, fontsize=8.5, color=FAINT, parse_math=False)
    right = 1 - RIGHT_IN / WIDTH_IN
    decided = [found for cot in facts.cots if cot.task == "base" and (found := facts.decision_on(cot.cot_id))]
    for number, decision in enumerate(decided):
        badge = {"boxstyle": "round,pad=0.35", "facecolor": OUTCOMES[decision.outcome], "linewidth": 0}
        x = right - 0.06 / WIDTH_IN - number * 1.0 / WIDTH_IN
        figure.text(x, y, decision.outcome, fontsize=10, weight="bold", color="white", ha="right", bbox=badge)
