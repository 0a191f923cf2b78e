"""Claims about how something sounds: a number, a side, or a trend over the span.

Everything is measured over the part of the subject's event that lies in the claimed span; the measures are in `measures`.
"""

from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
from annotators.instruments.judging.measures import change, values
from schemas.evidence import HeardEvent
from schemas.reasoning import Judged, Stated
from schemas.vocabulary import ANY_SOUND, UNITS, Attribute

_SIDES = ("left", "right", "centre")
_TRENDS = ("rises", "falls", "steady")
_BOUNDS = ("equals", "at_least", "at_most")


def judge_attribute(claim: Stated, ear: Ear) -> Judged:
    """Whether the subject has the claimed quality within the span."""
    if claim.attribute is None or claim.relation is None or claim.subject is None:
        return unverifiable("an attribute claim needs a subject, an attribute and a relation")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if ear.is_silent(start_s, end_s):
        return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", confidence=0.9)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        return unverifiable(f"a measurement cannot tell which sound is {claim.subject!r}")
    events = subject_events(claim.subject, start_s, end_s, ear)
    if not events:
        others = ear.within(ear.events, start_s, end_s)
        if ear.within(ear.possible(claim.subject), start_s, end_s, ear.params.sustained_onset_s):
            return unverifiable(f"what sounds there may be {claim.subject}, not clearly", as_evidence(others))
        return refuted(f"no {claim.subject} sounds there", as_evidence(others), 0.6)
    if claim.relation in _TRENDS:
        return _judge_trend(claim, claim.attribute, events, ear)
    if claim.relation in _SIDES and claim.attribute == "pan":
        return _judge_side(claim, events, ear)
    if claim.relation in _BOUNDS and claim.value is not None:
        return _judge_number(claim, claim.attribute, claim.value, events, ear)
    return unverifiable(f"{claim.attribute} with the relation {claim.relation} needs a value, or has no meaning")


def subject_events(subject: str, start_s: float, end_s: float, ear: Ear) -> list[HeardEvent]:
    """The subject's sure events in the span, the one that shares most of it first."""

    def shared(event: HeardEvent) -> float:
        return (min(event.end_s, end_s) - max(event.start_s, start_s)) / max(event.end_s, end_s, 0.1)

    found = ear.within(ear.sure(subject), start_s, end_s, ear.params.onset_s)
    return sorted(found, key=lambda event: (-shared(event), event.start_s))


def _judge_number(claim: Stated, attribute: Attribute, value: float, events: list[HeardEvent], ear: Ear) -> Judged:
    """All ways of measuring the quantity are asked: one that agrees is support, refutation needs all of them to disagree."""
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    measured = values(attribute, events, start_s, end_s, ear)
    if not measured:
        return unverifiable(f"the {attribute} of {claim.subject} cannot be measured there", as_evidence(events[:1]))
    tolerance = tolerance_of(attribute, value, ear)
    excess = {found: _excess(claim.relation or "equals", found, value) / tolerance for found in measured}
    best = min(excess, key=lambda found: excess[found])
    evidence = [number(attribute, found, UNITS[attribute], start_s, end_s) for found in measured]
    reason = f"{attribute} is {best:.4g} {UNITS[attribute]}, claimed {(claim.relation or '').replace('_', ' ')} {value:.4g}"
    if excess[best] <= 1:
        return supported(reason, evidence, 1 - 0.8 * excess[best])
    if attribute == "pitch" and any(_is_octave(found, value) for found in measured):
        return unverifiable(f"{reason}: an octave apart, which a measurement may mistake", evidence)
    if excess[best] > ear.params.refute_factor:
        return refuted(reason, evidence, min(1.0, 0.4 + 0.2 * (excess[best] - ear.params.refute_factor)))
    return unverifiable(f"{reason}: within the margin", evidence)


def _excess(relation: str, found: float, value: float) -> float:
    """By how much the measured value is on the wrong side of the claimed one."""
    if relation == "at_least":
        return max(0.0, value - found)
    return max(0.0, found - value) if relation == "at_most" else abs(found - value)


def tolerance_of(attribute: Attribute, value: float, ear: Ear) -> float:
    """The tolerance of an attribute around a claimed value, in the attribute's unit."""
    p = ear.params
    return {
        "loudness": p.loudness_lu,
        "pitch": p.pitch_frac * abs(value),
        "pan": p.pan,
        "rate": p.rate_frac * abs(value),
        "duration": max(p.duration_frac * abs(value), p.duration_s),
        "brightness": p.brightness_frac * abs(value),
    }[attribute] or 1e-9


def _is_octave(found: float, value: float) -> bool:
    return any(abs(found * factor / value - 1) <= 0.06 for factor in (0.25, 1 / 3, 0.5, 2.0, 3.0, 4.0))


def _judge_side(claim: Stated, events: list[HeardEvent], ear: Ear) -> Judged:
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    measured = values("pan", events, start_s, end_s, ear)
    if not measured:
        return unverifiable("the sound has no stereo position", as_evidence(events[:1]))
    side = ear.params.side_pan
    evidence = [number("pan", pan, "pan", start_s, end_s) for pan in measured]
    # towards the claimed side: positive where it holds, negative where it is contradicted
    sign = {"left": -1.0, "right": 1.0}.get(claim.relation or "", 0.0)
    towards = [sign * pan if sign else side - abs(pan) for pan in measured]
    reason = f"pan is {measured[0]:+.2f}, claimed {claim.relation}"
    if all(value >= (side if sign else side / 2) for value in towards):
        return supported(reason, evidence, min(1.0, 0.4 + min(towards)))
    if all(value <= (0.0 if sign else -side) for value in towards):
        return refuted(reason, evidence, min(1.0, 0.4 - max(towards)))
    return unverifiable(f"{reason}: within the margin", evidence)


def _judge_trend(claim: Stated, attribute: Attribute, events: list[HeardEvent], ear: Ear) -> Judged:
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    found = change(attribute, events, start_s, end_s, ear)
    if found is None:
        return unverifiable(f"no trend of {attribute} can be measured there", as_evidence(events[:1]))
    threshold = _trend_threshold(attribute, ear)
    evidence = [number(f"{attribute}_change", found.amount, found.unit, start_s, end_s)]
    reason = f"{attribute} changes by {found.amount:+.3g} {found.unit} over the span, claimed {claim.relation}"
    if claim.relation == "steady":
        if found.reach <= threshold / 2:
            return supported(reason, evidence, 0.7)
        is_contrary = abs(found.amount) >= 1.5 * threshold
        return refuted(reason, evidence, 0.6) if is_contrary else unverifiable(f"{reason}: within the margin", evidence)
    signed = found.amount if claim.relation == "rises" else -found.amount
    if signed >= threshold:
        return supported(reason, evidence, min(1.0, 0.4 * signed / threshold))
    if signed <= -threshold / 2 or (found.reach <= threshold / 2 and abs(signed) < threshold / 4):
        return refuted(reason, evidence, min(1.0, 0.5 + 0.2 * abs(signed) / threshold))
    return unverifiable(f"{reason}: within the margin", evidence)


def _trend_threshold(attribute: Attribute, ear: Ear) -> float:
    p = ear.params
    return {
        "loudness": p.loudness_trend_lu,
        "pitch": p.pitch_trend_octaves,
        "pan": p.pan_trend,
        "rate": p.rate_trend_frac,
        "duration": p.duration_frac,
        "brightness": p.brightness_trend_octaves,
    }[attribute]
