from collections import Counter

import numpy as np
import pytest

from pipeline.scenes.acting import Spot
from pipeline.scenes.actors import ACTORS, LOOKS
from pipeline.scenes.casting import TRAP_SETS
from pipeline.scenes.compose import MIN_GAP_S, Scene, compose
from pipeline.scenes.measure import event_truth
from pipeline.scenes.mix import mix_scene
from pipeline.scenes.shapes import SHAPE_WORDS, SHAPES
from pipeline.scenes.truth import SOUND_CLASSES, TRAPS, SoundClass
from pipeline.scenes.world import Camera


@pytest.fixture(scope="module")
def forty() -> list[Scene]:
    return [compose(seed) for seed in range(200, 240)]


def test_forty_scenes_hold_every_class_and_every_trap_several_times(forty: list[Scene]) -> None:
    classes = Counter(thing.sound_class for scene in forty for thing in scene.things)
    traps = Counter(trap for scene in forty for trap in scene.traps)
    assert all(classes[name] >= 2 for name in SOUND_CLASSES), classes
    assert all(traps[name] >= 5 for name in TRAPS), traps


def test_the_traps_that_a_seed_asks_for_are_there(forty: list[Scene]) -> None:
    for scene in forty:
        assert set(TRAP_SETS[scene.seed % len(TRAP_SETS)]) <= set(scene.traps), scene.name


def test_blows_of_different_things_keep_clear_of_each_other(forty: list[Scene]) -> None:
    for scene in forty:
        for k, thing in enumerate(scene.things):
            for other in scene.things[:k]:
                if thing.hits_s and other.hits_s:
                    assert np.abs(np.subtract.outer(thing.hits_s, other.hits_s)).min() >= MIN_GAP_S, scene.name


def test_scenes_have_one_to_four_things_and_every_sound_begins_within_them(forty: list[Scene]) -> None:
    for scene in forty:
        assert 1 <= len(scene.things) <= 4
        assert 8 <= scene.duration_s <= 12
        assert (scene.duration_s * scene.fps) % 1 == pytest.approx(0, abs=1e-9)
        for thing in scene.things:
            assert all(0 < voice.start_s < scene.duration_s - 0.1 for voice in thing.voices), scene.name


def test_lookalikes_wear_the_same_and_only_one_sounds(forty: list[Scene]) -> None:
    for scene in forty:
        by_id = {thing.object_id: thing for thing in scene.things}
        for thing in scene.things:
            if thing.lookalike_of is not None:
                twin = by_id[thing.lookalike_of]
                assert thing.look == twin.look
                assert twin.voices
                assert not thing.voices
            assert len([t for t in scene.things if t.look.color == thing.look.color]) <= 2


@pytest.mark.parametrize("name", SOUND_CLASSES)
def test_the_lead_of_a_scene_is_audible(forty: list[Scene], name: SoundClass) -> None:
    scene = next(scene for scene in forty if scene.things[0].sound_class == name)
    mix = mix_scene(scene)
    events = [event_truth(mix, stem, is_seen=True) for stem in mix.stems if stem.thing is scene.things[0]]
    assert sum(event.is_audible for event in events) >= 0.7 * len(events) > 0


@pytest.mark.parametrize("name", SOUND_CLASSES)
def test_every_actor_keeps_to_its_stretch_of_time(name: SoundClass) -> None:
    for seed in range(5):
        spot = Spot(Camera(320, 240), 0.1, 0.9, 2.0, 2.0, 6.0, LOOKS[name][2])
        act = ACTORS[name](np.random.default_rng(seed), spot)
        assert all(2.0 <= onset < 6.0 for voice in act.voices for onset in voice.onsets_s)
        assert all(np.isfinite(voice.samples).all() for voice in act.voices)


def test_every_look_has_a_shape_and_a_word() -> None:
    assert set(SHAPES) == set(SHAPE_WORDS) >= {looks for looks, _, _ in LOOKS.values()}


def test_a_seed_is_the_same_scene_every_time() -> None:
    first, second = compose(7), compose(7)
    assert [thing.look for thing in first.things] == [thing.look for thing in second.things]
    np.testing.assert_array_equal(mix_scene(first).samples, mix_scene(second).samples)
