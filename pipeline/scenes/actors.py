"""The cast: for each sound class, how a thing of it moves and what it sounds like in a given stretch of time and place.

An actor draws its own details from the generator it is given. Its motion and its sound come from the same numbers: bounce
times from the fall, steps from the gait, engine pitch from the speed, wind from the flag. Levels are those at REFERENCE_M.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.scenes import impacts, sustained
from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples
from pipeline.scenes.truth import SoundClass
from pipeline.scenes.world import Bouncing, Camera, Gliding, Motion, Staying, Swinging, Weather

REFERENCE_M = 1.6


@dataclass(frozen=True)
class Look:
    looks: str  # a key of shapes.SHAPES
    color: str
    size_m: float


@dataclass(frozen=True)
class Voice:
    """One event before it is placed in space: mono samples at REFERENCE_M from `start_s` on. `pitch_hz` is (n,) or None."""

    start_s: float
    samples: Samples
    onsets_s: Sequence[float]
    pitch_hz: Samples | None = None


@dataclass(frozen=True)
class Spot:
    """Where and when an actor may act: a strip of the picture (fractions of its width), a distance, a stretch of time."""

    camera: Camera
    left: float
    right: float
    z_m: float
    start_s: float
    end_s: float
    size_m: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def place(self, y_frac: float | None = None) -> tuple[float, float, float]:
        """The middle of the strip: on the ground, or at a fraction of the picture's height."""
        y_m = 0.0 if y_frac is None else self.camera.y_at(y_frac, self.z_m)
        return self.camera.x_at(self.middle, self.z_m), y_m, self.z_m


@dataclass(frozen=True)
class Act:
    """`hits_s`: the moments at which the picture shows a blow, for those that have any."""

    motion: Motion
    voices: Sequence[Voice]
    hits_s: Sequence[float] = ()


Actor = Callable[[np.random.Generator, Spot], Act]


def spread_hits(
    rng: np.random.Generator, spot: Spot, gap_s: tuple[float, float], most: int, lead_s: float = 0.2
) -> list[float]:
    """Up to `most` moments within the stretch, with random gaps between them; at least one."""
    hits = [spot.start_s + lead_s + rng.uniform(0, 0.5)]
    while len(hits) < most and hits[-1] + gap_s[1] < spot.end_s:
        hits.append(hits[-1] + rng.uniform(*gap_s))
    return [float(hit) for hit in hits]


def struck(hits_s: Sequence[float], sound: Callable[[], Samples], level: float) -> list[Voice]:
    return [Voice(hit, level * sound(), [hit]) for hit in hits_s]


def seconds(length_s: float) -> int:
    return round(length_s * SAMPLE_RATE_HZ)


def ball_bounce(rng: np.random.Generator, spot: Spot) -> Act:
    headroom_m = spot.camera.y_at(0.06, spot.z_m) - 2 * spot.size_m
    start_s = spot.start_s + rng.uniform(0.1, 0.5)
    motion = Bouncing(0.0, spot.z_m, spot.size_m, start_s, headroom_m * rng.uniform(0.7, 1.0), 0.0, rng.uniform(0.66, 0.82))
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


def glide(rng: np.random.Generator, spot: Spot, y_m: float, unevenness: float) -> Gliding:
    """Across the strip, either way, and a little nearer or farther."""
    half = spot.size_m * spot.camera.focal_px / spot.z_m / spot.camera.width_px / 2
    ends = [spot.camera.x_at(frac, spot.z_m) for frac in (spot.left + half, spot.right - half)]
    if rng.random() < 0.5:
        ends.reverse()
    to_z_m = spot.z_m * rng.uniform(0.9, 1.1)
    return Gliding((ends[0], y_m, spot.z_m), (ends[1], y_m, to_z_m), spot.start_s, spot.end_s, unevenness)


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
    starts = spread_hits(rng, spot, (2.4, 3.2), int(rng.integers(1, 3)))
    rate_hz = rng.uniform(12, 19)
    voices, spans = [], []
    for start_s in starts:
        length_s = rng.uniform(0.8, 1.7)
        sound, strokes = impacts.drum_roll(body, rng, rate_hz, length_s)
        voices.append(Voice(start_s, 0.4 * sound, [start_s + t for t in strokes]))
        spans.append((start_s, start_s + length_s))
    keys_s = [t for voice in voices for t in voice.onsets_s]
    motion = Staying(
        spot.place(), keys_s=keys_s, keys=[k / 2 for k in range(len(keys_s))], spans_s=spans, shake_m=0.03, pulse_hz=rate_hz / 2
    )
    return Act(motion, voices, starts)


def engine(rng: np.random.Generator, spot: Spot) -> Act:
    motion = glide(rng, spot, 0.0, rng.uniform(0.3, 0.7))
    times = spot.start_s + np.arange(seconds(spot.end_s - spot.start_s)) / SAMPLE_RATE_HZ
    pitch = rng.uniform(85, 140) * (1 + 0.15 * (motion.speed(times) - 1))
    return Act(motion, [Voice(spot.start_s, 0.085 * sustained.engine(rng, pitch), [spot.start_s], pitch)])


def notes(
    rng: np.random.Generator, spot: Spot, length_s: tuple[float, float], gap_s: tuple[float, float], most: int
) -> list[tuple[float, float]]:
    """Spans of up to `most` notes with pauses between them."""
    spans, start_s = [], spot.start_s + rng.uniform(0.1, 0.5)
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
    y_m = spot.camera.y_at(rng.uniform(0.14, 0.28), spot.z_m)
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


ACTORS: dict[SoundClass, Actor] = {
    "ball_bounce": ball_bounce, "footsteps": footsteps, "door_slam": door_slam, "clock_tick": clock_tick, "hammer": hammer,
    "bell": bell, "glass_clink": glass_clink, "drum_roll": drum_roll, "engine": engine, "horn": horn, "beep": beep,
    "siren": siren, "bird": bird, "rain": rain, "wind": wind,
}  # fmt: skip
LOOKS: dict[SoundClass, tuple[str, float, float]] = {
    "ball_bounce": ("ball", 0.13, 0.19), "footsteps": ("walker", 0.45, 0.6), "door_slam": ("door", 0.6, 0.75),
    "clock_tick": ("clock", 0.32, 0.4), "hammer": ("hammer", 0.4, 0.5), "bell": ("bell", 0.32, 0.44),
    "glass_clink": ("glasses", 0.32, 0.42), "drum_roll": ("drum", 0.4, 0.5), "engine": ("car", 0.5, 0.65),
    "horn": ("horn", 0.32, 0.42), "beep": ("alarm", 0.3, 0.4), "siren": ("ambulance", 0.5, 0.65), "bird": ("bird", 0.26, 0.36),
    "rain": ("cloud", 0.55, 0.7), "wind": ("flag", 0.42, 0.55),
}  # fmt: skip
