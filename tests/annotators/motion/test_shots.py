"""Cuts: that the cheap look at two pictures never hides one."""

import numpy as np
import pytest

from annotators.motion import shots
from annotators.motion.shots import Cut, find_cuts


def pairs() -> list[np.ndarray]:
    """Pictures of which more and more changes, in one channel, by hardly enough or by much, two of each: (4, H, W, 3)."""
    random = np.random.default_rng(4)
    made = []
    for share in np.linspace(0.0, 1.0, 40):
        before = random.integers(80, 170, (12, 16, 3)).repeat(9, 0).repeat(9, 1)
        sign = random.choice([-1, 1], (12, 16, 1)).repeat(9, 0).repeat(9, 1) * np.array([0, 1, 0])
        changes = (random.random((12, 16, 1)) < share).repeat(9, 0).repeat(9, 1)
        for levels in (28, 34, 45, 80):
            after = before + levels * sign * changes
            made.append(np.stack([before, before, after, after]).astype(np.uint8))
    return made


def test_pictures_that_are_not_looked_at_closely_hold_no_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [find_cuts(pixels) for pixels in pairs()]
    closely: list[list[Cut]] = []
    with monkeypatch.context() as patch:
        patch.setattr(shots, "LEAST_RMS_LEVELS", 0.0)
        closely = [find_cuts(pixels) for pixels in pairs()]
    assert found == closely
    assert 10 < sum(len(cuts) for cuts in found) < 140
