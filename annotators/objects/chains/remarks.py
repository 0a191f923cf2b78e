"""Remarks of a chain about one thing: its sight, that it makes its sounds, and what must not be taken along.

What is true of the sounds whoever makes them is said by the remarks of the base chain (`annotators.template.remarks`). No
clause but `made_by` and `avoided_maker` says who makes a sound: each of them stands alone, so that it can be dropped alone.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

from annotators.objects.chains.naming import name
from annotators.objects.chains.roles import ObjectCase
from annotators.objects.chains.tracks import track_in_sight
from annotators.template.instruction import when
from annotators.template.remarks import Remark, event_claim, order, presence, stated
from annotators.template.salience import Group
from annotators.wording import joined, noun, seconds, with_article
from schemas.evidence import HeardEvent
from schemas.objects import FoundObject
from schemas.reasoning import Stated
from schemas.vocabulary import SoundKind


def opening(case: ObjectCase, spoken: Sequence[Group]) -> Remark:
    """The thing as it is seen, and what is heard."""
    thing = case.thing
    start_s, end_s = thing.visible[0].start_s, thing.visible[-1].end_s
    sight = stated("inference", "seen", None, start_s, end_s).model_copy(
        update={"text": f"{with_article(thing.phrase).capitalize()} is seen."}
    )
    heard = [presence(group) for group in spoken]
    verb = "is" if len(spoken) == 1 and len(spoken[0].events) == 1 else "are"
    text = (
        f"the {name(thing, case.objects)} is seen from {seconds(start_s)} to {seconds(end_s)}, "
        f"and {joined([remark.text for remark in heard])} {verb} heard"
    )
    return Remark("semantic", text, 100.0, [sight, *(claim for remark in heard for claim in remark.claims)])


def orders(case: ObjectCase, spoken: Sequence[Group], others: Sequence[Group]) -> list[Remark]:
    """In which order the thing's kinds of sound begin, and the strongest other kind with them.

    A claim of order is about the first of each kind in the whole clip, so only kinds whose first is in its group are compared.
    """
    first = {kind: min(event.start_s for event in events) for kind, events in _by_kind(case.clip.heard).items()}
    own_kinds = {group.kind for group in spoken}
    other = [group for group in others if group.kind not in own_kinds][:1]
    compared = sorted(
        (group for group in [*spoken, *other] if group.events[0].start_s == first[group.kind]),
        key=lambda group: group.events[0].start_s,
    )
    found = [order(early, late, case.clip.duration_s) for early, late in pairwise(compared)]
    return [remark for remark in found if remark is not None]


def made_by(case: ObjectCase, group: Group) -> Remark | None:
    """That the thing makes the kind of sound; None where no claim can say it."""
    claim = source_claim(case, case.thing, group.kind)
    if claim is None:
        return None
    many = len(group.events) > 1
    why = f"nothing else in sight goes with {'them' if many else 'it'} so well"
    text = f"the {name(case.thing, case.objects)} makes the {noun(group.kind, len(group.events))}: {why}"
    return Remark("spatial", text, 9.0, [claim], stands_alone=True)


def other_sound(group: Group, own_kinds: Sequence[SoundKind]) -> str:
    """ "the other hits" where the thing makes hits as well, else "the hits"."""
    return f"the {'other ' if group.kind in own_kinds else ''}{noun(group.kind, len(group.events))}"


def avoided(others: Sequence[Group], own_kinds: Sequence[SoundKind]) -> Remark:
    """The other sounds, by kind and time, whoever makes them. At least one group."""
    told = [f"{other_sound(group, own_kinds)} {when(group)}" for group in others]
    claims = [event_claim(group.strongest) for group in others]
    return Remark("semantic", f"avoid {joined(told)}", 9.0, claims, is_avoidance=True)


def avoided_maker(case: ObjectCase, other: FoundObject, kind: SoundKind) -> Remark | None:
    """Another thing with what it makes; None where no claim can say it."""
    claim = source_claim(case, other, kind)
    if claim is None:
        return None
    count = sum(event.kind == kind for event in case.made_by(other.object_id))
    text = f"avoid the {noun(kind, count)} that the {name(other, case.objects)} makes"
    return Remark("spatial", text, 4.0, [claim], is_avoidance=True)


def source_claim(case: ObjectCase, thing: FoundObject, kind: SoundKind) -> Stated | None:
    """That a track of the thing makes the kind, over the longest stretch in which nothing else is known to; None without one.

    Doubtful events and those of unclear makers end a stretch: the claim is about every such sound in its span.
    """
    of_kind = [(event, maker) for event, maker in zip(case.clip.heard, case.makers, strict=True) if event.kind == kind]
    runs = [
        [event for event, _ in run]
        for is_own, run in groupby(of_kind, key=lambda pair: pair[1].object_id == thing.object_id)
        if is_own
    ]
    foreign = [event for event, maker in of_kind if maker.object_id != thing.object_id]
    alone = [run for run in runs if not any(_overlaps(event, run) for event in foreign)]
    if not alone:
        return None
    longest = max(alone, key=lambda run: (len(run), run[-1].end_s - run[0].start_s))
    start_s, end_s = (longest[0].start_s, longest[-1].end_s) if foreign else (0.0, case.clip.duration_s)
    track = track_in_sight(thing, case.clip.tracks, longest[0].start_s, longest[-1].end_s)
    if track is None:
        return None
    return stated("source", "inferred", kind, start_s, max(end_s, start_s + 0.1), object=track.track_id)


def _overlaps(event: HeardEvent, run: Sequence[HeardEvent]) -> bool:
    return event.start_s < run[-1].end_s and event.end_s > run[0].start_s


def _by_kind(events: Sequence[HeardEvent]) -> dict[SoundKind, list[HeardEvent]]:
    found: dict[SoundKind, list[HeardEvent]] = {}
    for event in events:
        found.setdefault(event.kind, []).append(event)
    return found
