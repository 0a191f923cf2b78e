"""Spans: masks hold something that was heard, hits are not cut, parts have whole events in them."""

import numpy as np
import pytest

from pipeline.editing import spans
from pipeline.editing.params import EditParams
from pipeline.editing.profile import Profile
from schemas.edits import SampleSpan
from tests.pipeline.editing.making import RATE_HZ, event, noise, profile

SOUND = noise(8.0)
HITS = [event("impact", at, at + 0.2) for at in (1.0, 2.5, 4.0, 5.5, 7.0)]
OF = profile("of", SOUND, *HITS)
FADE, PARAMS = 441, EditParams()
SEEDS = range(60)


def seconds(span: SampleSpan) -> tuple[float, float]:
    return span.first / RATE_HZ, span.end / RATE_HZ


def num_cut(span: SampleSpan, of: Profile) -> int:
    first_s, end_s = seconds(span)
    return sum(e.start_s < edge < e.end_s for e in of.heard for edge in (first_s, end_s))


def num_whole(span: SampleSpan, of: Profile) -> int:
    first_s, end_s = seconds(span)
    return sum(first_s <= e.start_s and e.end_s <= end_s for e in of.heard)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_extension_goes_on_from_a_cut_between_hits_to_the_end(seed: int) -> None:
    mask = spans.extension_mask(np.random.default_rng(seed), OF, FADE, PARAMS)
    assert mask.end == OF.num_samples
    assert 0.3 * OF.num_samples - 1 <= mask.first <= 0.7 * OF.num_samples + 1
    assert num_cut(mask, OF) == 0
    assert num_whole(mask, OF) >= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_an_inpainting_masks_whole_hits(seed: int) -> None:
    mask = spans.inpainting_mask(np.random.default_rng(seed), OF, FADE, PARAMS)
    length_s = (mask.end - mask.first) / RATE_HZ
    assert 0.49 <= length_s <= 2.51
    assert num_cut(mask, OF) == 0
    assert num_whole(mask, OF) >= 1


def test_a_sustained_sound_may_be_cut_and_is_enough_to_mask() -> None:
    rain = profile("rain", SOUND, event("noise", 0.0, 8.0))
    mask = spans.inpainting_mask(np.random.default_rng(1), rain, FADE, PARAMS)
    assert 0 <= mask.first < mask.end <= rain.num_samples
    tail = profile("tail", SOUND, event("noise", 6.0, 8.0))
    masks = [seconds(spans.inpainting_mask(np.random.default_rng(seed), tail, FADE, PARAMS)) for seed in SEEDS]
    assert all(min(end_s, 8.0) - max(first_s, 6.0) >= 0.09 for first_s, end_s in masks)


def test_a_mask_is_never_longer_than_its_share_of_the_clip() -> None:
    short = profile("short", noise(3.0), event("impact", 1.0, 1.2))
    for seed in SEEDS:
        mask = spans.inpainting_mask(np.random.default_rng(seed), short, FADE, PARAMS)
        assert mask.end - mask.first <= 0.4 * short.num_samples + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_has_a_whole_clear_event_between_its_fades_and_cuts_none(seed: int) -> None:
    part = spans.salient_part(np.random.default_rng(seed), OF, OF, 4410, PARAMS)
    assert 0 <= part.first < part.end <= OF.num_samples
    first_s, end_s = seconds(part)
    assert 0.99 <= end_s - first_s <= 4.01
    assert any(first_s + 0.099 <= e.start_s and e.end_s <= end_s - 0.099 for e in OF.heard)
    assert num_cut(part, OF) == 0


def test_of_an_event_longer_than_the_part_a_stretch_is_taken() -> None:
    siren = profile("siren", SOUND, event("sweep", 1.0, 7.5))
    for seed in SEEDS:
        first_s, end_s = seconds(spans.salient_part(np.random.default_rng(seed), siren, siren, FADE, PARAMS))
        assert min(end_s, 7.5) - max(first_s, 1.0) >= end_s - first_s - 0.011


def test_a_part_fits_into_a_shorter_clip() -> None:
    short = profile("short", noise(3.0), HITS[0])
    for seed in SEEDS:
        part = spans.salient_part(np.random.default_rng(seed), OF, short, FADE, PARAMS)
        assert part.end - part.first <= 0.6 * short.num_samples + 1


def test_the_whole_of_another_clip_is_as_much_of_it_as_there_is_room_for() -> None:
    long, short = profile("long", noise(9.0)), profile("short", noise(5.0))
    part = spans.whole_part(np.random.default_rng(1), long, short)
    assert part.end - part.first == short.num_samples
    assert spans.whole_part(np.random.default_rng(1), short, long) == SampleSpan(first=0, end=short.num_samples)
    place = spans.place(np.random.default_rng(1), long.num_samples, long)
    assert place == SampleSpan(first=0, end=long.num_samples)


def test_a_part_is_put_where_the_clip_has_no_hits_if_there_is_room() -> None:
    busy = profile("busy", SOUND, *(event("impact", 0.2 * at, 0.2 * at + 0.1) for at in range(1, 25)))
    places = [seconds(spans.place(np.random.default_rng(seed), 2 * RATE_HZ, busy)) for seed in SEEDS]
    assert np.mean([first_s > 4.0 for first_s, _ in places]) > 0.95
