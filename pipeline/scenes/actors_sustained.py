"""Actors that sound for a while: engine pitch follows the speed, wind follows the flag, notes make their source pulse."""

from dataclasses import replace

import numpy as np

from pipeline.scenes import sustained
from pipeline.scenes.acting import Act, Spot, Voice, glide, seconds, spread_hits
from pipeline.scenes.impacts import SAMPLE_RATE_HZ
from pipeline.scenes.world import Staying, Weather


def engine(rng: np.random.Generator, spot: Spot) -> Act:
    motion = glide(rng, spot, 0.0, rng.uniform(0.3, 0.7))
    times = spot.start_s + np.arange(seconds(spot.end_s - spot.start_s)) / SAMPLE_RATE_HZ
    pitch = rng.uniform(85, 140) * (1 + 0.15 * (motion.speed(times) - 1))
    return Act(motion, [Voice(spot.start_s, 0.085 * sustained.engine(rng, pitch), [spot.start_s], pitch)])


def notes(
    rng: np.random.Generator, spot: Spot, length_s: tuple[float, float], gap_s: tuple[float, float], most: int
) -> list[tuple[float, float]]:
    """Spans of up to `most` notes with pauses between them."""
    spans: list[tuple[float, float]] = []
    start_s = spot.start_s + rng.uniform(0.1, 0.5)
    while len(spans) < most:
        end_s = start_s + rng.uniform(*length_s)
        if spans and end_s > spot.end_s:
            break
        spans.append((float(start_s), float(end_s)))
        start_s = end_s + rng.uniform(*gap_s)
    return spans


def horn(rng: np.random.Generator, spot: Spot) -> Act:
    spans = notes(rng, spot, (0.7, 1.6), (0.6, 1.2), int(rng.integers(1, 4)))
    pitch_hz = rng.uniform(210, 420)
    pitches = [np.full(seconds(end - start), pitch_hz) for start, end in spans]
    voices = [Voice(start, 0.1 * sustained.horn(p), [start], p) for (start, _), p in zip(spans, pitches, strict=True)]
    return Act(Staying(spot.place(), spans_s=spans, pulse=0.16), voices)


def beep(rng: np.random.Generator, spot: Spot) -> Act:
    spans = notes(rng, spot, (0.45, 0.7), (0.4, 0.8), int(rng.integers(2, 6)))
    pitch_hz = rng.uniform(700, 1500)
    pitches = [np.full(seconds(end - start), pitch_hz) for start, end in spans]
    voices = [Voice(start, 0.09 * sustained.beep(p), [start], p) for (start, _), p in zip(spans, pitches, strict=True)]
    return Act(Staying(spot.place(), spans_s=spans, pulse=0.14, pulse_hz=5.0), voices)


def siren(rng: np.random.Generator, spot: Spot) -> Act:
    motion = replace(glide(rng, spot, 0.0, 0.2), cycle_s=0.5)
    num_samples = seconds(spot.end_s - spot.start_s)
    low_hz = rng.uniform(480, 680)
    pitch = sustained.wail(num_samples, low_hz, low_hz * rng.uniform(1.7, 2.2), rng.uniform(1.8, 3.2))
    return Act(motion, [Voice(spot.start_s, 0.085 * sustained.siren(pitch), [spot.start_s], pitch)])


def bird(rng: np.random.Generator, spot: Spot) -> Act:
    y_m = spot.camera.y_at(rng.uniform(0.1, 0.22), spot.z_m)
    motion = replace(glide(rng, spot, y_m, 0.3), bob_m=0.05, cycle_s=rng.uniform(0.45, 0.6))
    base_hz, ratio = rng.uniform(2400, 3800), rng.choice([0.62, 0.7, 1.4, 1.6])
    length_s = rng.uniform(0.1, 0.2)
    pitch = base_hz * ratio ** np.linspace(0, 1, seconds(length_s))
    calls = spread_hits(rng, spot, (0.45, 1.2), int(rng.integers(3, 8)))
    return Act(motion, [Voice(t, 0.14 * rng.uniform(0.8, 1) * sustained.chirp(pitch), [t], pitch) for t in calls])


def rain(rng: np.random.Generator, spot: Spot) -> Act:
    sound = sustained.rain(rng, seconds(spot.end_s - spot.start_s))
    room = (spot.right - spot.left) * 0.15
    drift = (spot.camera.x_at(0.5 + room, spot.z_m)) / (spot.end_s - spot.start_s) * rng.choice([-1, 1])
    ends = np.array([spot.start_s, spot.end_s])
    motion = Weather(spot.place(0.2), spot.start_s, spot.end_s, drift, ends, np.ones(2))
    return Act(motion, [Voice(spot.start_s, 0.06 * sound, [spot.start_s])])


def wind(rng: np.random.Generator, spot: Spot) -> Act:
    strength = sustained.gusts(rng, seconds(spot.end_s - spot.start_s))
    sound = sustained.wind(rng, strength)
    times = spot.start_s + np.arange(len(strength)) / SAMPLE_RATE_HZ
    motion = Weather(spot.place(0.22), spot.start_s, spot.end_s, 0.0, times[::441], strength[::441])
    return Act(motion, [Voice(spot.start_s, 0.1 * sound, [spot.start_s])])
