"""Moments: how much a thing's sudden moves speak for its making a sound of hits, weighed against coincidence.

Two ways round. Onsets that fall on moves: a maker strikes where it is heard, by chance as many fall there as the moves cover
of the time. A steady delay is allowed for at a price: a walker's outline changes its direction between its steps, locked to
them, but never on them. And the other way round, moves that nobody hears speak against a thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotators.correspondence import HEARD_FRAC, covered_s, distances_s

MAX_LAG_S = 0.4
STRIKER_FRAC = 0.9  # of things that make hits and move suddenly at all, so many do so at their hits
MARGIN_S = 0.3  # what lies just outside of the onsets' stretch counts as chance too
LEAST_CHANCE, MOST_CHANCE = 0.03, 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Striking:
    """`support`: natural logarithm of how many times likelier the moments are if the thing makes the sound."""

    num_onsets: int
    num_matched: int  # onsets at a move of the thing, after the delay
    num_moves: int  # moves during the sound
    lag_s: float
    chance_frac: float
    support: float


def striking(moves_s: Sequence[float], onsets_s: Sequence[float], tolerance_s: float) -> Striking:
    """The onsets of one sound against the sudden moves of one thing."""
    moves, onsets = np.sort(np.asarray(moves_s, float)), np.sort(np.asarray(onsets_s, float))
    if not len(moves) or not len(onsets):
        return Striking(len(onsets), 0, 0, 0.0, 0.0, 0.0)
    start_s, end_s = onsets[0] - MARGIN_S, onsets[-1] + MARGIN_S
    lags_s = np.arange(-MAX_LAG_S, MAX_LAG_S + 1e-9, tolerance_s / 2)
    lags_s = lags_s[np.argsort(np.abs(lags_s), kind="stable")]  # no delay first
    found = [_at_lag(moves, onsets, tolerance_s, float(lag_s), start_s, end_s) for lag_s in lags_s]
    price = np.log(MAX_LAG_S / tolerance_s) + 1.0
    found = [found[0], *(_paid(one, price) for one in found[1:])]
    best = max(found, key=lambda one: one.support)
    striker = STRIKER_FRAC * np.exp(best.support) + 1 - STRIKER_FRAC  # some move suddenly, but not at their hits
    return Striking(best.num_onsets, best.num_matched, best.num_moves, best.lag_s, best.chance_frac, float(np.log(striker)))


def _at_lag(moves: Floats, onsets: Floats, tolerance_s: float, lag_s: float, start_s: float, end_s: float) -> Striking:
    shifted = moves - lag_s
    matched = int(np.sum(distances_s(onsets, shifted) <= tolerance_s))
    chance = covered_s(shifted, tolerance_s, start_s, end_s) / (end_s - start_s)
    chance = float(np.clip(chance, LEAST_CHANCE, MOST_CHANCE))
    heard = max(HEARD_FRAC, chance)
    support = matched * np.log(heard / chance) + (len(onsets) - matched) * np.log((1 - heard) / (1 - chance))
    near = int(np.sum((shifted >= start_s) & (shifted <= end_s)))
    return Striking(len(onsets), matched, near, lag_s, chance, float(support))


def _paid(found: Striking, price: float) -> Striking:
    return Striking(found.num_onsets, found.num_matched, found.num_moves, found.lag_s, found.chance_frac, found.support - price)
