"""The one-paragraph generation instruction of ThinkSound-style models: two to five imperative sentences, ending in what to
avoid, 27 to 68 words like the released samples. Everything in it is said by a step of the chain.
"""

from collections.abc import Sequence

from annotators.template.remarks import place
from annotators.template.salience import Group
from annotators.wording import a, amount, joined, noun, number, seconds, sentence
from schemas.vocabulary import SoundKind

LEAST_WORDS = 27
MOST_WORDS = 68


def instruction(groups: Sequence[Group], absent: Sequence[SoundKind], duration_s: float) -> str:
    """The paragraph. `groups` in order of first onset; `absent` kinds can be avoided.

    Sentences are put together by importance until the most words are reached; a short paragraph says what is plain anyway.
    """
    avoid = sentence(f"avoid {joined([noun(kind, 2) for kind in absent], 'or')}") if absent else None
    if not groups:
        return _quiet(avoid, duration_s)
    opening = f"generate {seconds(duration_s)[:-2]} seconds of audio with {joined([described(group) for group in groups])}"
    optional = [_course(groups), *(character(group) for group in groups)]
    return paragraph(sentence(opening), [text for text in optional if text], avoid)


def paragraph(opening: str, optional: Sequence[str], avoid: str | None) -> str:
    """Whole sentences: the opening, as many of the optional ones as there is room for, the avoidance."""
    chosen, closing = [opening], [avoid] if avoid else []
    for text in optional:
        if _words([*chosen, text, *closing]) <= MOST_WORDS:
            chosen.append(text)
    if _words([*chosen, *closing]) < LEAST_WORDS:
        chosen.append("Keep to these sounds, at these times and in this order, with nothing else in the foreground.")
    if _words([*chosen, *closing]) < LEAST_WORDS:
        chosen.append("Leave the rest of the time to the background alone.")
    return " ".join([*chosen, *closing])


def _quiet(avoid: str | None, duration_s: float) -> str:
    opening = f"Generate {seconds(duration_s)[:-2]} seconds of near silence in which no single sound stands out."
    middle = "Start quietly, keep the same quiet background throughout, then end as quietly, whatever moves in the picture."
    return " ".join(part for part in (opening, middle, avoid) if part)


def _words(sentences: Sequence[str]) -> int:
    return sum(len(text.split()) for text in sentences)


def described(group: Group) -> str:
    """ "three hits", "a tone", "hits" where they cannot be counted."""
    if len(group.events) == 1:
        return a(group.kind)
    return f"{number(len(group.events))} {noun(group.kind, 2)}" if group.is_complete else noun(group.kind, 2)


def when(group: Group) -> str:
    """When a group sounds, in few words."""
    starts = [seconds(event.start_s) for event in group.events]
    if len(starts) == 1:
        return f"from {starts[0]} to {seconds(group.events[0].end_s)}" if group.is_sustained else f"at {starts[0]}"
    return f"at {joined(starts)}" if len(starts) <= 3 else f"from {starts[0]} to {starts[-1]}"


def _course(groups: Sequence[Group]) -> str:
    """ "Start with the hits at 0.8 s and 2.1 s, then bring in the tone from 3.0 s to 5.0 s."""
    told = [f"the {noun(group.kind, len(group.events))} {when(group)}" for group in groups]
    rest = [
        f", then {'bring in' if group.is_sustained else 'add'} {text}" for group, text in zip(groups[1:], told[1:], strict=True)
    ]
    return sentence(f"start with {told[0]}{''.join(rest)}")


def character(group: Group) -> str | None:
    """How a group sounds and where it is: what its aesthetic and spatial steps say of its strongest event."""
    event = group.strongest
    qualities: list[str] = []
    if event.pitch_hz is not None and (event.harmonicity or 0.0) >= 0.7 and group.kind in ("tone", "ring"):
        qualities.append(f"at about {amount('pitch', event.pitch_hz)}")
    where = place(group)
    if where is not None:
        relation = where.claims[0].relation
        qualities.append(
            {"left": "on the left", "right": "on the right", "centre": "in the centre", "rises": "moving to the right"}.get(
                str(relation), "moving to the left"
            )
        )
    return sentence(f"keep {_one(group)} {joined(qualities)}") if qualities else None


def _one(group: Group) -> str:
    return f"the {noun(group.kind)}" if len(group.events) == 1 else f"the strongest {noun(group.kind)}"
