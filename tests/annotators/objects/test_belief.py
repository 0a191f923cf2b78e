"""Bayes' rule over makers and mixes, against sums done by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from annotators.objects.belief import Likelihoods, beliefs

SAME_KIND = np.zeros((2, 2), np.bool_)
TWO_KINDS = ~np.eye(2, dtype=np.bool_)


def likelihoods(logs: list[list[list[float]]], differ: NDArray[np.bool_] = SAME_KIND) -> Likelihoods:
    return Likelihoods(np.full(len(logs), 1 / len(logs)), np.array(logs), differ)


def test_one_mix_is_bayes_rule_for_each_sound() -> None:
    found = beliefs(likelihoods([[[np.log(3), 0.0, 0.0], [0.0, 0.0, 0.0]]]), np.array([0.4, 0.4, 0.2]), 2, 1.0)
    assert found[0].tolist() == pytest.approx(np.array([1.2, 0.4, 0.2]) / 1.8)
    assert found[1].tolist() == pytest.approx([0.4, 0.4, 0.2])


def test_what_one_sound_says_about_the_mix_counts_for_the_others() -> None:
    narrow = [[0.0, -9.0, -9.0], [0.0, -2.0, -9.0]]  # the first sound fits a maker only in this mix
    wide = [[-9.0, -9.0, -9.0], [-2.0, 0.0, -9.0]]
    alone = beliefs(likelihoods([[narrow[1], narrow[1]], [wide[1], wide[1]]]), np.array([0.45, 0.45, 0.1]), 2, 1.0)
    together = beliefs(likelihoods([narrow, wide]), np.array([0.45, 0.45, 0.1]), 2, 1.0)
    assert alone[1, 0] == pytest.approx(alone[1, 1])
    assert together[1, 0] > 0.85


def test_a_thing_that_makes_one_kind_of_sound_is_less_likely_to_make_another() -> None:
    logs = [[[5.0, 0.0, 0.0], [0.2, 0.0, -3.0]]]
    priors = np.array([0.45, 0.45, 0.1])
    assert beliefs(likelihoods(logs), priors, 2, 0.1)[1, 0] > 0.5
    assert beliefs(likelihoods(logs, TWO_KINDS), priors, 2, 0.1)[1, 0] < 0.3


def test_every_sound_has_one_maker_even_without_things_or_sounds() -> None:
    assert beliefs(likelihoods([[[0.0, 0.0], [3.0, 0.0]]]), np.array([0.5, 0.5]), 0, 0.3).sum(axis=1).tolist() == pytest.approx(
        [1, 1]
    )
    empty = Likelihoods(np.ones(1), np.zeros((1, 0, 3)), np.zeros((0, 0), np.bool_))
    assert beliefs(empty, np.array([0.4, 0.4, 0.2]), 2, 0.3).shape == (0, 3)
