"""Moments: how much a thing's sudden moves speak for its making a sound of hits, weighed against coincidence.

A maker strikes where it is heard; by chance as many onsets fall on moves as the moves cover of the time. A steady delay is
allowed for at a price: a walker's outline changes its direction between its steps, locked to them, but never on them.
Left out: moves that nobody hears, for many things move without a sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotators.correspondence import HEARD_FRAC, covered_s, distances_s

MAX_LAG_S = 0.4
LAG_PRICE = 1.0  # most makers are heard when they are seen to strike
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
    """The onsets of one sound against the sudden moves of one thing, at the delay that says most for it."""
    moves, onsets = np.sort(np.asarray(moves_s, float)), np.sort(np.asarray(onsets_s, float))
    if not len(moves) or not len(onsets):
        return Striking(len(onsets), 0, 0, 0.0, 0.0, 0.0)
    best = _at_lag(moves, onsets, tolerance_s, 0.0)
    price = float(np.log(MAX_LAG_S / tolerance_s)) + LAG_PRICE  # as many delays were tried that differ
    for lag_s in np.arange(-MAX_LAG_S, MAX_LAG_S + 1e-9, tolerance_s / 2).tolist():
        found = _at_lag(moves, onsets, tolerance_s, lag_s)
        if found.support - price > best.support:
            best = replace(found, support=found.support - price)
    mixed = STRIKER_FRAC * np.exp(best.support) + 1 - STRIKER_FRAC  # some move suddenly, but not at their hits
    return replace(best, support=float(np.log(mixed)))


def _at_lag(moves: Floats, onsets: Floats, tolerance_s: float, lag_s: float) -> Striking:
    start_s, end_s = onsets[0] - MARGIN_S, onsets[-1] + MARGIN_S
    heard_s = moves - lag_s  # when they would be heard
    num_matched = int(np.sum(distances_s(onsets, heard_s) <= tolerance_s))
    covered = covered_s(heard_s, tolerance_s, start_s, end_s) / (end_s - start_s)
    chance = float(np.clip(covered, LEAST_CHANCE, MOST_CHANCE))
    hit = max(HEARD_FRAC, chance)
    support = num_matched * np.log(hit / chance) + (len(onsets) - num_matched) * np.log((1 - hit) / (1 - chance))
    num_moves = int(np.sum((heard_s >= start_s) & (heard_s <= end_s)))
    return Striking(len(onsets), num_matched, num_moves, lag_s, chance, float(support))
