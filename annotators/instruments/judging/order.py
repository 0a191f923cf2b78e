"""Claims about the order of two sounds."""

import numpy as np

from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
from schemas.evidence import HeardEvent
from schemas.reasoning import Judged, Stated
from schemas.vocabulary import ANY_SOUND


def judge_order(claim: Stated, ear: Ear) -> Judged:
    """Whether the first `subject` begins before the first `object`, or the two sound together."""
    if claim.subject is None or claim.object is None or claim.relation not in ("before", "overlaps"):
        return unverifiable("an order claim needs a subject, an object and the relation before or overlaps")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    for name in (claim.subject, claim.object):
        if kind_of(name) is None and name != ANY_SOUND:
            if ear.is_silent(start_s, end_s):
                return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", confidence=0.95)
            return unverifiable(f"a measurement cannot tell which sounds are {name!r}")
        if not ear.within(ear.sure(name), start_s, end_s):
            if ear.within(ear.possible(name), start_s, end_s):
                return unverifiable(f"{name} is not heard clearly")
            return refuted(f"no {name} is heard from {start_s:.1f} s to {end_s:.1f} s", confidence=0.6)
    subject, object_ = (ear.within(ear.sure(name), start_s, end_s) for name in (claim.subject, claim.object))
    if claim.relation == "overlaps":
        return _judge_overlap(subject, object_, ear)
    return _judge_before(claim.subject, claim.object, start_s, end_s, ear)


def _judge_before(subject: str, object_: str, start_s: float, end_s: float, ear: Ear) -> Judged:
    """Doubtful events that come first make the first onset a range; ranges that meet have no order."""
    first = {name: _first_onset(name, start_s, end_s, ear) for name in (subject, object_)}
    (subject_from, subject_to), (object_from, object_to) = first[subject], first[object_]
    margin_s = ear.params.order_margin_s
    evidence = [number(f"first_{name}", at_s, "s") for name, (_, at_s) in first.items()]
    reason = f"the first {subject} begins at {subject_to:.2f} s, the first {object_} at {object_to:.2f} s"
    confidence = min(1.0, abs(subject_to - object_to))
    if subject_to + margin_s <= object_from:
        return supported(reason, evidence, confidence)
    if object_to + margin_s <= subject_from:
        return refuted(reason, evidence, confidence)
    return unverifiable(f"{reason}: too close, or doubtful", evidence)


def _first_onset(name: str, start_s: float, end_s: float, ear: Ear) -> tuple[float, float]:
    """The earliest onset that a kind may have within the span, and that which it surely has."""
    sure_s = ear.within(ear.sure(name), start_s, end_s)[0].start_s
    maybe = [event.start_s for event in ear.within(ear.possible(name), start_s, end_s)]
    return min([sure_s, *maybe]), sure_s


def _judge_overlap(subject: list[HeardEvent], object_: list[HeardEvent], ear: Ear) -> Judged:
    shared = [(min(a.end_s, b.end_s) - max(a.start_s, b.start_s), a, b) for a in subject for b in object_ if a != b]
    if not shared:
        return unverifiable("the two are one and the same sound")
    longest_s, one, other = max(shared, key=lambda pair: pair[0])
    evidence = [*as_evidence([one, other]), number("shared", longest_s, "s")]
    if longest_s >= ear.params.least_overlap_s:
        return supported(f"they share {longest_s:.1f} s", evidence, float(np.clip(longest_s, 0.3, 1.0)))
    if longest_s <= -ear.params.sustained_onset_s:
        return refuted(f"the two are never closer than {-longest_s:.1f} s", evidence, 0.8)
    return unverifiable(f"the end of one and the beginning of the other are {abs(longest_s):.2f} s apart", evidence)
