"""A clip made by hand: a ball that bounces three times, a silent square, a siren and noise, with every row about it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotators.media import ArrayMedia, Frames, Sound
from flows.inspect.facts import ClipFacts
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent, TrackBox
from schemas.media import Clip, Source
from schemas.reasoning import Claim, Cot, Decision, Evidence, Step, Verdict
from schemas.vocabulary import SoundKind, VerdictWord

DURATION_S, RATE_HZ, FPS, WIDTH_PX, HEIGHT_PX = 6.0, 22_050, 25.0, 320, 180
BOUNCES_S = (1.0, 2.0, 3.0)
SOURCE_ID = "5f2c" * 8
CLIP_ID = f"{SOURCE_ID}_0_6000"
COT_ID = f"{CLIP_ID}/base"
WHO: dict[str, Any] = {"clip_id": CLIP_ID, "model": "by-hand@1"}


def media() -> ArrayMedia:
    return ArrayMedia(CLIP_ID, _sound(), _frames())


def _sound() -> Sound:
    time_s = np.arange(int(DURATION_S * RATE_HZ)) / RATE_HZ
    random = np.random.default_rng(7)
    wave = 0.004 * random.standard_normal(len(time_s))
    for bounce in BOUNCES_S:
        since = time_s - bounce
        wave += np.where(since >= 0, 0.6 * np.exp(-np.maximum(since, 0) / 0.05) * random.standard_normal(len(time_s)), 0)
    siren = (time_s >= 3.5) & (time_s < 5.5)
    wave += siren * 0.2 * np.sin(2 * np.pi * np.cumsum(700 + 400 * (time_s - 3.5)) / RATE_HZ)
    return Sound(np.stack([wave, 0.6 * wave]).astype(np.float32), RATE_HZ)


def ball_box(time_s: float) -> list[float]:
    """x0 y0 x1 y1 of the ball in px."""
    x = 40 + 40 * time_s
    y = 140 - 90 * abs(np.sin(np.pi * time_s))
    return [x - 14, y - 14, x + 14, y + 14]


def square_box(time_s: float) -> list[float]:
    x = 290 - 25 * time_s
    return [x - 12, 30, x + 12, 54]


def _frames() -> Frames:
    times_s = np.arange(int(DURATION_S * FPS)) / FPS
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    pixels = np.empty((len(times_s), HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    pixels[:] = (np.linspace(205, 160, HEIGHT_PX)[:, None, None] + np.array([0, 8, 20])).astype(np.uint8)
    for number, time_s in enumerate(times_s):
        x0, y0, x1, y1 = ball_box(time_s)
        inside = ((columns - (x0 + x1) / 2) ** 2 + (rows - (y0 + y1) / 2) ** 2) < 14**2
        pixels[number][inside] = (200, 60, 40)
        x0, y0, x1, y1 = (round(edge) for edge in square_box(time_s))
        pixels[number, y0:y1, x0:x1] = (40, 70, 180)
    return Frames(pixels, times_s, 1.0)


def clip() -> Clip:
    return Clip(
        clip_id=CLIP_ID, source_id=SOURCE_ID, start_s=0.0, end_s=DURATION_S, duration_s=DURATION_S, has_video=True,
        video_mode="copied", width_px=WIDTH_PX, height_px=HEIGHT_PX, fps=FPS, num_frames=150, sample_rate_hz=RATE_HZ,
        num_channels=2, num_samples=int(DURATION_S * RATE_HZ), peak_dbfs=-1.0, label="ball bouncing", video_bytes=10,
        audio_bytes=10,
    )  # fmt: skip


def source() -> Source:
    return Source(
        source_id=SOURCE_ID, uri="videos/ball [1].mp4", name="ball [1].mp4", num_bytes=1000, container="mp4",
        duration_s=DURATION_S, video_codec="h264", width_px=WIDTH_PX, height_px=HEIGHT_PX, fps=FPS, rotation_deg=0,
        has_variable_fps=False, audio_codec="aac", sample_rate_hz=44_100, num_channels=2, audio_start_s=0.0,
        label="ball bouncing", split=None, license=None,
    )  # fmt: skip


def heard(event_id: str, kind: SoundKind, start_s: float, end_s: float, pitch_hz: float | None = None) -> SoundEvent:
    return SoundEvent(
        **WHO, event_id=event_id, kind=kind, start_s=start_s, end_s=end_s, kind_score=0.9, onsets_s=[start_s], peak_dbfs=-6.0,
        loudness_lufs=-20.0, loudness_slope_db_per_s=None, pitch_hz=pitch_hz, pitch_start_hz=None, pitch_end_hz=None,
        harmonicity=None, centroid_hz=1500.0, flatness=0.4, pan=-0.2, pan_slope_per_s=None, repetition_hz=None, snr_db=24.0,
    )  # fmt: skip


def track(track_id: str, phrase: str, box: Any) -> RoiTrack:
    times_s = [number / FPS for number in range(150)]
    boxes = [TrackBox(time_s=time_s, box_xyxy_px=box(time_s), score=0.9) for time_s in times_s]
    return RoiTrack(
        **WHO, track_id=track_id, phrase=phrase, start_s=0.0, end_s=DURATION_S, boxes=boxes, coverage_frac=1.0, mean_score=0.9,
        mean_speed_px_per_s=60.0, max_speed_px_per_s=280.0,
    )  # fmt: skip


CLAIMS: tuple[tuple[int, dict[str, Any], VerdictWord, float, str], ...] = (
    (
        0, {"type": "event", "basis": "heard", "text": "An impact sounds at 1.00 s.", "subject": "impact", "start_s": 1.0,
            "end_s": 1.2},
        "supported", 0.97, "An onset was measured 4 ms from 1.00 s.",
    ),
    (
        0, {"type": "count", "basis": "heard", "text": "Exactly 3 impacts sound.", "subject": "impact", "start_s": 0.0,
            "end_s": 6.0, "relation": "equals", "value": 3.0},
        "supported", 0.95, "Three onsets of impacts were measured.",
    ),
    (
        0, {"type": "source", "basis": "seen", "text": "The red round region makes the impacts.", "subject": "impact",
            "object": "t00", "start_s": 1.0, "end_s": 3.0},
        "supported", 0.88, "All three onsets fall on motion impacts of t00 within 40 ms.",
    ),
    (
        1, {"type": "order", "basis": "heard", "text": "The first impact comes before the sweep.", "subject": "impact",
            "object": "sweep", "relation": "before"},
        "supported", 0.96, "1.00 s is before 3.50 s.",
    ),
    (
        1, {"type": "attribute", "basis": "heard", "text": "The sweep falls in pitch.", "subject": "sweep",
            "attribute": "pitch", "relation": "falls", "start_s": 3.5, "end_s": 5.5},
        "refuted", 0.04, "The pitch rises from 700 to 1500 Hz.",
    ),
    (
        1, {"type": "source", "basis": "inferred", "text": "The sweep comes from off screen.", "subject": "sweep",
            "start_s": 3.5, "end_s": 5.5},
        "unverifiable", 0.5, "No seen motion goes with it, which does not prove it.",
    ),
    (
        2, {"type": "absence", "basis": "heard", "text": "No bell rings.", "subject": "ring", "start_s": 0.0, "end_s": 6.0},
        "supported", 0.9, "No tonal partials ring for longer than 0.4 s.",
    ),
)  # fmt: skip


def facts(claims: Sequence[Any] = CLAIMS) -> ClipFacts:
    rows = [
        Claim(**WHO, claim_id=f"{COT_ID}/c{n:02d}", cot_id=COT_ID, step_index=row[0], **row[1]) for n, row in enumerate(claims)
    ]
    steps = [
        Step(text="A ball falls and bounces three times, each hit a short dull knock.", aspect="temporal"),
        Step(text="After it a siren off screen glides in pitch.", aspect="semantic"),
        Step(text="Avoid bells and voices.", aspect="aesthetic", is_avoidance=True),
    ]
    instruction = "Three dull knocks at 1.0, 2.0 and 3.0 s, then a siren gliding for two seconds. No bells, no voices."
    kept = [row.claim_id for row, given in zip(rows, claims, strict=True) if given[2] == "supported"]
    return ClipFacts(
        clip=clip(),
        source=source(),
        measurements=[Measurement(**WHO, name="loudness", value=-18.4, unit="lufs")],
        heard=[heard(f"s{n:03d}", "impact", at, at + 0.2) for n, at in enumerate(BOUNCES_S)]
        + [heard("s003", "sweep", 3.5, 5.5, 1100.0), heard("s004", "noise", 0.0, 6.0)],
        seen=[
            MotionEvent(
                **WHO, event_id=f"m{n:03d}", kind="impact", time_s=at, track_id="t00", x_px=80.0, y_px=140.0, strength=500.0
            )
            for n, at in enumerate(BOUNCES_S)
        ]
        + [MotionEvent(**WHO, event_id="m003", kind="cut", time_s=5.0, track_id=None, x_px=None, y_px=None, strength=0.8)],
        tracks=[track("t00", "red round region", ball_box), track("t01", "blue square region", square_box)],
        captions=[Caption(**WHO, modality="audio", question="content", text="Three knocks, then a rising siren ($5).")],
        cots=[Cot(**WHO, cot_id=COT_ID, task="base", steps=steps, caption_cot=instruction)],
        claims=rows,
        verdicts=[
            Verdict(
                **WHO, claim_id=row.claim_id, witness="instruments", is_decoy=False, is_blind=False, verdict=given[2],
                score=given[3], reason=given[4], evidence=[Evidence(name="onset", value=1.004, unit="s")],
            )
            for row, given in zip(rows, claims, strict=True)
        ],
        decisions=[
            Decision(
                **WHO, cot_id=COT_ID, policy="claimwise(min_score=0.6)", outcome="repair", reason="step 2 is refuted",
                steps=[steps[0], steps[2]], caption_cot="Three dull knocks. No bells, no voices.", kept_claim_ids=kept,
                dropped_claim_ids=[row.claim_id for row in rows if row.claim_id not in kept], num_supported=len(kept),
                num_refuted=1, num_unverifiable=1,
            )
        ],
    )  # fmt: skip
