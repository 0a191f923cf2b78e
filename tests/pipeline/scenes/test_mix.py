from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.scenes.acting import Look, Voice
from pipeline.scenes.compose import Scene, Thing, compose
from pipeline.scenes.impacts import SAMPLE_RATE_HZ, Samples
from pipeline.scenes.measure import event_truth, is_audible, momentary_max_lufs, span
from pipeline.scenes.mix import HEADROOM_PEAK, Stem, mix_scene, spatialise
from pipeline.scenes.truth import TruthEvent
from pipeline.scenes.world import Camera, Gliding, Motion, Staying

CAMERA = Camera(320, 240)
TIMES = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def sine(freq_hz: float = 1000.0, amplitude: float = 0.1) -> Voice:
    return Voice(1.0, amplitude * np.sin(2 * np.pi * freq_hz * TIMES), [1.0], np.full(len(TIMES), freq_hz))


def scene_of(*motions: Motion, voices: Sequence[Voice]) -> Scene:
    things = [
        Thing(f"o{k}", Look("ball", "red", 0.15), "beep", motion, [voice], [], True)
        for k, (motion, voice) in enumerate(zip(motions, voices, strict=True))
    ]
    return Scene(1, CAMERA, 25, 4.0, "pink_noise", -60.0, things)


def truth_of(scene: Scene) -> list[TruthEvent]:
    mix = mix_scene(scene)
    return [event_truth(mix, stem, is_seen=True) for stem in mix.stems]


def test_loudness_falls_by_six_decibels_with_every_doubling_of_the_distance() -> None:
    near, far = (truth_of(scene_of(Staying((0.0, 1.0, z)), voices=[sine()]))[0] for z in (2.0, 4.0))
    assert near.rms_dbfs - far.rms_dbfs == pytest.approx(20 * np.log10(2), abs=1e-6)
    assert near.loudness_lufs - far.loudness_lufs == pytest.approx(20 * np.log10(2), abs=1e-6)
    assert (near.distance_m, far.distance_m) == (2.0, 4.0)


def test_level_is_that_of_the_closed_form() -> None:
    event = truth_of(scene_of(Staying((0.0, 1.0, 3.2)), voices=[sine(amplitude=0.2)]))[0]
    # half the distance's gain, equal-power pan to two channels, sine: 0.1 / √2 per channel at the peak
    assert event.peak_dbfs == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.01)
    assert event.rms_dbfs == pytest.approx(20 * np.log10(0.1 / 2), abs=0.02)


def test_loudness_is_that_of_bs1770() -> None:
    sound = np.sin(2 * np.pi * 997 * TIMES)  # ITU-R BS.1770: a full-scale 997 Hz sine in one front channel reads -3.01
    assert momentary_max_lufs(np.stack([sound, 0 * sound])) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("frac", [0.1, 0.5, 0.8])
def test_pan_follows_x_with_constant_power(frac: float) -> None:
    scene = scene_of(Staying((CAMERA.x_at(frac, 2.0), 1.0, 2.0)), voices=[sine()])
    stem = mix_scene(scene).stems[0]
    left, right = np.sqrt((stem.samples**2).mean(axis=1))
    assert 4 / np.pi * np.arctan2(right, left) - 1 == pytest.approx(1.6 * (frac - 0.5), abs=1e-6)
    assert np.hypot(left, right) == pytest.approx(0.1 / np.sqrt(2) * 1.6 / stem.distances_m[0], rel=1e-6)


def test_a_thing_that_travels_takes_its_sound_along() -> None:
    motion = Gliding((CAMERA.x_at(0.2, 2.0), 1.0, 2.0), (CAMERA.x_at(0.8, 2.0), 1.0, 2.0), 1.0, 2.0)
    event = truth_of(scene_of(motion, voices=[sine()]))[0]
    assert (event.pan, event.pan_end) == pytest.approx((-0.48, 0.48), abs=0.01)


def test_silent_movers_add_no_sound() -> None:
    scene = compose(102)
    assert any(thing.sound_class is None for thing in scene.things)
    sounding = replace(scene, things=[thing for thing in scene.things if thing.sound_class])
    np.testing.assert_array_equal(mix_scene(scene).samples, mix_scene(sounding).samples)


def test_stems_and_ambience_add_up_to_the_mix_and_keep_under_the_headroom() -> None:
    mix = mix_scene(scene_of(*[Staying((0.0, 1.0, 1.6))] * 2, voices=[sine(amplitude=0.9), sine(1300.0, 0.9)]))
    total = mix.ambience.copy()
    for stem in mix.stems:
        total[:, stem.first : stem.first + stem.samples.shape[1]] += stem.samples
    np.testing.assert_allclose(total, mix.samples, atol=1e-12)
    assert np.abs(mix.samples).max() == pytest.approx(HEADROOM_PEAK)


def test_a_span_ends_thirty_decibels_below_the_peak() -> None:
    decay = Voice(0.5, np.exp(-6.908 / 0.8 * TIMES) * np.random.default_rng(0).choice([-1.0, 1.0], len(TIMES)), [0.5])
    scene = scene_of(Staying((0.0, 1.0, 1.6)), voices=[decay])
    start, end = span(spatialise(scene, scene.things[0], decay))
    assert start == 0
    assert end / SAMPLE_RATE_HZ == pytest.approx(0.4, abs=0.006)


def noise(seed: int) -> Samples:
    return np.random.default_rng(seed).standard_normal((2, SAMPLE_RATE_HZ))


def test_what_lies_well_below_the_rest_in_its_own_band_is_not_audible() -> None:
    assert is_audible(noise(1) * 10 ** (-4 / 20), noise(2))
    assert not is_audible(noise(1) * 10 ** (-9 / 20), noise(2))


def test_a_quiet_sound_beside_the_band_of_a_loud_one_is_audible() -> None:
    loud, quiet = np.stack([np.sin(2 * np.pi * 400 * TIMES)] * 2), 0.05 * np.stack([np.sin(2 * np.pi * 3000 * TIMES)] * 2)
    assert is_audible(quiet, loud)
    assert not is_audible(0.05 * loud, loud)


@pytest.mark.parametrize(("covered_frac", "expected"), [(0.4, True), (0.6, False)])
def test_a_sound_is_audible_while_the_larger_part_of_its_energy_is_uncovered(covered_frac: float, expected: bool) -> None:
    cover = 30 * noise(2)
    cover[:, round(covered_frac * SAMPLE_RATE_HZ) :] = 0
    assert is_audible(noise(1), cover) is expected


def test_what_sounds_after_the_end_of_the_scene_is_cut_off() -> None:
    scene = scene_of(Staying((0.0, 1.0, 2.0)), voices=[replace(sine(), start_s=3.5)])
    stem: Stem = mix_scene(scene).stems[0]
    assert stem.first + stem.samples.shape[1] == 4 * SAMPLE_RATE_HZ
