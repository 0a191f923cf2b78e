"""Which of its tracks a thing is spoken of by: a claim names one track, a thing may have many."""

from collections.abc import Sequence

from schemas.evidence import Track
from schemas.objects import FoundObject


def track_in_sight(thing: FoundObject, tracks: Sequence[Track], start_s: float | None, end_s: float | None) -> Track | None:
    """The track that follows the thing for most of a span, the longest of equals; None if no track of it is among `tracks`."""
    first_s, last_s = start_s or 0.0, float("inf") if end_s is None else end_s

    def seen_s(track: Track) -> tuple[float, float]:
        return max(0.0, min(track.end_s, last_s) - max(track.start_s, first_s)), track.end_s - track.start_s

    return max((track for track in tracks if track.track_id in thing.track_ids), key=seen_s, default=None)
