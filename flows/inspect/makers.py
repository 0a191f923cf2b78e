"""Who makes which sound: a group per object with the events it makes, and one for what no visible object makes."""

from flows.inspect.facts import ClipFacts
from flows.inspect.lanes import Group, Mark
from flows.inspect.palette import FAINT, SOUNDS
from schemas.objects import Attribution


def object_groups(facts: ClipFacts) -> list[Group]:
    """Objects in order of appearance, silent ones with their whole time in sight as an open bar."""
    groups = []
    for one in facts.objects:
        made = [attribution for attribution in facts.attributions if attribution.object_id == one.object_id]
        marks = [_mark(facts, attribution) for attribution in made]
        if not marks:
            start_s, end_s = min(span.start_s for span in one.visible), max(span.end_s for span in one.visible)
            marks = [Mark(start_s, end_s, f"{one.phrase}: {one.state} {one.state_score:.2f}", FAINT, is_open=True)]
        groups.append(Group(one.object_id, marks))
    for maker, name in (("off_screen", "off screen"), ("unclear", "unclear")):
        marks = [_mark(facts, attribution) for attribution in facts.attributions if attribution.maker == maker]
        if marks:
            groups.append(Group(name, marks))
    return groups


def _mark(facts: ClipFacts, attribution: Attribution) -> Mark:
    event = next(event for event in facts.heard if event.event_id == attribution.event_id)
    label = f"{event.event_id} {event.kind} {attribution.score:.2f}"
    return Mark(event.start_s, event.end_s, label, SOUNDS[event.kind])
