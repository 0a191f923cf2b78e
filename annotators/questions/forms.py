"""The forms of generated questions: how each is worded, and how a question so worded is read back.

What a choice says is a claim in the dataset's own vocabulary, so that whoever can judge claims can answer, and a chain of
thought about the answer can be verified like any other. A question of another data set has no form here and is read as None.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from annotators.wording import a, noun, number, seconds, worded
from schemas.reasoning import Stated
from schemas.vocabulary import SOUND_KINDS, ClaimType, Relation, SoundKind

QuestionKind = Literal["which", "count", "order", "when", "where", "loudness", "maker"]
Side = Literal["left", "centre", "right"]
Trend = Literal["rises", "falls", "steady"]

UNSEEN = "something that is not seen"
_ANY_KIND: Mapping[str, SoundKind] = {noun(kind, count): kind for kind in SOUND_KINDS for count in (1, 2)}
_ONE_KIND: Mapping[str, SoundKind] = {a(kind): kind for kind in SOUND_KINDS}
_MOST_COUNTED = 200
_COUNTS: Mapping[str, int] = {number(count): count for count in range(_MOST_COUNTED + 1)}
_SIDES: Mapping[str, Side] = {"from the left": "left", "from the centre": "centre", "from the right": "right"}
_TRENDS: Mapping[str, Trend] = {"it gets louder": "rises", "it gets softer": "falls", "it stays equally loud": "steady"}
_WHICH, _ORDER = "Which of these sounds is heard?", "In which order do these sounds begin?"
_EVENT_S = 0.1  # an onset has no length; a claim of it needs one
_CLEAR_S = 0.3  # an onset this close to a moment may be the same


@dataclass(frozen=True)
class Worded:
    """A question of a form. `choices` are in the order of what they were worded from."""

    kind: QuestionKind
    text: str
    choices: Sequence[str]


@dataclass(frozen=True)
class Meaning:
    """What a choice says: that all of its claims hold, or, where `is_denied`, that they do not."""

    claims: tuple[Stated, ...]
    is_denied: bool = False


@dataclass(frozen=True)
class Query:
    """A question that was understood: the sound it is about (None: several) and what each choice says."""

    kind: QuestionKind
    subject: SoundKind | None
    meanings: Sequence[Meaning]


def ask_which(kinds: Sequence[SoundKind]) -> Worded:
    """Choices: kinds of sound."""
    return Worded("which", _WHICH, [a(kind) for kind in kinds])


def ask_count(subject: SoundKind, counts: Sequence[int]) -> Worded:
    """Choices: how often a kind is heard."""
    return Worded("count", f"How many {noun(subject, 2)} are heard?", [number(count) for count in counts])


def ask_order(orders: Sequence[Sequence[SoundKind]]) -> Worded:
    """Choices: kinds, each in another order."""
    return Worded("order", _ORDER, [", then ".join(a(kind) for kind in kinds) for kinds in orders])


def ask_when(subject: SoundKind, times_s: Sequence[float]) -> Worded:
    """Choices: seconds from the start of the clip."""
    return Worded("when", f"When does the first {noun(subject)} begin?", [f"at {seconds(time_s)}" for time_s in times_s])


def ask_where(subject: SoundKind) -> Worded:
    """Choices: left, centre, right."""
    return Worded("where", f"Where does the {noun(subject)} come from?", list(_SIDES))


def ask_loudness(subject: SoundKind) -> Worded:
    """Choices: louder, softer, equal."""
    return Worded("loudness", f"Does the {noun(subject)} get louder or softer?", list(_TRENDS))


def ask_maker(subject: SoundKind, phrases: Sequence[str]) -> Worded:
    """Choices: each visible thing, and none of them."""
    return Worded("maker", f"What makes the {noun(subject, 2)}?", [*(f"the {phrase}" for phrase in phrases), UNSEEN])


def read_query(text: str, choices: Sequence[str], track_ids: Mapping[str, str]) -> Query | None:
    """What a question means, or None for one of no form here.

    Args:
        track_ids: the track of each visible thing, by what it is called; a thing without one cannot be meant.
    """
    for kind, (pattern, meaning) in _FORMS.items():
        if not (found := re.fullmatch(pattern, text)):
            continue
        subject = _ANY_KIND.get(found[1]) if found.groups() else None
        if found.groups() and subject is None:
            return None
        meanings = [meaning(subject, choice, track_ids) for choice in choices]
        understood = [one for one in meanings if one is not None]
        return Query(kind, subject, understood) if len(understood) == len(meanings) else None
    return None


def _claim(type: ClaimType, subject: str | None, **fields: object) -> Stated:
    given = {"step_index": 0, "type": type, "basis": "inferred", "text": "", "subject": subject, **fields}
    return worded(Stated.model_validate(given))


_Reader = Callable[[SoundKind | None, str, Mapping[str, str]], Meaning | None]


def _read_which(_: SoundKind | None, choice: str, __: Mapping[str, str]) -> Meaning | None:
    kind = _ONE_KIND.get(choice)
    return Meaning((_claim("absence", kind),), is_denied=True) if kind else None


def _read_count(subject: SoundKind | None, choice: str, _: Mapping[str, str]) -> Meaning | None:
    count = _COUNTS.get(choice)
    return None if count is None else Meaning((_claim("count", subject, value=float(count)),))


def _read_order(_: SoundKind | None, choice: str, __: Mapping[str, str]) -> Meaning | None:
    kinds = [_ONE_KIND.get(part) for part in choice.split(", then ")]
    if len(kinds) < 2 or None in kinds:
        return None
    return Meaning(tuple(_claim("order", one, object=other, relation="before") for one, other in pairwise(kinds)))


def _read_when(subject: SoundKind | None, choice: str, _: Mapping[str, str]) -> Meaning | None:
    found = re.fullmatch(r"at (\d+\.\d) s", choice)
    if not found:
        return None
    start_s = float(found[1])
    begins = _claim("event", subject, start_s=start_s, end_s=round(start_s + _EVENT_S, 1))
    if start_s <= 2 * _CLEAR_S:
        return Meaning((begins,))
    return Meaning((begins, _claim("absence", subject, start_s=0.0, end_s=round(start_s - _CLEAR_S, 1))))  # it is the first


def _read_where(subject: SoundKind | None, choice: str, _: Mapping[str, str]) -> Meaning | None:
    side: Relation | None = _SIDES.get(choice)
    return Meaning((_claim("attribute", subject, attribute="pan", relation=side),)) if side else None


def _read_loudness(subject: SoundKind | None, choice: str, _: Mapping[str, str]) -> Meaning | None:
    trend: Relation | None = _TRENDS.get(choice)
    return Meaning((_claim("attribute", subject, attribute="loudness", relation=trend),)) if trend else None


def _read_maker(subject: SoundKind | None, choice: str, track_ids: Mapping[str, str]) -> Meaning | None:
    if choice == UNSEEN:
        return Meaning(tuple(_claim("source", subject, object=track_id) for track_id in track_ids.values()), is_denied=True)
    track_id = track_ids.get(choice.removeprefix("the "))
    return Meaning((_claim("source", subject, object=track_id),)) if track_id else None


_FORMS: Mapping[QuestionKind, tuple[str, _Reader]] = {
    "which": (re.escape(_WHICH), _read_which),
    "count": (r"How many (.+) are heard\?", _read_count),
    "order": (re.escape(_ORDER), _read_order),
    "when": (r"When does the first (.+) begin\?", _read_when),
    "where": (r"Where does the (.+) come from\?", _read_where),
    "loudness": (r"Does the (.+) get louder or softer\?", _read_loudness),
    "maker": (r"What makes the (.+)\?", _read_maker),
}
