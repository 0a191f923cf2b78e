"""Synthetic sounds with closed-form truth, and how to ask the verifier about them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotators.instruments.verifier import InstrumentVerifier
from annotators.media import ArrayMedia, Frames, Sound
from annotators.roles import Inquiry
from schemas.evidence import SeenEvent, Track, TrackBox
from schemas.reasoning import Judged, Stated

RATE_HZ = 44_100
DURATION_S = 6.0
WIDTH_PX, HEIGHT_PX = 320, 240

Samples = NDArray[np.float64]


def panned(mono: Samples, pan: float | Samples) -> Samples:
    """A mono sound placed by the constant-power law (2, n)."""
    angle = (np.asarray(pan) + 1) * np.pi / 4
    return np.stack([mono * np.cos(angle), mono * np.sin(angle)])


def background(duration_s: float = DURATION_S, seed: int = 7) -> Samples:
    """Faint noise, so that nothing is digital silence (2, n)."""
    return np.random.default_rng(seed).normal(0, 3e-4, (2, round(duration_s * RATE_HZ)))


def placed(sound: Samples, at_s: float, duration_s: float = DURATION_S) -> Samples:
    """A stereo sound (2, n) at its time in an otherwise empty clip."""
    clip = np.zeros((2, round(duration_s * RATE_HZ)))
    first = round(at_s * RATE_HZ)
    length = min(sound.shape[1], clip.shape[1] - first)
    clip[:, first : first + length] = sound[:, :length]
    return clip


def hit(at_s: float, pan: float = 0.0, level: float = 0.5) -> Samples:
    """A knock: noise that falls by 60 dB in 0.14 s."""
    t = np.arange(round(0.2 * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(round(at_s * 1000)).normal(0, 1, len(t))
    return placed(panned(level * noise * np.exp(-50 * t) / 3, pan), at_s)


def hits(times_s: list[float], pan: float = 0.0, level: float = 0.5) -> Samples:
    return np.sum([hit(at_s, pan, level) for at_s in times_s], axis=0)


def tone(start_s: float, end_s: float, hz: float | Samples = 440.0, pan: float | Samples = 0.0, level: float = 0.2) -> Samples:
    """Five harmonics with 20 ms ramps; `hz` and `pan` may go through time (n,)."""
    num = round((end_s - start_s) * RATE_HZ)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(np.asarray(hz, dtype=np.float64), num)) / RATE_HZ
    mono = sum(np.sin(k * phase) / k for k in range(1, 6))
    ramp = np.minimum(1, np.minimum(np.arange(num), np.arange(num)[::-1]) / (0.02 * RATE_HZ))
    return placed(panned(level * mono * ramp, pan), start_s)


def glide(start_s: float, end_s: float, from_hz: float, to_hz: float) -> Samples:
    return tone(start_s, end_s, np.geomspace(from_hz, to_hz, round((end_s - start_s) * RATE_HZ)))


def noise(start_s: float, end_s: float, level: float = 0.1) -> Samples:
    num = round((end_s - start_s) * RATE_HZ)
    ramp = np.minimum(1, np.minimum(np.arange(num), np.arange(num)[::-1]) / (0.05 * RATE_HZ))
    return placed(panned(level * np.random.default_rng(3).normal(0, 1, num) * ramp, 0.0), start_s)


def media(*parts: Samples, mono: bool = False) -> ArrayMedia:
    """A clip of the sum of its parts over a faint background."""
    mix = background() + np.sum(parts, axis=0) if parts else background()
    samples = mix.mean(axis=0, keepdims=True) if mono else mix
    return ArrayMedia("clip", Sound(samples.astype(np.float32), RATE_HZ))


def track(track_id: str, x: float | tuple[float, float], start_s: float = 0.0, end_s: float = DURATION_S) -> Track:
    """A track at a place across the picture (0..1), or going from one to another."""
    from_x, to_x = x if isinstance(x, tuple) else (x, x)
    times_s = np.arange(start_s, end_s, 0.04)
    boxes = [
        TrackBox(time_s=t, box_xyxy_px=[cx - 10, 100.0, cx + 10, 120.0], score=1.0)
        for t, cx in zip(times_s, WIDTH_PX * np.linspace(from_x, to_x, len(times_s)), strict=True)
    ]
    return Track(
        start_s=start_s, end_s=end_s, track_id=track_id, phrase="red region", boxes=boxes, coverage_frac=1.0, mean_score=1.0,
        mean_speed_px_per_s=10.0, max_speed_px_per_s=10.0,
    )  # fmt: skip


def bounces(track_id: str, times_s: list[float]) -> list[SeenEvent]:
    return [SeenEvent(kind="impact", time_s=t, track_id=track_id, x_px=1.0, y_px=1.0, strength=300.0) for t in times_s]


def claim(type: str, subject: str | None = None, **fields: object) -> Stated:
    """A claim; its text is empty, for the verifier may not read it."""
    return Stated.model_validate({"step_index": 0, "basis": "heard", "text": "", "type": type, "subject": subject, **fields})


def judged(
    clip: ArrayMedia, *claims: Stated, tracks: tuple[Track, ...] = (), seen: list[SeenEvent] | None = None
) -> list[Judged]:
    if tracks:  # a grey picture in which nothing is to be seen but what the tracks and motion events say
        clip = replace(
            clip, stored_frames=Frames(np.full((2, HEIGHT_PX, WIDTH_PX, 3), 128, np.uint8), np.array([0.0, 1.0]), 1.0)
        )
    inquiry = Inquiry(clip, claims, tracks, seen or [], WIDTH_PX if tracks else None, HEIGHT_PX if tracks else None)
    return InstrumentVerifier(InstrumentVerifier.Params()).annotate([inquiry])[0]


def words(clip: ArrayMedia, *claims: Stated, tracks: tuple[Track, ...] = (), seen: list[SeenEvent] | None = None) -> list[str]:
    """The verdicts alone."""
    return [answer.verdict for answer in judged(clip, *claims, tracks=tracks, seen=seen)]
