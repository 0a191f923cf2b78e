"""The chain of thought under the picture: its steps, and each claim with its mark and the witness's reason."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flows.inspect.facts import ClipFacts
from flows.inspect.lanes import Group, Mark
from flows.inspect.palette import FAINT, INK, MARKS, OUTCOMES, VERDICTS
from schemas.reasoning import Claim, Cot
from schemas.vocabulary import Relation, VerdictWord

LINE_IN = 0.165
FONT_PT = 8.0
NUM_CHARS = 205  # of FONT_PT in the width of the picture
INDENT_IN = 0.22
SIGNS: dict[Relation, str] = {"equals": "=", "at_least": "≥", "at_most": "≤"}


@dataclass(frozen=True)
class Line:
    """A line of text with an optional mark before it."""

    text: str
    indent: int = 0
    colour: str = INK
    weight: str = "normal"
    mark: str = ""
    mark_colour: str = INK


def finding(facts: ClipFacts, claim: Claim) -> VerdictWord | None:
    """What the witnesses say together: their word if they agree, `unverifiable` if not, None if nobody was asked."""
    words = {verdict.verdict for verdict in facts.verdicts_on(claim.claim_id)}
    surely = words - {"unverifiable"}
    if not words:
        return None
    return surely.pop() if len(surely) == 1 else "unverifiable"


def claim_groups(facts: ClipFacts, cot: Cot) -> list[Group]:
    """The claims of a chain as marks on the time axis, a group per step. A claim without a span is an open bar."""
    groups = []
    for index in range(len(cot.steps)):
        marks = [_mark(facts, claim) for claim in facts.claims_of(cot.cot_id, index)]
        groups.append(Group(f"step {index + 1}", marks))
    return groups


def _mark(facts: ClipFacts, claim: Claim) -> Mark:
    word = finding(facts, claim)
    sign, colour = (MARKS[word], VERDICTS[word]) if word else ("·", FAINT)
    kind = None if claim.attribute else claim.type  # the attribute says it
    what = " ".join(part for part in (kind, claim.subject, _relation(claim)) if part)
    start_s = claim.start_s if claim.start_s is not None else 0.0
    end_s = claim.end_s if claim.end_s is not None else facts.clip.duration_s
    is_open = claim.start_s is None and claim.end_s is None
    return Mark(start_s, end_s, f"{sign} {claim.claim_id.rpartition('/')[2]} {what}", colour, is_open)


def _relation(claim: Claim) -> str:
    value = "" if claim.value is None else f"{claim.value:g}{'' if claim.unit is None else ' ' + claim.unit}"
    relation = SIGNS.get(claim.relation, claim.relation) if claim.relation else ""
    return " ".join(part for part in (claim.attribute, relation, claim.object, value) if part)


def chain_lines(facts: ClipFacts, cot: Cot) -> list[Line]:
    """The chain in words, wrapped."""
    return [line for said in _said(facts, cot) for line in _wrapped(said)]


def _said(facts: ClipFacts, cot: Cot) -> Iterator[Line]:
    about = f", {cot.subject_id.rpartition('/')[2]}" if cot.subject_id else ""
    yield Line(f"Chain of thought ({cot.task}{about}) by {cot.model}", weight="bold")
    for index, step in enumerate(cot.steps):
        aspect = f"{step.aspect}, avoid" if step.is_avoidance else step.aspect
        yield Line(f"{index + 1}. {step.text}  [{aspect}]", indent=1)
        for claim in facts.claims_of(cot.cot_id, index):
            yield from _claim_lines(facts, claim)
    yield Line(f"Instruction: {cot.caption_cot}", indent=1, weight="bold")
    if decision := facts.decision_on(cot.cot_id):
        yield Line(f"{decision.outcome}: {decision.reason}", 1, OUTCOMES[decision.outcome], "bold")
        if decision.outcome == "repair" and decision.caption_cot:
            yield Line(f"Repaired: {decision.caption_cot}", indent=1, weight="bold")


def _claim_lines(facts: ClipFacts, claim: Claim) -> Iterator[Line]:
    name = f"{claim.claim_id.rpartition('/')[2]}  {claim.text}"
    verdicts = facts.verdicts_on(claim.claim_id)
    if not verdicts:
        yield Line(name, 2, FAINT, mark="·", mark_colour=FAINT)
    for verdict in verdicts:
        colour = VERDICTS[verdict.verdict]
        said = f"{name} ({verdict.witness} {verdict.score:.2f}: {verdict.reason.rstrip('.')})"
        yield Line(said, 2, mark=MARKS[verdict.verdict], mark_colour=colour)


def _wrapped(line: Line) -> Iterator[Line]:
    """Lines of `NUM_CHARS`; only the first carries the mark."""
    pieces = textwrap.wrap(line.text, NUM_CHARS - 4 * line.indent) or [""]
    yield Line(pieces[0], line.indent, line.colour, line.weight, line.mark, line.mark_colour)
    for piece in pieces[1:]:
        yield Line(piece, line.indent + 1, line.colour, line.weight)


def draw_lines(axes: Any, lines: Sequence[Line], width_in: float) -> None:
    """One line per `LINE_IN`, from the top, in an axes that is `width_in` wide."""
    axes.set_xlim(0, width_in)
    axes.set_ylim(len(lines) * LINE_IN, 0)
    for number, line in enumerate(lines):
        y, x = (number + 0.5) * LINE_IN, line.indent * INDENT_IN
        if line.mark:
            axes.text(x - 0.15, y, line.mark, fontsize=FONT_PT, color=line.mark_colour, weight="bold", va="center_baseline")
        axes.text(
            x, y, line.text, fontsize=FONT_PT, color=line.colour, weight=line.weight, va="center_baseline", parse_math=False
        )  # fmt: skip
