"""Stereo positions against places, for makers in the picture and out of it."""

import numpy as np
import pytest

from annotators.objects.sounds import MadeSound
from annotators.objects.stereo import MIXES, Mix, positions, support_of_thing, support_of_unfollowed, support_of_unseen
from tests.annotators.objects.making import WIDTH_PX, event, thing, track

WIDE = Mix(0.8, 0.1)
LEFT = thing(track("t00", 0, 9, (40, 40, 60, 60)))  # at -0.5
RIGHT = thing(track("t01", 0, 9, (140, 40, 160, 60)))  # at +0.5
MOVING = thing(track("t02", 0, 9, (0, 40, 20, 60), (180, 40, 200, 60)))


def test_a_lasting_sound_that_moves_is_placed_twice_and_hits_at_their_onsets() -> None:
    moving = event(0, "tone", 1, 5, pan=0.1, pan_slope_per_s=-0.2)
    found = positions(MadeSound((moving,)), [moving])
    assert found.times_s.tolist() == [2, 4]
    assert found.pans.tolist() == pytest.approx([0.3, -0.1])
    hits = (event(1, "impact", 1, pan=0.4), event(2, "impact", 2, pan=0.2))
    assert positions(MadeSound(hits), hits).times_s.tolist() == [1, 2]


def test_a_sound_is_likeliest_of_what_is_where_it_comes_from() -> None:
    hit = event(0, "impact", 1, pan=0.4)
    found = positions(MadeSound((hit,)), [hit])
    supports = [support_of_thing(found, one, WIDTH_PX, WIDE) for one in (RIGHT, LEFT)]
    assert supports[0] > support_of_unfollowed(found, WIDE) > support_of_unseen(found, WIDE) > supports[1]


def test_a_sound_that_moves_along_is_of_the_thing_that_moves() -> None:
    moving = event(0, "tone", 0, 9, pan=0.0, pan_slope_per_s=1.44 / 9)
    found = positions(MadeSound((moving,)), [moving])
    supports = [support_of_thing(found, one, WIDTH_PX, WIDE) for one in (MOVING, LEFT, RIGHT)]
    assert supports[0] > max(supports[1:]) + 3


def test_a_sound_from_beyond_the_edge_is_of_something_out_of_sight() -> None:
    far = event(0, "impact", 1, pan=-0.9)
    found = positions(MadeSound((far,)), [far])
    others = [support_of_thing(found, LEFT, WIDTH_PX, WIDE), support_of_unfollowed(found, WIDE)]
    assert support_of_unseen(found, WIDE) > max(others) + 2


def test_mono_says_nothing_and_a_mix_that_places_nothing_says_the_same_of_all() -> None:
    mono, centred = event(0, "impact", 1), event(1, "impact", 1, pan=0.02)
    for mix in MIXES:
        found = positions(MadeSound((mono,)), [mono])
        assert {
            support_of_thing(found, LEFT, WIDTH_PX, mix),
            support_of_unseen(found, mix),
            support_of_unfollowed(found, mix),
        } == {0.0}
    found = positions(MadeSound((centred,)), [centred])
    assert (
        len({support_of_thing(found, one, WIDTH_PX, MIXES[0]) for one in (LEFT, RIGHT)} | {support_of_unseen(found, MIXES[0])})
        == 1
    )


def test_a_position_under_another_sound_counts_for_less() -> None:
    hit, over = event(0, "impact", 1, pan=-0.4), event(1, "noise", 0, 9, pan=0.6)
    clear, crowded = (
        support_of_thing(positions(MadeSound((hit,)), heard), RIGHT, WIDTH_PX, WIDE) for heard in ([hit], [hit, over])
    )
    assert clear < crowded < support_of_thing(positions(MadeSound((hit,)), [hit]), LEFT, WIDTH_PX, WIDE)


def test_the_priors_of_the_mixes_are_probabilities() -> None:
    assert np.sum([mix.prior for mix in MIXES]) == pytest.approx(1.0)
