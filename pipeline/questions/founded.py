"""Which claims of a silent teacher what was heard bears out.

A decoy is made by turning a true claim round. A teacher that hears nothing makes false claims of its own, and a false claim
turned round may be true: such a decoy would blame the witnesses for being right. So decoys are made only from what this lets
through.
"""

from collections.abc import Sequence

from annotators.likeness import ALIKE
from schemas.evidence import HeardEvent
from schemas.reasoning import Claim

_NEAR_S = 0.3
_LEAD_S = 0.3


def founded(claims: Sequence[Claim], heard: Sequence[HeardEvent]) -> list[Claim]:
    """Events that were heard where they are claimed, counts and orders that are those of the heard events."""
    return [claim for claim in claims if _is_founded(claim, heard)]


def _is_founded(claim: Claim, heard: Sequence[HeardEvent]) -> bool:
    own_s = _onsets_s(claim.subject, heard)
    if not own_s:
        return False
    match claim.type:
        case "event":
            return any(event.kind == claim.subject and _is_heard_there(claim, event) for event in heard)
        case "count":
            is_whole = not claim.start_s and claim.end_s is None
            return is_whole and not _is_doubted(claim.subject, heard) and claim.value == len(own_s)
        case "order":
            other_s = _onsets_s(claim.object, heard)
            is_clear = not (_is_doubted(claim.subject, heard) or _is_doubted(claim.object, heard))
            return claim.relation == "before" and is_clear and bool(other_s) and own_s[0] + _LEAD_S <= other_s[0]
        case _:
            return False


def _is_heard_there(claim: Claim, event: HeardEvent) -> bool:
    """Whether it begins where it is claimed, and fills half of the claimed span: then its absence there is plainly false."""
    if claim.start_s is None or claim.end_s is None or abs(event.start_s - claim.start_s) > _NEAR_S:
        return False
    shared_s = min(event.end_s, claim.end_s) - max(event.start_s, claim.start_s)
    return shared_s >= (claim.end_s - claim.start_s) / 2


def _onsets_s(kind: str | None, heard: Sequence[HeardEvent]) -> list[float]:
    return sorted(event.start_s for event in heard if event.kind == kind)


def _is_doubted(kind: str | None, heard: Sequence[HeardEvent]) -> bool:
    """Whether something else that was heard could be of this kind as well."""
    return any(kind in ALIKE[event.kind] for event in heard if event.kind != kind)
