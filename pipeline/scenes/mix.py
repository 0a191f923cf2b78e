"""From voices to stereo: loudness falls with distance, pan follows x, and everything is summed over an ambience.

Gain is REFERENCE_M / distance (1/r); pan is equal-power: left cos θ, right sin θ with θ = (pan + 1)·π/4. A stem is one event
alone, exactly as it enters the mix: after distance, pan and the master gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.scenes import sustained
from pipeline.scenes.acting import REFERENCE_M, Voice
from pipeline.scenes.compose import Scene, Thing
from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples, rms
from pipeline.scenes.world import Array, Camera, Motion

HEADROOM_PEAK = 0.89  # -1 dBFS
CONTROL_HZ = 200.0  # rate at which distance and pan are sampled; straight lines between


@dataclass(frozen=True)
class Stem:
    """One event alone: `samples` (2, n) begin at sample `first` of the mix. distance_m and pan: (start, end)."""

    thing: Thing
    voice: Voice
    first: int
    samples: Samples
    distances_m: tuple[float, float]
    pans: tuple[float, float]


@dataclass(frozen=True)
class Mix:
    """`samples`: float64 (2, n) within ±HEADROOM_PEAK."""

    samples: Samples
    stems: Sequence[Stem]
    ambience: Samples


def hearing(camera: Camera, motion: Motion, times_s: Array) -> tuple[Array, Array]:
    """Distance in metres and pan at the given times."""
    pose = motion(times_s)
    return np.hypot(pose.x_m, pose.z_m), camera.pan(pose.x_m, pose.z_m)


def spatialise(scene: Scene, thing: Thing, voice: Voice) -> Stem:
    """Place a voice where its thing is while it sounds; what would sound after the end of the scene is cut off."""
    first = round(voice.start_s * SAMPLE_RATE_HZ)
    mono = voice.samples[: round(scene.duration_s * SAMPLE_RATE_HZ) - first]
    controls = np.arange(0, len(mono) / SAMPLE_RATE_HZ + 1 / CONTROL_HZ, 1 / CONTROL_HZ)
    distance, pan = hearing(scene.camera, thing.motion, voice.start_s + controls)
    times = np.arange(len(mono)) / SAMPLE_RATE_HZ
    theta = (np.interp(times, controls, pan) + 1) * np.pi / 4
    sound = mono * REFERENCE_M / np.interp(times, controls, distance)
    samples = np.stack([sound * np.cos(theta), sound * np.sin(theta)])
    ends = (float(distance[0]), float(distance[-1])), (float(pan[0]), float(pan[-1]))
    return Stem(thing, voice, first, samples, *ends)


def ambience(scene: Scene, num_samples: int) -> Samples:
    """The background, (2, n): half common to both ears, half not."""
    rng = np.random.default_rng([scene.seed, 7])
    make = sustained.room_tone if scene.ambience == "room_tone" else sustained.pink_noise
    common, left, right = (make(rng, num_samples) for _ in range(3))
    stereo = np.stack([common + left, common + right])
    return stereo * (10 ** (scene.ambience_dbfs / 20) / rms(stereo))


def mix_scene(scene: Scene) -> Mix:
    """All stems and their sum. One master gain keeps the peak under HEADROOM_PEAK and applies to stems and ambience alike."""
    num_samples = round(scene.duration_s * SAMPLE_RATE_HZ)
    stems = [spatialise(scene, thing, voice) for thing in scene.things for voice in thing.voices]
    background = ambience(scene, num_samples)
    total = background.copy()
    for stem in stems:
        total[:, stem.first : stem.first + stem.samples.shape[1]] += stem.samples
    master = min(1.0, HEADROOM_PEAK / float(np.abs(total).max()))
    scaled = [Stem(s.thing, s.voice, s.first, master * s.samples, s.distances_m, s.pans) for s in stems]
    return Mix(master * total, scaled, master * background)
