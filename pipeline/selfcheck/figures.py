"""Figures of merit: a measured value, what it was counted from, and the threshold it must reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Figure:
    """`counted`: in words, what stands behind the value. `at_least`/`at_most`: the threshold; neither for information only."""

    name: str
    value: float | None
    counted: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        """A figure with a threshold that could not be measured is not met."""
        if self.at_least is None and self.at_most is None:
            return True
        if self.value is None:
            return False
        return (self.at_least is None or self.value >= self.at_least) and (self.at_most is None or self.value <= self.at_most)


@dataclass
class Detection:
    """Counts of a detection task over many clips."""

    num_hits: int = 0
    num_truth: int = 0
    num_found: int = 0

    def add(self, num_hits: int, num_truth: int, num_found: int) -> None:
        """Count another clip."""
        self.num_hits += num_hits
        self.num_truth += num_truth
        self.num_found += num_found

    @property
    def f1(self) -> float | None:
        """2·hits / (truth + found), the harmonic mean of precision and recall."""
        total = self.num_truth + self.num_found
        return 2 * self.num_hits / total if total else None

    def __str__(self) -> str:
        return f"{self.num_hits} hits of {self.num_truth} true and {self.num_found} found"


def matched_pairs(truth: Sequence[A], found: Sequence[B], fits: Callable[[A, B], float]) -> list[tuple[int, int]]:
    """The largest one-to-one matching of what fits (`fits` > 0), and of those the best: pairs of indices."""
    if not truth or not found:
        return []
    gains = np.array([[fits(one, other) for other in found] for one in truth])
    # any fit outweighs every difference in quality, so the number of matches comes first
    rows, columns = linear_sum_assignment(-np.where(gains > 0, gains + 1e6, 0.0))
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if gains[row, column] > 0]
