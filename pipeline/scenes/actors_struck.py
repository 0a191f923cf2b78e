"""Actors that are struck or strike: what is seen as a blow is heard at that moment.

Bounce times come from the fall, steps from the gait, ticks from the ends of the pendulum's swing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pipeline.scenes import impacts
from pipeline.scenes.acting import Act, Spot, Voice, glide, spread_hits
from pipeline.scenes.impacts import Samples
from pipeline.scenes.world import Bouncing, Staying, Swinging


def struck(hits_s: Sequence[float], sound: Callable[[], Samples], level: float) -> list[Voice]:
    return [Voice(hit, level * sound(), [hit]) for hit in hits_s]


def ball_bounce(rng: np.random.Generator, spot: Spot) -> Act:
    headroom_m = spot.camera.y_at(0.06, spot.z_m) - 2 * spot.size_m
    start_s = spot.start_s + rng.uniform(0.1, 0.5)
    motion = Bouncing(0.0, spot.z_m, spot.size_m, start_s, headroom_m * rng.uniform(0.7, 1.0), 0.0, rng.uniform(0.72, 0.85))
    while len(motion.bounces()) > 2 and motion.bounces()[-1][0] > spot.end_s:
        motion = replace(motion, restitution=motion.restitution - 0.02)
    bounces = motion.bounces()
    margin_m = spot.size_m
    low, high = spot.camera.x_at(spot.left, spot.z_m) + margin_m, spot.camera.x_at(spot.right, spot.z_m) - margin_m
    from_m, to_m = (low, high) if rng.random() < 0.5 else (high, low)
    drift = (to_m - from_m) / (bounces[-1][0] - start_s)
    motion = replace(motion, x_m=from_m, drift_m_per_s=drift)
    body = impacts.rubber_ball(rng, spot.size_m)
    voices = [Voice(t, 0.55 * impacts.strike(body, rng, min(1.0, speed / 4.5)), [t]) for t, speed in bounces]
    return Act(motion, voices, [t for t, _ in bounces])


def footsteps(rng: np.random.Generator, spot: Spot) -> Act:
    cycle_s = rng.uniform(0.44, 0.64)
    num_steps = int((spot.end_s - spot.start_s - 0.2) / cycle_s)
    motion = replace(glide(rng, spot, 0.0, 0.0), end_s=spot.start_s + num_steps * cycle_s, cycle_s=cycle_s, bob_m=0.015)
    body = impacts.shoe(rng)
    steps = [spot.start_s + k * cycle_s for k in range(1, num_steps + 1)]
    return Act(motion, struck(steps, lambda: impacts.strike(body, rng, rng.uniform(0.75, 1.0)), 0.4), steps)


def door_slam(rng: np.random.Generator, spot: Spot) -> Act:
    hits = spread_hits(rng, spot, (2.0, 3.0), int(rng.integers(1, 4)), lead_s=0.8)
    keys_s, keys = [hits[0] - 0.45], [1.0]
    for hit in hits:
        keys_s += [hit, hit + 0.5, hit + 1.3]
        keys += [0.0, 0.0, 1.0]
        if hit != hits[-1]:
            keys_s.append(hits[hits.index(hit) + 1] - 0.45)
            keys.append(1.0)
    keys[-1] = 0.0
    motion = Staying(spot.place(), hits, 0.03, 11.0, 0.12, keys_s, keys)
    body = impacts.door_leaf(rng)
    return Act(motion, struck(hits, lambda: impacts.strike(body, rng, rng.uniform(0.8, 1.0)), 0.7), hits)


def clock_tick(rng: np.random.Generator, spot: Spot) -> Act:
    half_s = rng.uniform(0.7, 1.0)
    first_s = spot.start_s + rng.uniform(0.1, half_s)
    ticks = [float(t) for t in np.arange(first_s, spot.end_s - 0.1, half_s)]
    motion = Swinging(spot.place(0.3), first_s, half_s, 0.5)
    body = impacts.escapement(rng)
    return Act(motion, struck(ticks, lambda: impacts.strike(body, rng, rng.uniform(0.85, 1.0)), 0.3), ticks)


def hammer(rng: np.random.Generator, spot: Spot) -> Act:
    hits = spread_hits(rng, spot, (0.65, 1.0), int(rng.integers(3, 8)), lead_s=0.7)
    keys_s, keys = [hits[0] - 0.6, hits[0] - 0.15], [0.0, 1.0]
    for hit, next_s in zip(hits, [*hits[1:], hits[-1] + 1.0], strict=True):
        keys_s += [hit, hit + 0.12, next_s - 0.15]
        keys += [0.0, 0.15, 1.0 if next_s in hits else 0.15]
    motion = Staying(spot.place(), keys_s=keys_s, keys=keys)
    body = impacts.anvil(rng)
    return Act(motion, struck(hits, lambda: impacts.strike(body, rng, rng.uniform(0.7, 1.0)), 0.45), hits)


def bell(rng: np.random.Generator, spot: Spot) -> Act:
    hits = spread_hits(rng, spot, (1.3, 2.2), int(rng.integers(1, 5)))
    body, prime_hz = impacts.church_bell(rng)
    motion = Staying(spot.place(0.12), hits, 0.42, 1.1, 0.9)
    voices = struck(hits, lambda: impacts.strike(body, rng, rng.uniform(0.7, 1.0)), 0.5)
    return Act(motion, [replace(v, pitch_hz=np.full(len(v.samples), prime_hz)) for v in voices], hits)


def glass_clink(rng: np.random.Generator, spot: Spot) -> Act:
    hits = spread_hits(rng, spot, (1.0, 1.8), int(rng.integers(2, 5)), lead_s=0.6)
    keys_s, keys = [hits[0] - 0.5], [1.0]
    for hit, next_s in zip(hits, [*hits[1:], hits[-1] + 1.5], strict=True):
        keys_s += [hit, hit + 0.35, next_s - 0.4]
        keys += [0.0, 0.9, 1.0]
    body, strongest_hz = impacts.wine_glass(rng)
    voices = struck(hits, lambda: impacts.strike(body, rng, rng.uniform(0.7, 1.0)), 0.35)
    motion = Staying(spot.place(), keys_s=keys_s, keys=keys)
    return Act(motion, [replace(v, pitch_hz=np.full(len(v.samples), strongest_hz)) for v in voices], hits)


def drum_roll(rng: np.random.Generator, spot: Spot) -> Act:
    body = impacts.snare(rng)
    starts = spread_hits(rng, replace(spot, end_s=spot.end_s - 1.7), (2.4, 3.2), int(rng.integers(1, 3)), lead_s=0.0)
    rate_hz = rng.uniform(12, 19)
    voices, spans = [], []
    for start_s in starts:
        length_s = rng.uniform(0.8, 1.6)
        sound, strokes = impacts.drum_roll(body, rng, rate_hz, length_s)
        voices.append(Voice(start_s, 0.4 * sound, [start_s + t for t in strokes]))
        spans.append((start_s, start_s + length_s))
    keys_s = [t for voice in voices for t in voice.onsets_s]
    motion = Staying(
        spot.place(), keys_s=keys_s, keys=[k / 2 for k in range(len(keys_s))], spans_s=spans, shake_m=0.03, pulse_hz=rate_hz / 2
    )
    return Act(motion, voices, starts)
