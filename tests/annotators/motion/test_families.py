"""Paths of the parts of one thing."""

import numpy as np
from numpy.typing import NDArray

from annotators.motion.families import families
from annotators.motion.paths import Path

FRAMES = np.arange(100)
SWAY = 10 * np.abs(np.sin(FRAMES / 8))
BLUE, RED = (40.0, 60.0, 210.0), (210.0, 40.0, 40.0)


def path(x: NDArray[np.floating], width: float, rgb: tuple[float, float, float], y: float = 60.0) -> Path:
    """A box of `width` by 40 px at `x` in each frame."""
    boxes = np.stack([x, np.full(len(x), y), x + width, np.full(len(x), y + 40)], axis=1)
    return Path(
        first=0,
        boxes=boxes,
        centres=(boxes[:, :2] + boxes[:, 2:]) / 2,
        scores=np.ones(len(x)),
        is_seen=np.ones(len(x), np.bool_),
        colours=np.tile(rgb, (len(x), 1)),
        fill=1.0,
    )


def test_two_like_halves_that_meet_and_part_together_are_one() -> None:
    (pair,) = families([path(90 - SWAY, 30, BLUE), path(120 + SWAY, 30, BLUE)], 25.0, 320.0)
    np.testing.assert_allclose(pair.boxes[:, 0], 90 - SWAY)
    np.testing.assert_allclose(pair.boxes[:, 2], 150 + SWAY)


def test_parts_that_touch_and_move_as_one_are_one() -> None:
    assert len(families([path(90 + SWAY, 30, BLUE), path(120 + SWAY, 20, RED)], 25.0, 320.0)) == 1


def test_a_small_part_within_a_thing_is_no_path_of_its_own() -> None:
    (whole,) = families([path(90 + SWAY, 80, BLUE), path(100 + 2 * SWAY, 10, RED)], 25.0, 320.0)
    assert whole.mean_rgb.tolist() == list(BLUE)


def test_things_that_pass_each_other_or_never_meet_stay_two() -> None:
    assert len(families([path(90 + SWAY, 40, BLUE), path(np.linspace(60, 140, 100), 40, RED)], 25.0, 320.0)) == 2
    assert len(families([path(40 - SWAY, 30, BLUE), path(200 + SWAY, 30, BLUE)], 25.0, 320.0)) == 2


def test_a_door_and_what_is_seen_through_it_stay_two() -> None:
    opening = 20 + 2 * SWAY
    leaf, gap = path(0.0 * SWAY + 90, 60, BLUE), path(150 - opening, 60, RED)
    leaf.boxes[:, 2] = 150 - opening
    gap.boxes[:, 2] = 150
    assert len(families([leaf, gap], 25.0, 320.0)) == 2
