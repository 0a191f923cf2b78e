"""The instruments on rendered scenes, against their truth. Seeds from 1000 on: those below belong to the self-check."""

import numpy as np
import pytest

from pipeline.scenes.compose import compose
from pipeline.scenes.impacts import SAMPLE_RATE_HZ
from pipeline.scenes.measure import event_truth
from pipeline.scenes.mix import mix_scene
from pipeline.scenes.truth import SOUND_CLASSES
from tests.annotators.instruments.signals import events_of

STRUCK = ("impact", "ring", "roll")
SEEDS = (1000, 1002, 1003, 1006, 1010, 1012, 1021, 1027)


def scene_truth(seed: int) -> tuple[np.ndarray, list[tuple[str, list[float], float, float]]]:
    """Samples of a scene, and (kind, onsets, start, end) of its audible events."""
    mix = mix_scene(compose(seed))
    found = []
    for stem in mix.stems:
        truth = event_truth(mix, stem, is_seen=True)
        assert stem.thing.sound_class is not None
        if truth.is_audible:
            found.append((SOUND_CLASSES[stem.thing.sound_class], truth.onsets_s, truth.start_s, truth.end_s))
    return mix.samples, found


@pytest.fixture(scope="module", params=SEEDS)
def scene(request: pytest.FixtureRequest) -> tuple[list, list]:
    samples, truth = scene_truth(request.param)
    assert samples.shape[1] / SAMPLE_RATE_HZ > 7
    return events_of(samples), truth


def test_onsets_of_hits_are_those_of_the_truth(scene: tuple[list, list]) -> None:
    events, truth = scene
    true_s = sorted(onset for kind, onsets, _, _ in truth if kind in STRUCK for onset in onsets)
    heard_s = sorted(onset for event in events if event.kind in STRUCK for onset in event.onsets_s)
    hits = sum(1 for onset in true_s if heard_s and np.abs(np.array(heard_s) - onset).min() <= 0.05)
    assert hits >= 0.9 * len(true_s)
    assert len(heard_s) <= 1.1 * len(true_s)


def test_every_kind_of_event_is_named_as_in_the_truth(scene: tuple[list, list]) -> None:
    events, truth = scene
    heard = {event.kind for event in events}
    assert heard == {kind for kind, *_ in truth}
