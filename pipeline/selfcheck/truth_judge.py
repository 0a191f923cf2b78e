"""Whether a claim is true of a rendered scene, where the truth says so clearly: to judge what a build has written itself.

Planted claims are made from the truth; these are not, so between true and false there is a margin in which nothing is said, and
claims about sounds that cannot be heard well are left alone.
"""

from collections.abc import Sequence
from itertools import pairwise

from annotators.likeness import SUSTAINED
from pipeline.scenes import SceneTruth, TruthEvent
from schemas.reasoning import Stated
from schemas.vocabulary import ANY_SOUND, SOUND_KINDS

_ONSET_S, _SUSTAINED_ONSET_S = 0.3, 0.7
_FAR_S = 1.0  # an event claim is false where nothing of its kind begins this near
_ORDER_S = 0.1
_LOUDNESS_LU = (4.0, 6.0)  # so far off is true, from here on is false
_PITCH_FRAC = (0.08, 0.2)
_SIDE_PAN = 0.1


def is_true(claim: Stated, scene: SceneTruth) -> bool | None:
    """None where the truth does not decide it: inferences, sources, free words, and what lies within a margin."""
    if claim.subject not in (*SOUND_KINDS, ANY_SOUND):
        return None
    match claim.type:
        case "event":
            return _event(claim, _of(claim.subject, scene))
        case "count":
            events = _of(claim.subject, scene)
            is_whole = (claim.start_s or 0.0) <= 0.1 and (claim.end_s is None or claim.end_s >= scene.duration_s - 0.2)
            return len(events) == claim.value if is_whole and all(event.is_audible for event in events) else None
        case "order" if claim.relation == "before":
            firsts = [_of(kind, scene) for kind in (claim.subject, claim.object)]
            if not all(events and events[0].is_audible for events in firsts):
                return None
            gap_s = firsts[1][0].onset_s - firsts[0][0].onset_s
            return gap_s > 0 if abs(gap_s) >= _ORDER_S else None
        case "absence":
            return not any(event.is_audible for event in _within(claim, scene))
        case "attribute":
            return _attribute(claim, _within(claim, scene))
        case _:
            return None


def _of(kind: str | None, scene: SceneTruth) -> list[TruthEvent]:
    events = [event for thing in scene.things if kind in (thing.kind, ANY_SOUND) for event in thing.events]
    return sorted(events, key=lambda event: event.onset_s)


def _within(claim: Stated, scene: SceneTruth) -> list[TruthEvent]:
    start_s, end_s = claim.start_s or 0.0, scene.duration_s if claim.end_s is None else claim.end_s
    return [event for event in _of(claim.subject, scene) if event.onset_s < end_s + 0.1 and event.end_s > start_s - 0.1]


def _event(claim: Stated, events: Sequence[TruthEvent]) -> bool | None:
    near_s = _SUSTAINED_ONSET_S if claim.subject in SUSTAINED else _ONSET_S
    off_s = min((abs(onset_s - (claim.start_s or 0.0)) for event in events for onset_s in event.onsets_s), default=float("inf"))
    if off_s <= near_s:
        return True
    return False if off_s >= _FAR_S else None


def _attribute(claim: Stated, events: Sequence[TruthEvent]) -> bool | None:
    """By the loudest event of the kind in the span, where that one stands alone."""
    if not events or any(later.onset_s < earlier.end_s for earlier, later in pairwise(events)):
        return None
    event = max(events, key=lambda event: event.loudness_lufs)
    if claim.attribute == "pan" and claim.relation in ("left", "right"):
        ends = [event.pan, event.pan_end]
        if min(map(abs, ends)) < _SIDE_PAN or ends[0] * ends[1] < 0:
            return None
        return (event.pan < 0) == (claim.relation == "left")
    if claim.relation != "equals" or claim.value is None:
        return None
    if claim.attribute == "loudness":
        return _near(abs(claim.value - event.loudness_lufs), _LOUDNESS_LU)
    if claim.attribute == "pitch" and event.pitch_hz:
        return _near(abs(claim.value / event.pitch_hz - 1), _PITCH_FRAC)
    return None


def _near(off: float, bounds: tuple[float, float]) -> bool | None:
    """True up to the first bound, false from the second on."""
    return None if bounds[0] < off < bounds[1] else off <= bounds[0]
