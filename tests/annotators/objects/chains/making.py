"""Cases about things: two of one look, hits of the left one, a tone of the right one, a noise from off screen."""

from collections.abc import Sequence
from typing import Any

from annotators.objects.chains.roles import ObjectCase
from annotators.roles import CaseFile
from schemas.evidence import HeardEvent, SoundEvent, Track, TrackBox
from schemas.objects import Attributed, FoundObject
from schemas.row import Span
from schemas.vocabulary import SoundKind

DURATION_S = 9.0


def heard(number: int, kind: SoundKind, start_s: float, end_s: float, **fields: object) -> SoundEvent:
    nothing = {name: None for name, field in HeardEvent.model_fields.items() if field.annotation == float | None}
    given = {"kind_score": 0.9, "onsets_s": [start_s], "peak_dbfs": -6.0, "loudness_lufs": -18.0, "snr_db": 30.0}
    origin = {"clip_id": "clip", "model": "test@1", "event_id": f"s{number:03d}"}
    return SoundEvent.model_validate({**nothing, **given, **origin, "kind": kind, "start_s": start_s, "end_s": end_s, **fields})


def found(object_id: str, pan: float, *track_ids: str, **fields: object) -> FoundObject:
    given = {
        "phrase": "red round region", "visible": [Span(start_s=0.0, end_s=DURATION_S)], "path": [], "mean_area_frac": 0.02,
        "pan_travel": 0.0, "coverage_frac": 1.0, "lost_s": 0.0, "consistency_iou": None, "state": "sounding",
        "state_score": 0.95,
    }  # fmt: skip
    return FoundObject.model_validate(
        {**given, "object_id": object_id, "track_ids": list(track_ids), "pan_mean": pan, **fields}
    )


def track(track_id: str, start_s: float = 0.0, end_s: float = DURATION_S) -> Track:
    box = TrackBox(time_s=start_s, box_xyxy_px=[0, 0, 10, 10], score=1)
    return Track(
        track_id=track_id, phrase="red round region", start_s=start_s, end_s=end_s, boxes=[box], coverage_frac=1, mean_score=1,
        mean_speed_px_per_s=9, max_speed_px_per_s=9,
    )  # fmt: skip


def given_to(event: SoundEvent, maker: str, score: float = 0.9) -> Attributed:
    """`maker`: an object_id, "off_screen" or "unclear"."""
    kind = maker if maker in ("off_screen", "unclear") else "object"
    return Attributed(
        event_id=event.event_id, maker=kind, object_id=maker if kind == "object" else None, score=score, evidence=[]
    )  # fmt: skip


HITS = [
    heard(n, "impact", at, at + 0.1, pan=-0.6, pan_slope_per_s=0.0, centroid_hz=2500.0) for n, at in enumerate((1.0, 2.0, 4.0))
]
TONE = heard(3, "tone", 5.0, 7.0, pitch_hz=440.0, harmonicity=0.95)
NOISE = heard(4, "noise", 7.5, 8.5)
LEFT, RIGHT, STILL = found("o00", -0.6, "t00"), found("o01", 0.6, "t01"), found("o02", 0.0, "t02", state="silent")
MADE: list[tuple[SoundEvent, str]] = [*((hit, "o00") for hit in HITS), (TONE, "o01"), (NOISE, "off_screen")]


def case(
    object_id: str = "o00", made: Sequence[tuple[SoundEvent, str]] = MADE, things: Sequence[FoundObject] = (LEFT, RIGHT, STILL),
    **clip: Any,
) -> ObjectCase:  # fmt: skip
    """`made`: the sounds in order of onset, each with its maker."""
    tracks = [track(track_id) for thing in things for track_id in thing.track_ids]
    given: dict[str, Any] = {
        "clip_id": "clip", "duration_s": DURATION_S, "width_px": 320, "height_px": 240, "label": None, "captions": [],
        "heard": [event for event, _ in made], "measurements": [], "tracks": tracks, "seen": [],
    }  # fmt: skip
    return ObjectCase(CaseFile(**given | clip), things, [given_to(event, maker) for event, maker in made], object_id)
