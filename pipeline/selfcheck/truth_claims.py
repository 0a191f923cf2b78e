"""True and false claims made from the truth of a rendered scene, to measure verifiers against.

Every claim follows from what is known, and only what can be heard is spoken of: a claim about a sound that is masked, or so
close to the truth of another claim that words could not tell them apart, is left out. True and false claims come in pairs
of the same type wherever both can be made, and are worded alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from annotators.likeness import ALIKE, SUSTAINED
from annotators.wording import worded
from pipeline.scenes import SceneTruth, ThingTruth, TruthEvent
from schemas.reasoning import Stated
from schemas.vocabulary import ANY_SOUND, SOUND_KINDS, UNITS, Attribute, Basis, ClaimType, Relation, SoundKind

CLEARANCE_S = 1.0  # a false event is at least this far from anything like it
CLEAR_SNR_DB = 6.0  # a sound's own qualities are claimed from this on: below it they are mixed with others'
_SIDE_PAN = 0.3


@dataclass(frozen=True)
class PlantedClaim:
    """A claim whose truth is known. `why` says what makes it true or false, for reports."""

    claim: Stated
    is_true: bool
    why: str


@dataclass(frozen=True)
class _Known:
    """The events of one kind in a scene, in order of onset."""

    kind: SoundKind
    events: Sequence[TruthEvent]

    @property
    def is_all_audible(self) -> bool:
        return all(event.is_audible for event in self.events)

    @property
    def audible(self) -> list[TruthEvent]:
        return [event for event in self.events if event.is_audible]


def truth_claims(scene: SceneTruth, track_ids: Mapping[str, str]) -> list[PlantedClaim]:
    """All planted claims of a scene, in a fixed order.

    Args:
        track_ids: the track that follows each thing, by object_id; things that no track follows get no source claims.
    """
    known = _known(scene)
    planted = [
        *_events(scene, known),
        *_counts(scene, known),
        *_orders(scene, known),
        *_attributes(known),
        *_sources(scene, known, track_ids),
        *_absences(scene, known),
    ]
    return planted


def _known(scene: SceneTruth) -> list[_Known]:
    found: list[_Known] = []
    for kind in SOUND_KINDS:
        events = [event for thing in scene.things if thing.kind == kind for event in thing.events]
        if events:
            found.append(_Known(kind, sorted(events, key=lambda event: event.onset_s)))
    return found


def _stated(type: ClaimType, subject: str, start_s: float, end_s: float, basis: Basis = "heard", **fields: object) -> Stated:
    span = {"start_s": round(start_s, 1), "end_s": round(end_s, 1)}
    given = {"step_index": 0, "type": type, "basis": basis, "text": "", "subject": subject, **span, **fields}
    return worded(Stated.model_validate(given))


def _events(scene: SceneTruth, known: Sequence[_Known]) -> Iterator[PlantedClaim]:
    """Up to three audible events of each kind; each moved to a place without the like; kinds that never sound."""
    for of_kind in known:
        for event in _spread(of_kind.audible, 3):
            end_s = max(event.end_s, event.onset_s + 0.1)
            yield PlantedClaim(_stated("event", of_kind.kind, event.onset_s, end_s), True, "sounds there")
            moved_s = _free_start(scene, known, of_kind.kind, end_s - event.onset_s, event.onset_s)
            if moved_s is not None:
                moved = _stated("event", of_kind.kind, moved_s, moved_s + end_s - event.onset_s)
                yield PlantedClaim(moved, False, f"moved from {event.onset_s:.1f} s")
    for kind in _absent(scene, known):
        start_s = scene.duration_s / 3
        yield PlantedClaim(_stated("event", kind, start_s, start_s + 0.5), False, "never sounds")


def _spread(events: Sequence[TruthEvent], most: int) -> list[TruthEvent]:
    """First, last and evenly between."""
    if len(events) <= most:
        return list(events)
    return [events[round(i * (len(events) - 1) / (most - 1))] for i in range(most)]


def _free_start(scene: SceneTruth, known: Sequence[_Known], kind: SoundKind, length_s: float, from_s: float) -> float | None:
    """The start, on a 0.1 s grid, that is farthest from all events like `kind` (at least the clearance); None without one."""
    like = {kind, *ALIKE[kind]}
    spans = [(event.start_s, event.end_s) for of_kind in known if of_kind.kind in like for event in of_kind.events]

    def clearance(start_s: float) -> float:
        return min(max(low - (start_s + length_s), start_s - high) for low, high in spans)

    steps = range(int((scene.duration_s - length_s) * 10) + 1)
    free = [step / 10 for step in steps if clearance(step / 10) >= CLEARANCE_S and abs(step / 10 - from_s) >= CLEARANCE_S]
    return max(free, key=clearance, default=None)


def _counts(scene: SceneTruth, known: Sequence[_Known]) -> Iterator[PlantedClaim]:
    """The number of a kind over the clip, and one and two more and fewer, where every one of them can be heard."""
    for of_kind in known:
        if not of_kind.is_all_audible:
            continue
        count = len(of_kind.events)
        for off in (0, -2, -1, 1, 2):
            if count + off >= 0:
                claim = _stated("count", of_kind.kind, 0.0, scene.duration_s, value=float(count + off))
                yield PlantedClaim(claim, off == 0, f"sounds {count} times")


def _orders(scene: SceneTruth, known: Sequence[_Known]) -> Iterator[PlantedClaim]:
    """Which of two kinds begins first, where both first events can be heard and are 0.3 s apart."""
    for one, other in combinations(known, 2):
        first, then = sorted((one, other), key=lambda of_kind: of_kind.events[0].onset_s)
        early, late = first.events[0], then.events[0]
        if not (early.is_audible and late.is_audible) or late.onset_s - early.onset_s < 0.3:
            continue
        why = f"{first.kind} begins at {early.onset_s:.1f} s, {then.kind} at {late.onset_s:.1f} s"
        for is_true, subject, object_ in ((True, first.kind, then.kind), (False, then.kind, first.kind)):
            claim = _stated("order", subject, 0.0, scene.duration_s, object=object_, relation="before")
            yield PlantedClaim(claim, is_true, why)


def _attributes(known: Sequence[_Known]) -> Iterator[PlantedClaim]:
    """Side, loudness, pitch and glide of the clearest event of each kind."""
    for of_kind in known:
        event = max(of_kind.events, key=lambda event: event.snr_db)
        if not event.is_audible or event.snr_db < CLEAR_SNR_DB:
            continue
        for attribute, relation, value, is_true, why in _qualities(of_kind.kind, event):
            unit = None if value is None else UNITS[attribute]
            end_s = max(event.end_s, event.onset_s + 0.1)
            claim = _stated(
                "attribute", of_kind.kind, event.onset_s, end_s, attribute=attribute, relation=relation, value=value, unit=unit
            )
            yield PlantedClaim(claim, is_true, why)


def _qualities(kind: SoundKind, event: TruthEvent) -> Iterator[tuple[Attribute, Relation, float | None, bool, str]]:
    """(attribute, relation, value, is true, why) of one event."""
    if min(abs(event.pan), abs(event.pan_end)) >= _SIDE_PAN and event.pan * event.pan_end > 0:
        why = f"pan is {event.pan:+.2f} to {event.pan_end:+.2f}"
        yield "pan", "left", None, event.pan < 0, why
        yield "pan", "right", None, event.pan > 0, why
    if abs(event.pan_end - event.pan) >= 0.4 and kind in SUSTAINED:
        why = f"pan goes from {event.pan:+.2f} to {event.pan_end:+.2f}"
        yield "pan", "rises", None, event.pan_end > event.pan, why
        yield "pan", "falls", None, event.pan_end < event.pan, why
    loudness = event.loudness_lufs
    for off in (0.0, 7.0, -7.0):
        yield "loudness", "equals", float(round(loudness + off)), off == 0, f"loudness is {loudness:.1f} LUFS"
    yield "loudness", "at_least", float(round(loudness - 4)), True, f"loudness is {loudness:.1f} LUFS"
    yield "loudness", "at_least", float(round(loudness + 6)), False, f"loudness is {loudness:.1f} LUFS"
    if event.pitch_hz and event.pitch_min_hz and event.pitch_max_hz and event.pitch_max_hz <= 1.04 * event.pitch_min_hz:
        for factor in (1.0, 1.26, 0.7):
            yield "pitch", "equals", float(round(event.pitch_hz * factor)), factor == 1, f"pitch is {event.pitch_hz:.0f} Hz"
    yield from _glide(event)


def _glide(event: TruthEvent) -> Iterator[tuple[Attribute, Relation, float | None, bool, str]]:
    """Rise or fall of a pitch that goes one way: it starts and ends at its extremes."""
    start, end, low, high = event.pitch_start_hz, event.pitch_end_hz, event.pitch_min_hz, event.pitch_max_hz
    if not (start and end and low and high) or high < 1.2 * low:
        return
    if min(start, end) > 1.03 * low or max(start, end) < 0.97 * high:
        return
    why = f"pitch goes from {start:.0f} to {end:.0f} Hz"
    yield "pitch", "rises", None, end > start, why
    yield "pitch", "falls", None, end < start, why


def _sources(scene: SceneTruth, known: Sequence[_Known], track_ids: Mapping[str, str]) -> Iterator[PlantedClaim]:
    """Sounding things on screen, each alone in its kind, and silent movers with the sounds of others."""
    for thing in scene.things:
        track_id = track_ids.get(thing.object_id)
        if track_id is None:
            continue
        if thing.kind and _is_alone(thing, scene) and any(event.is_audible and event.is_seen for event in thing.events):
            yield PlantedClaim(_source(scene, thing.kind, track_id), True, f"{thing.looks} makes it")
        if thing.is_silent_mover:
            for of_kind in known:
                if of_kind.audible:
                    yield PlantedClaim(_source(scene, of_kind.kind, track_id), False, f"the {thing.looks} is silent")


def _source(scene: SceneTruth, kind: SoundKind, track_id: str) -> Stated:
    return _stated("source", kind, 0.0, scene.duration_s, "inferred", object=track_id)


def _is_alone(thing: ThingTruth, scene: SceneTruth) -> bool:
    return all(other is thing or other.kind != thing.kind for other in scene.things)


def _absences(scene: SceneTruth, known: Sequence[_Known]) -> Iterator[PlantedClaim]:
    """Kinds that never sound are absent, kinds that can be heard are not, and neither is sound itself."""
    for kind in _absent(scene, known):
        yield PlantedClaim(_stated("absence", kind, 0.0, scene.duration_s), True, "never sounds")
    audible = [of_kind for of_kind in known if any(event.snr_db >= CLEAR_SNR_DB for event in of_kind.audible)]
    for of_kind in audible:
        yield PlantedClaim(_stated("absence", of_kind.kind, 0.0, scene.duration_s), False, "sounds")
    if audible:
        yield PlantedClaim(_stated("absence", ANY_SOUND, 0.0, scene.duration_s), False, "something sounds")


def _absent(scene: SceneTruth, known: Sequence[_Known]) -> list[SoundKind]:
    """Kinds that nothing in the scene makes. The ambience is noise, so noise is never among them."""
    present = {of_kind.kind for of_kind in known}
    return [kind for kind in SOUND_KINDS if kind not in present and kind != "noise"]
