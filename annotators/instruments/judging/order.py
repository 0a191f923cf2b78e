"""Claims about the order of two sounds."""

import numpy as np

from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
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
        if not ear.within([*ear.sure(name), *ear.possible(name)], start_s, end_s):
            return refuted(f"no {name} is heard from {start_s:.1f} s to {end_s:.1f} s", confidence=0.6)
    if claim.relation == "overlaps":
        return _judge_overlap(claim.subject, claim.object, start_s, end_s, ear)
    return _judge_before(claim.subject, claim.object, start_s, end_s, ear)


def _judge_before(subject: str, object_: str, start_s: float, end_s: float, ear: Ear) -> Judged:
    """Doubtful events make the first onset a range; ranges that meet have no order.

    What is only doubtful may not sound at all: then it can still be too late, but never be early enough.
    """
    first = {name: _first_onset(name, start_s, end_s, ear) for name in (subject, object_)}
    (subject_from, subject_to), (object_from, object_to) = first[subject], first[object_]
    margin_s = ear.params.order_margin_s
    evidence = [number(f"first_{name}", at_s, "s") for name, (_, at_s) in first.items() if np.isfinite(at_s)]
    reason = "; ".join(f"the first {name} begins {_told(*range_s)}" for name, range_s in first.items())
    if np.isfinite(object_to) and subject_to + margin_s <= object_from:
        return supported(reason, evidence, min(1.0, object_to - subject_to))
    if object_to + margin_s <= subject_from:
        return refuted(reason, evidence, min(1.0, subject_from - object_to))
    return unverifiable(f"{reason}: too close, or doubtful", evidence)


def _first_onset(name: str, start_s: float, end_s: float, ear: Ear) -> tuple[float, float]:
    """The earliest onset that a kind may have within the span, and that which it surely has, infinite without a sure one."""
    sure = [event.start_s for event in ear.within(ear.sure(name), start_s, end_s)]
    maybe = [event.start_s for event in ear.within(ear.possible(name), start_s, end_s)]
    return min([*sure, *maybe]), min(sure, default=np.inf)


def _told(from_s: float, to_s: float) -> str:
    return f"at {to_s:.2f} s" if np.isfinite(to_s) else f"at {from_s:.2f} s at the earliest, not clearly"


def _judge_overlap(subject: str, object_: str, start_s: float, end_s: float, ear: Ear) -> Judged:
    subjects, objects = (ear.within(ear.sure(name), start_s, end_s) for name in (subject, object_))
    if not subjects or not objects:
        return unverifiable(f"{object_ if subjects else subject} is not heard clearly")
    shared = [(min(a.end_s, b.end_s) - max(a.start_s, b.start_s), a, b) for a in subjects for b in objects if a != b]
    if not shared:
        return unverifiable("the two are one and the same sound")
    longest_s, one, other = max(shared, key=lambda pair: pair[0])
    evidence = [*as_evidence([one, other]), number("shared", longest_s, "s")]
    if longest_s >= ear.params.least_overlap_s:
        return supported(f"they share {longest_s:.1f} s", evidence, float(np.clip(longest_s, 0.3, 1.0)))
    if longest_s <= -ear.params.sustained_onset_s:
        return refuted(f"the two are never closer than {-longest_s:.1f} s", evidence, 0.8)
    return unverifiable(f"the end of one and the beginning of the other are {abs(longest_s):.2f} s apart", evidence)
