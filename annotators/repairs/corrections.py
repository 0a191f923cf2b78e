"""What a refuted claim becomes: the same claim with the number that the witness measured, where there is exactly one.

A wrong count takes the measured count, a swapped order is turned round, an event that is not there moves to the one that is, a
wrong quality takes the measured one. What has no measured alternative (a sound on something silent, a sound that is nowhere)
has no correction: then the claim goes.
"""

from collections.abc import Sequence

from annotators.repairs.roles import JudgedClaim
from annotators.wording import rounded, worded
from schemas.evidence import HeardEvent
from schemas.reasoning import Evidence, Judged, Stated
from schemas.vocabulary import ANY_SOUND, UNITS, Attribute, Relation

SAME_EVENT_S = 0.2  # events of a kind whose onsets are closer are one
_SIDE_PAN, _CENTRE_PAN = 0.15, 0.06  # between the two it is neither aside nor in the centre
_CLEAR_CHANGES: dict[Attribute, float] = {  # from here on a change is told as a rise or a fall; below a quarter as none
    "loudness": 3.0, "pitch": 0.12, "pan": 0.2, "rate": 0.25, "brightness": 0.4,
}  # fmt: skip
_TRENDS: tuple[Relation, ...] = ("rises", "falls", "steady")
_SIDES: tuple[Relation, ...] = ("left", "right", "centre")


def corrected(
    refuted: JudgedClaim, standing: Sequence[Stated], heard: Sequence[HeardEvent], near_s: float, min_kind_score: float
) -> Stated | None:
    """The claim as it should have been, worded again; None where nothing measured says what, or `standing` says it already.

    Args:
        standing: the claims of the chain that nobody refutes.
        heard: all events heard in the clip.
        near_s: an event that is not there moves to the nearest of its kind within this reach, else to the only one there is.
        min_kind_score: from this on a heard event is clearly of its kind.
    """
    claim = refuted.claim
    found: Stated | None = None
    if claim.type == "event":
        clear = [event for event in heard if event.kind_score >= min_kind_score]
        found = _moved(claim, [event for event in clear if not _is_told(event, standing)], near_s)
    else:
        for _, judged in refuted.says("refuted"):
            found = found or _by_measurement(claim, judged)
    if found is None or any(_meaning(found) == _meaning(other) for other in standing):
        return None
    return worded(found)


def _meaning(claim: Stated) -> dict[str, object]:
    return claim.model_dump(exclude={"step_index", "text", "basis"})


def _is_told(event: HeardEvent, standing: Sequence[Stated]) -> bool:
    return any(
        claim.type == "event" and claim.subject == event.kind and abs((claim.start_s or 0.0) - event.start_s) <= SAME_EVENT_S
        for claim in standing
    )


def _moved(claim: Stated, clear: Sequence[HeardEvent], near_s: float) -> Stated | None:
    """The event claim at the measured event of its kind."""
    alike = [event for event in clear if claim.subject in (event.kind, ANY_SOUND)]
    nearest = min(alike, key=lambda event: abs(event.start_s - (claim.start_s or 0.0)), default=None)
    if nearest is None or (len(alike) > 1 and abs(nearest.start_s - (claim.start_s or 0.0)) > near_s):
        return None
    start_s = round(nearest.start_s, 1)
    end_s = round(max(nearest.end_s, nearest.start_s + 0.1), 1)
    return claim.model_copy(update={"subject": nearest.kind, "start_s": start_s, "end_s": end_s})


def _by_measurement(claim: Stated, judged: Judged) -> Stated | None:
    numbers = {one.name: one.value for one in reversed(judged.evidence) if one.value is not None}  # the first of a name counts
    if claim.type == "count":
        least, most = numbers.get("least_count"), numbers.get("most_count")
        return claim.model_copy(update={"value": least}) if least and least == most else None
    if claim.type == "order" and claim.relation == "before":
        first, then = numbers.get(f"first_{claim.subject}"), numbers.get(f"first_{claim.object}")
        is_turned = first is not None and then is not None and then < first
        return claim.model_copy(update={"subject": claim.object, "object": claim.subject}) if is_turned else None
    if claim.type == "attribute" and claim.attribute is not None:
        return _requalified(claim, claim.attribute, numbers, judged.evidence)
    return None


def _requalified(claim: Stated, attribute: Attribute, numbers: dict[str, float], evidence: Sequence[Evidence]) -> Stated | None:
    """The attribute claim with the measured value, side or trend."""
    if claim.relation in _TRENDS:
        trend = _trend(attribute, numbers.get(f"{attribute}_change"))
        return claim.model_copy(update={"relation": trend}) if trend and trend != claim.relation else None
    if claim.relation in _SIDES:
        side = _side(numbers.get("pan"))
        return claim.model_copy(update={"relation": side}) if side and side != claim.relation else None
    value = numbers.get(attribute)
    unit = UNITS[attribute]
    if value is None or any(one.unit != unit for one in evidence if one.name == attribute):
        return None
    return claim.model_copy(update={"relation": "equals", "value": rounded(attribute, value), "unit": unit})


def _trend(attribute: Attribute, change: float | None) -> Relation | None:
    clear = _CLEAR_CHANGES.get(attribute)
    if change is None or clear is None or abs(change) < clear:
        return None
    return "rises" if change > 0 else "falls"


def _side(pan: float | None) -> Relation | None:
    if pan is None or _CENTRE_PAN < abs(pan) < _SIDE_PAN:
        return None
    if abs(pan) <= _CENTRE_PAN:
        return "centre"
    return "right" if pan > 0 else "left"
