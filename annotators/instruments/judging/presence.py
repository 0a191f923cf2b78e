"""Claims about what sounds: `event`, `count` and `absence`."""

from itertools import pairwise

import numpy as np

from annotators.findings import as_evidence, number, refuted, supported, unverifiable
from annotators.instruments.judging.ear import Ear, kind_of
from annotators.likeness import SUSTAINED
from schemas.evidence import HeardEvent
from schemas.reasoning import Evidence, Judged, Stated
from schemas.vocabulary import ANY_SOUND


def judge_event(claim: Stated, ear: Ear) -> Judged:
    """Whether the subject's onset is at the start of the span."""
    if claim.start_s is None or claim.subject is None:
        return unverifiable("an event claim needs a subject and a start")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    tolerance_s = ear.tolerance_s(claim.subject)
    if ear.is_silent(start_s - ear.params.onset_s, end_s + ear.params.onset_s):
        return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", _level(ear, start_s, end_s), 0.95)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        return unverifiable(f"something sounds there, but a measurement cannot tell whether it is {claim.subject!r}")
    return _judge_onset(claim.subject, start_s, end_s, tolerance_s, ear)


def _judge_onset(subject: str, start_s: float, end_s: float, tolerance_s: float, ear: Ear) -> Judged:
    is_sustained = kind_of(subject) in SUSTAINED
    allowed_s = max(tolerance_s, 0.15 * (end_s - start_s)) if is_sustained else tolerance_s  # long sounds begin slowly
    sure = ear.sure(subject)
    at_start = [event for event in sure if abs(_nearest_onset(event, start_s) - start_s) <= allowed_s]
    if at_start:
        best = max(at_start, key=lambda event: event.kind_score)
        off_s = abs(_nearest_onset(best, start_s) - start_s)
        reason = f"{subject} begins at {_nearest_onset(best, start_s):.2f} s, {off_s * 1000:.0f} ms from the claim"
        return supported(reason, as_evidence([best]), best.kind_score)

    def around(events: list[HeardEvent]) -> list[HeardEvent]:
        """Those that could be the claimed one, misplaced: sustained ones that share its span, others that begin there."""
        if is_sustained:
            return ear.within(events, start_s, end_s)
        return ear.beginning_within(events, start_s - 2 * tolerance_s, max(end_s, start_s + 2 * tolerance_s))

    if nearby := around(sure):
        onset_s = nearby[0].start_s
        return unverifiable(f"{subject} sounds there, but its onset is at {onset_s:.2f} s", as_evidence(nearby))
    # of a kind that is only possible, what surely begins elsewhere is not the claimed one
    near_s = 2 * allowed_s if is_sustained else np.inf
    possible = [event for event in ear.possible(subject) if abs(_nearest_onset(event, start_s) - start_s) <= near_s]
    if maybe := around(possible):
        return unverifiable(f"what sounds there may be {subject}, not clearly", as_evidence(maybe))
    if subject == "impact" and ear.analysis.onsets(start_s - tolerance_s / 2, start_s + tolerance_s / 2):
        return unverifiable("an onset is there, but it is not clearly a hit of its own")
    others = ear.within(ear.events, start_s, end_s, ear.params.onset_s)
    if not others:
        return refuted(f"no {subject} sounds near {start_s:.1f} s", _level(ear, start_s, end_s), 0.85)
    names = ", ".join(sorted({event.kind for event in others}))
    return refuted(f"no {subject} sounds near {start_s:.1f} s, only {names}", as_evidence(others), 0.7)


def judge_count(claim: Stated, ear: Ear) -> Judged:
    """Whether the subject sounds exactly so many times; doubtful events make a range of possible counts."""
    if claim.value is None or claim.subject is None:
        return unverifiable("a count claim needs a subject and a value")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        if claim.value > 0 and ear.is_silent(start_s, end_s):
            return refuted(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", _level(ear, start_s, end_s), 0.95)
        return unverifiable(f"a measurement cannot tell which sounds are {claim.subject!r}")
    least, most, counted = possible_counts(claim.subject, start_s, end_s, ear)
    evidence = [number("least_count", least, "1", start_s, end_s), number("most_count", most, "1", start_s, end_s)]
    evidence += as_evidence(counted)
    heard = f"{claim.subject} is heard {least} times" if least == most else f"{claim.subject} is heard {least} to {most} times"
    if not least <= claim.value <= most:
        off = min(abs(claim.value - least), abs(claim.value - most))
        return refuted(f"{heard}, not {claim.value:g}", evidence, 0.5 + 0.2 * off)
    if least == most:
        weakest = min((event.kind_score for event in counted), default=0.8)
        return supported(heard, evidence, weakest)
    return unverifiable(f"{heard}: some are doubtful", evidence)


def possible_counts(subject: str, start_s: float, end_s: float, ear: Ear) -> tuple[int, int, list[HeardEvent]]:
    """The fewest and the most times a kind may sound within a span, and the sure events among them.

    Doubtful are: unclear events, those whose onset lies on the span's own border, and breaks so short in a sustained sound
    that its two halves may be one.
    """
    slack_s = ear.tolerance_s(subject) if kind_of(subject) in SUSTAINED else 0.05
    is_whole = start_s <= slack_s and end_s >= ear.duration_s - slack_s
    inner = (start_s, end_s) if is_whole else (start_s + slack_s, end_s - slack_s)
    outer = (start_s - slack_s, end_s + slack_s)
    sure = ear.beginning_within(ear.sure(subject), *outer)
    inside = ear.beginning_within(sure, *inner)
    maybe = ear.beginning_within(ear.possible(subject), *outer)
    joined = sum(
        kind_of(subject) in SUSTAINED and later.start_s - earlier.end_s < ear.params.least_break_s
        for earlier, later in pairwise(inside)
    )
    return max(len(inside) - joined, 0), len(sure) + len(maybe), sure


def judge_absence(claim: Stated, ear: Ear) -> Judged:
    """Whether the subject is not heard within the span."""
    if claim.subject is None:
        return unverifiable("an absence claim needs a subject")
    start_s, end_s = ear.span(claim.start_s, claim.end_s)
    if ear.is_silent(start_s, end_s):
        return supported(f"nothing sounds from {start_s:.1f} s to {end_s:.1f} s", _level(ear, start_s, end_s), 0.95)
    if kind_of(claim.subject) is None and claim.subject != ANY_SOUND:
        return unverifiable(f"something sounds there, and a measurement cannot tell that it is not {claim.subject!r}")
    edge_s = min(ear.params.onset_s, (end_s - start_s) / 4)
    present = ear.within(ear.sure(claim.subject), start_s + edge_s, end_s - edge_s)
    if present:
        best = max(present, key=lambda event: event.kind_score)
        reason = f"{best.kind} is heard from {best.start_s:.2f} s to {best.end_s:.2f} s"
        return refuted(reason, as_evidence(present), best.kind_score)
    # a clear one that only reaches the edge of the span is neither within it nor surely outside
    maybe = ear.within([*ear.sure(claim.subject), *ear.possible(claim.subject)], start_s, end_s)
    if maybe:
        return unverifiable(f"what sounds there may be {claim.subject}, not clearly within the span", as_evidence(maybe))
    others = ear.within(ear.events, start_s, end_s)
    if not others:
        return unverifiable("no event is heard, but it is not silent either", _level(ear, start_s, end_s))
    names = ", ".join(sorted({event.kind for event in others}))
    return supported(f"what is heard is {names} and nothing like {claim.subject}", as_evidence(others), 0.6)


def _nearest_onset(event: HeardEvent, time_s: float) -> float:
    return min(event.onsets_s or [event.start_s], key=lambda onset_s: abs(onset_s - time_s))


def _level(ear: Ear, start_s: float, end_s: float) -> list[Evidence]:
    over_db = ear.analysis.energy_over_floor_db(start_s, end_s)
    return [
        number("level", round(ear.analysis.level_dbfs(start_s, end_s), 1), "dbfs", start_s, end_s),
        number("level_over_background", round(over_db, 1), "db", start_s, end_s),
    ]
