"""Requests for the roles about questions, small enough to read."""

from collections.abc import Sequence
from typing import Any

from annotators.questions.mute import SilentVideo
from annotators.questions.roles import Asked, TeachRequest
from schemas.evidence import HeardEvent, SeenEvent, Track
from tests.annotators.chat.clips import clip, track
from tests.serving.standin import Answer

COUNT = Asked("clip-1/q00", "How many hits are heard?", ("one", "three", "six"))


def heard(kind: str, start_s: float, end_s: float | None = None, **other: Any) -> HeardEvent:
    """A clear event, 30 dB over the background."""
    nothing = {name: None for name, field in HeardEvent.model_fields.items() if field.annotation == float | None}
    given = {
        "kind": kind, "kind_score": 0.95, "onsets_s": [start_s], "peak_dbfs": -12.0, "snr_db": 30.0, "start_s": start_s,
        "end_s": start_s + 0.2 if end_s is None else end_s,
    }  # fmt: skip
    return HeardEvent.model_validate({**nothing, **given, **other})


def bounces(*times_s: float, track_id: str = "t00") -> list[SeenEvent]:
    return [
        SeenEvent(kind="impact", time_s=time_s, track_id=track_id, x_px=9.0, y_px=9.0, strength=100.0) for time_s in times_s
    ]


def teach(
    *questions: Asked, seen: Sequence[SeenEvent] = (), tracks: Sequence[Track] | None = None, seconds: float = 8.0
) -> TeachRequest:
    """Eight seconds with one red ball, and what it is seen to do."""
    media = SilentVideo(clip(seconds=seconds))
    return TeachRequest(media, questions or (COUNT,), [track()] if tracks is None else tracks, seen, 48, 32)


def in_turn(*texts: str) -> Answer:
    """A model that says one of these after the other; what probes the server gets a word."""
    given = iter(texts)
    return lambda body: next(given) if body["max_completion_tokens"] > 64 else "a"
