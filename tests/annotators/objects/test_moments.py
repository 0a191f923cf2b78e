"""Onsets against sudden moves, on numbers that can be worked out by hand."""

import numpy as np
import pytest

from annotators.correspondence import HEARD_FRAC
from annotators.objects.moments import STRIKER_FRAC, striking

ONSETS = [1.0, 2.0, 3.5, 4.2, 6.0]


def test_moves_at_the_onsets_are_weighed_by_the_time_they_cover() -> None:
    found = striking(ONSETS, ONSETS, 0.08)
    chance = 5 * 0.16 / (5.0 + 0.6)
    assert (found.num_onsets, found.num_matched, found.lag_s) == (5, 5, 0.0)
    assert found.chance_frac == pytest.approx(chance)
    assert found.support == pytest.approx(np.log(STRIKER_FRAC * (HEARD_FRAC / chance) ** 5 + 1 - STRIKER_FRAC))


def test_a_thing_without_sudden_moves_is_neither_for_nor_against() -> None:
    assert striking([], ONSETS, 0.08).support == 0.0
    assert striking(ONSETS, [], 0.08).support == 0.0


def test_moves_between_the_onsets_speak_against_but_exclude_nothing() -> None:
    found = striking([1.5, 2.9, 5.1], ONSETS, 0.05)
    assert np.log(1 - STRIKER_FRAC) <= found.support < -1.0


def test_a_steady_delay_is_found_and_costs_something() -> None:
    late = striking([onset + 0.3 for onset in ONSETS], ONSETS, 0.08)
    assert late.num_matched == 5
    assert late.lag_s == pytest.approx(0.3, abs=0.08)
    assert 0 < late.support < striking(ONSETS, ONSETS, 0.08).support - 1.0


def test_a_restless_thing_gains_little_by_being_there_at_every_onset() -> None:
    restless = striking(np.arange(0.5, 6.5, 0.12).tolist(), ONSETS, 0.08)
    assert restless.num_matched == 5
    assert restless.support < 0.3
