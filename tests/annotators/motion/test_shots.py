"""Cuts: that the cheap look at two pictures never hides one."""

import numpy as np
import pytest

from annotators.motion import shots
from annotators.motion.shots import Cut, find_cuts


def pairs() -> list[np.ndarray]:
    """Even pictures of which more and more changes its colour, by hardly enough or by much, two of each: (4, H, W, 3)."""
    random = np.random.default_rng(4)
    before = np.full((108, 144, 3), 100)
    made = []
    for share in np.linspace(0.0, 1.0, 40):
        changes = (random.random((12, 16, 1)) < share).repeat(9, 0).repeat(9, 1)
        for levels in (24, 28, 34, 60):
            after = before + changes * np.array([0, levels, -levels])
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
