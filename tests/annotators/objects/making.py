"""Tracks, events and things for tests, with nothing in them but what a test is about."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotators.objects.things import Thing
from schemas.evidence import SeenEvent, SoundEvent, Track, TrackBox
from schemas.row import Span
from schemas.vocabulary import MotionKind, SoundKind

FPS = 10.0
WIDTH_PX, HEIGHT_PX = 200, 100
NEVER = np.zeros(100, np.bool_)  # ten seconds

Box = tuple[float, float, float, float]


def track(
    track_id: str, start_s: float, end_s: float, first: Box, last: Box | None = None, phrase: str = "red region",
    lost: Sequence[tuple[float, float]] = (), consistency_iou: float | None = None,
) -> Track:  # fmt: skip
    """A track at FPS that goes straight from one box to another."""
    times_s = np.arange(start_s, end_s - 1e-9, 1 / FPS)
    share = np.linspace(0, 1, len(times_s))[:, None]
    boxes = np.array(first) + np.subtract(last or first, first) * share
    way = np.hypot(*(boxes[-1] - boxes[0])[:2]) / (end_s - start_s)
    return Track(
        track_id=track_id, phrase=phrase, start_s=start_s, end_s=end_s,
        boxes=[TrackBox(time_s=float(t), box_xyxy_px=box.tolist(), score=1) for t, box in zip(times_s, boxes, strict=True)],
        coverage_frac=1, mean_score=1, mean_speed_px_per_s=float(way), max_speed_px_per_s=float(way),
        lost=[Span(start_s=a, end_s=b) for a, b in lost], consistency_iou=consistency_iou,
    )  # fmt: skip


def event(
    number: int, kind: SoundKind, start_s: float, end_s: float | None = None, *, pan: float | None = None,
    pan_slope_per_s: float = 0.0, centroid_hz: float = 1000.0, pitch_hz: float | None = None,
) -> SoundEvent:  # fmt: skip
    return SoundEvent(
        clip_id="clip", model="test@1", event_id=f"s{number:03d}", kind=kind, kind_score=1,
        start_s=start_s, end_s=start_s + 0.1 if end_s is None else end_s, onsets_s=[start_s],
        peak_dbfs=-10, loudness_lufs=-20, loudness_slope_db_per_s=None,
        pitch_hz=pitch_hz, pitch_start_hz=pitch_hz, pitch_end_hz=pitch_hz, harmonicity=None,
        centroid_hz=centroid_hz, flatness=None, pan=pan, pan_slope_per_s=None if pan is None else pan_slope_per_s,
        repetition_hz=None, snr_db=20,
    )  # fmt: skip


def seen(track_id: str, kind: MotionKind, *times_s: float) -> list[SeenEvent]:
    return [SeenEvent(kind=kind, time_s=at, track_id=track_id, x_px=None, y_px=None, strength=100) for at in times_s]


def thing(*tracks: Track, events: Sequence[SeenEvent] = (), busy: NDArray[np.bool_] = NEVER) -> Thing:
    return Thing(tuple(tracks), tuple(events), busy)


def busy(*spans: tuple[float, float]) -> NDArray[np.bool_]:
    """Ten seconds at FPS, busy within the spans."""
    times_s = np.arange(100) / FPS
    return np.any([NEVER, *((times_s >= a - 1e-9) & (times_s < b - 1e-9) for a, b in spans)], axis=0)
