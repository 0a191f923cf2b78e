"""Remarks: pieces of sentences with the claims they make, each from one group of heard events.

A remark belongs to one aspect and has a weight; the reasoner takes the weightiest until the chain has claims enough, and
joins those of one aspect into a step. Numbers in claims are rounded as in the text: a claim says what is written.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from annotators.template.makers import Maker
from annotators.template.salience import Group
from annotators.wording import a, amount, joined, noun, number, rounded, seconds, with_article, worded
from schemas.evidence import HeardEvent, Track
from schemas.reasoning import Stated
from schemas.vocabulary import UNITS, Aspect, Attribute, Basis, ClaimType, Relation, SoundKind

_TIMED_EVENTS = 4  # a longer series is told by its first, its last and its count


@dataclass(frozen=True)
class Remark:
    """`text` is a clause without capital and full stop; its claims' `step_index` is set when it is placed in a step.

    Clauses with the same `topic` are drawn together into one, from what they say of it (`predicates`).
    """

    aspect: Aspect
    text: str
    weight: float
    claims: Sequence[Stated] = field(default_factory=list)
    is_avoidance: bool = False
    topic: str = ""
    predicates: Sequence[str] = ()
    stands_alone: bool = False  # a step of its own, so that it can be dropped alone


def stated(
    type: ClaimType, basis: Basis, subject: str | None, start_s: float | None, end_s: float | None, **fields: object
) -> Stated:
    """A claim worded from its fields, times rounded to 0.1 s."""
    span = [None if time_s is None else round(time_s, 1) for time_s in (start_s, end_s)]
    given = {"type": type, "basis": basis, "subject": subject, "start_s": span[0], "end_s": span[1], **fields}
    return worded(Stated.model_validate({"step_index": 0, "text": "", **given}))


def event_claim(event: HeardEvent) -> Stated:
    """That the event is heard when it was; at least 0.1 s, so that its span can be checked."""
    return stated("event", "heard", event.kind, event.start_s, max(event.end_s, event.start_s + 0.1))


def attribute_claim(event: HeardEvent, attribute: Attribute, relation: Relation, value: float | None = None) -> Stated:
    """What the event sounds like, over its span; `value` in the attribute's unit."""
    end_s = max(event.end_s, event.start_s + 0.1)
    unit = UNITS[attribute] if value is not None else None
    return stated(
        "attribute", "heard", event.kind, event.start_s, end_s, attribute=attribute, relation=relation, value=value, unit=unit
    )


def the(group: Group, event: HeardEvent) -> str:
    """How to speak of one event of a group without ambiguity."""
    if len(group.events) == 1:
        return f"the {noun(group.kind)}"
    return f"the {noun(group.kind)} at {seconds(event.start_s)}"


def presence(group: Group) -> Remark:
    """That the kind is heard, by its strongest event."""
    event = group.strongest
    amounts = a(group.kind) if len(group.events) == 1 else noun(group.kind, 2)
    return Remark("semantic", amounts, 10.0, [event_claim(event)])


def timing(group: Group, duration_s: float) -> Remark:
    """When the kind is heard, and how often where that can be counted."""
    events, times = group.events, [seconds(event.start_s) for event in group.events]
    counting = [stated("count", "heard", group.kind, 0.0, duration_s, value=float(len(events)))] if group.is_complete else []
    if len(events) == 1:
        if group.is_sustained:
            text = f"the {noun(group.kind)} lasts from {times[0]} to {seconds(events[0].end_s)}"
            length = round(events[0].end_s, 1) - round(events[0].start_s, 1)
            claims = [attribute_claim(events[0], "duration", "equals", round(length, 1)), *counting]
            return Remark("temporal", text, 8.0, claims)
        return Remark("temporal", f"the {noun(group.kind)} comes at {times[0]}", 8.0, [event_claim(events[0]), *counting])
    word = f"{number(len(events))} {noun(group.kind, len(events))}" if group.is_complete else noun(group.kind, 2)
    if len(events) <= _TIMED_EVENTS:
        return Remark("temporal", f"{word} come at {joined(times)}", 8.0, [event_claim(e) for e in events] + counting)
    text = f"the first of {word if group.is_complete else f'the {word}'} comes at {times[0]} and the last at {times[-1]}"
    return Remark("temporal", text, 8.0, [event_claim(events[0]), event_claim(events[-1]), *counting])


def pace(group: Group) -> Remark | None:
    """The rate of a regular series of at least four hits."""
    onsets = np.array([event.start_s for event in group.events])
    gaps = np.diff(onsets)
    if len(onsets) < 4 or not group.is_complete or gaps.std() > 0.12 * gaps.mean():
        return None
    per_second = rounded("rate", float(1 / gaps.mean()))
    claim = stated(
        "attribute", "heard", group.kind, onsets[0], onsets[-1] + gaps.mean(), attribute="rate", relation="equals",
        value=per_second, unit=UNITS["rate"],
    )  # fmt: skip
    return Remark("temporal", f"they follow each other evenly, {per_second:.1f} per second", 5.0, [claim])


def order(first: Group, then: Group, duration_s: float) -> Remark | None:
    """Which of two kinds begins first, or that two sustained ones sound together."""
    early, late = first.events[0], then.events[0]
    shared_s = min(early.end_s, late.end_s) - late.start_s
    if first.is_sustained and then.is_sustained and shared_s >= 0.5:
        claim = stated("order", "heard", first.kind, 0.0, duration_s, object=then.kind, relation="overlaps")
        return Remark("temporal", f"the {noun(first.kind)} and the {noun(then.kind)} sound together", 6.0, [claim])
    if late.start_s - early.start_s < 0.3:
        return None
    claim = stated("order", "heard", first.kind, 0.0, duration_s, object=then.kind, relation="before")
    text = f"{_begins(first)} before {'the first ' + noun(then.kind) if len(then.events) > 1 else 'the ' + noun(then.kind)}"
    return Remark("temporal", text, 6.0, [claim])


def _begins(group: Group) -> str:
    return f"the {noun(group.kind, 2)} begin" if len(group.events) > 1 else f"the {noun(group.kind)} begins"


def _about(topic: str, aspect: Aspect, weight: float, *said: tuple[str, Stated]) -> Remark:
    """A remark that says one or more things of one topic, a claim each."""
    predicates = [predicate for predicate, _ in said]
    text = f"{topic} {joined(predicates)}"
    return Remark(aspect, text, weight, [claim for _, claim in said], topic=topic, predicates=predicates)


def pitch(group: Group) -> Remark | None:
    """Pitch of the strongest event, or how it glides."""
    event = group.strongest
    if event.pitch_hz is None or (event.harmonicity or 0.0) < 0.7 or group.kind not in ("tone", "sweep", "ring"):
        return None
    if group.kind != "sweep":
        value = rounded("pitch", event.pitch_hz)
        said = f"has a pitch of about {amount('pitch', value)}"
        return _about(the(group, event), "aesthetic", 7.0, (said, attribute_claim(event, "pitch", "equals", value)))
    if not event.pitch_start_hz or not event.pitch_end_hz:
        return None
    octaves = float(np.log2(event.pitch_end_hz / event.pitch_start_hz))
    if abs(octaves) < 0.4:
        return None
    ends = [amount("pitch", hz) for hz in (event.pitch_start_hz, event.pitch_end_hz)]
    said = f"{'rises' if octaves > 0 else 'falls'} from about {ends[0]} to about {ends[1]}"
    claim = attribute_claim(event, "pitch", "rises" if octaves > 0 else "falls")
    return _about(the(group, event), "aesthetic", 7.0, (said, claim))


def loudness(group: Group) -> Remark | None:
    """Loudness of the strongest event, and its trend where it lasts."""
    event = group.strongest
    if event.loudness_lufs is None:
        return None
    value = rounded("loudness", event.loudness_lufs)
    said = [(f"reaches {value:.0f} LUFS", attribute_claim(event, "loudness", "equals", value))]
    lasts_s = event.end_s - event.start_s
    if group.is_sustained and lasts_s >= 1.5 and event.loudness_slope_db_per_s is not None:
        change_db = event.loudness_slope_db_per_s * lasts_s
        if change_db >= 8.0:
            said.append(("grows louder", attribute_claim(event, "loudness", "rises")))
        elif change_db <= -8.0:
            said.append(("fades", attribute_claim(event, "loudness", "falls")))
        elif abs(change_db) <= 1.0:
            said.append(("stays equally loud", attribute_claim(event, "loudness", "steady")))
    return _about(the(group, event), "aesthetic", 6.0, *said)


def brightness(group: Group) -> Remark | None:
    """Spectral centre of what has no pitch."""
    event = group.strongest
    if event.centroid_hz is None or group.kind not in ("impact", "noise", "roll"):
        return None
    value = rounded("brightness", event.centroid_hz)
    word = "bright" if value >= 3000 else "dull" if value <= 800 else "neither bright nor dull"
    said = f"is {word} (spectral centre near {amount('brightness', value)})"
    return _about(the(group, event), "aesthetic", 3.0, (said, attribute_claim(event, "brightness", "equals", value)))


def place(group: Group) -> Remark | None:
    """Where the strongest event is between left and right, or where it moves."""
    event = group.strongest
    if event.pan is None:
        return None
    travel = (event.pan_slope_per_s or 0.0) * (event.end_s - event.start_s)
    found: tuple[str, Relation, float] | None = None
    if group.is_sustained and abs(travel) >= 0.5:
        found = ("moves to the right", "rises", 7.0) if travel > 0 else ("moves to the left", "falls", 7.0)
    elif abs(event.pan) >= 0.3:
        found = ("is on the left", "left", 6.0) if event.pan < 0 else ("is on the right", "right", 6.0)
    elif abs(event.pan) <= 0.08:
        found = ("is in the centre", "centre", 4.0)
    if found is None:
        return None
    said, relation, weight = found
    return _about(the(group, event), "spatial", weight, (said, attribute_claim(event, "pan", relation)))


def made_by(group: Group, made: Maker, duration_s: float) -> Remark:
    """That a visible track makes the sound; a step of its own."""
    claim = stated("source", "inferred", group.kind, 0.0, duration_s, object=made.track.track_id)
    count = len(group.events)
    text = f"the {made.track.phrase} makes the {noun(group.kind, count)}: {made.how}"
    return Remark("spatial", text, 9.0, [claim], stands_alone=True)


def clauses(said: Sequence[Remark]) -> str:
    """Remarks as one sentence: clauses on the same topic are drawn together, the others set apart by semicolons."""
    told: dict[str, list[str]] = {}
    for index, remark in enumerate(said):
        told.setdefault(remark.topic or f"#{index}", []).extend(remark.predicates or [remark.text])
    return "; ".join(texts[0] if topic.startswith("#") else f"{topic} {joined(texts)}" for topic, texts in told.items())


def sight(tracks: Sequence[Track]) -> Remark:
    """What moves in the picture. No instrument of sound can decide it, so it is an inference from what is seen."""
    counts = Counter(track.phrase for track in tracks)
    phrases = [with_article(phrase) if count == 1 else f"{number(count)} {phrase}s" for phrase, count in counts.items()]
    claims = [
        stated("inference", "seen", None, track.start_s, track.end_s).model_copy(
            update={"text": f"{with_article(track.phrase).capitalize()} is seen moving."}
        )
        for track in tracks
    ]
    return Remark("semantic", joined(phrases), 5.0, claims)


def avoidance(kinds: Sequence[SoundKind], duration_s: float) -> Remark:
    """What must not be heard: kinds that can be told to be absent by measurement."""
    claims = [stated("absence", "heard", kind, 0.0, duration_s) for kind in kinds]
    return Remark("semantic", f"avoid {joined([noun(kind, 2) for kind in kinds], 'or')}", 9.0, claims, is_avoidance=True)
