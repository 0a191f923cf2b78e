"""Tracks in closed form: a square that moves, hides and comes back."""

import json

import numpy as np
import pytest

from annotators.grounded.detector import Found
from annotators.grounded.masks import mask_of
from annotators.grounded.trails import Trail, tracks_of
from schemas.row import Span

pytest.importorskip("pycocotools")
FPS = 2.0
FOUND = Found("a red car", np.array([0.0, 0, 4, 4]), 0.5)


def masks(*lefts: int | None) -> np.ndarray:
    """A square of 4 x 4 px in a picture of 12 x 20 px, its left side in each frame; None: not there."""
    drawn = np.zeros((len(lefts), 12, 20), bool)
    for frame, left in enumerate(lefts):
        if left is not None:
            drawn[frame, 2:6, left : left + 4] = True
    return drawn


def trail(*lefts: int | None, first: int = 0, found: Found = FOUND) -> Trail:
    seen = np.array([left is not None for left in lefts])
    return Trail(found, first, masks(*lefts), np.where(seen, 0.8, 0.0))


def test_a_square_that_moves_and_hides_in_numbers() -> None:
    (track,) = tracks_of([trail(None, 0, 2, None, None, 8, 8, None, first=10)], FPS, scale=3.0)
    assert (track.track_id, track.phrase) == ("g00", "a red car")
    assert (track.start_s, track.end_s) == (5.5, 8.5), "first sight in picture 11, last in picture 16"
    assert [box.time_s for box in track.boxes] == [5.5, 6.0, 7.5, 8.0]
    assert [box.box_xyxy_px for box in track.boxes] == [[3 * left, 6, 3 * left + 12, 18] for left in (0, 2, 8, 8)]
    assert track.coverage_frac == pytest.approx(4 / 6)
    assert track.lost == [Span(start_s=6.5, end_s=7.5)]
    assert track.consistency_iou == pytest.approx((8 / 24 + 1) / 2), "half of it moved on, then none"
    assert [box.score for box in track.boxes] == pytest.approx([0.4] * 4), "of the detector times of the mask"
    assert track.mean_score == pytest.approx(0.4)
    speeds = [3 * 2 * FPS, 3 * 6 / 3 * FPS, 0]
    assert track.mean_speed_px_per_s == pytest.approx(np.mean(speeds))
    assert track.max_speed_px_per_s == pytest.approx(max(speeds))


def test_masks_have_the_size_of_the_pictures_that_were_seen() -> None:
    (track,) = tracks_of([trail(3)], FPS, scale=3.0)
    stored = track.boxes[0].mask_rle
    assert stored is not None
    assert json.loads(stored)["size"] == [12, 20]
    assert np.array_equal(mask_of(stored), masks(3)[0])


def test_one_sight_is_a_track_without_speed_agreement_or_loss() -> None:
    (track,) = tracks_of([trail(None, 5, None)], FPS, scale=1.0)
    assert (track.coverage_frac, track.mean_speed_px_per_s, track.max_speed_px_per_s) == (1, 0, 0)
    assert track.consistency_iou is None
    assert track.lost == []


def test_tracks_are_numbered_by_first_sight_then_by_how_sure_the_detector_was() -> None:
    surer = Found("a dog", FOUND.box, 0.9)
    trails = [trail(None, None, 1), trail(0, 0), trail(0, 0, found=surer), trail(4, first=1)]
    tracks = tracks_of(trails, FPS, scale=1.0)
    assert [(track.track_id, track.start_s, track.phrase) for track in tracks] == [
        ("g00", 0.0, "a dog"),
        ("g01", 0.0, "a red car"),
        ("g02", 0.5, "a red car"),
        ("g03", 1.0, "a red car"),
    ]


def test_a_trail_says_where_its_thing_is_by_the_number_of_the_picture() -> None:
    there = trail(2, None, first=7)
    box = there.box_at(7)
    assert box is not None
    assert box.tolist() == [2, 2, 6, 6]
    assert there.box_at(8) is None
