"""Masks as numbers, in closed form."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from annotators.grounded.masks import box_iou, box_of, consistency, lost_spans, mask_iou, mask_of, run_lengths
from annotators.grounded.segmenter import followed

EMPTY = np.zeros((4, 6), bool)


def block(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = EMPTY.copy()
    mask[y0:y1, x0:x1] = True
    return mask


def test_iou_of_boxes_and_masks_is_shared_over_joint_area() -> None:
    left, right = np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 3, 2])
    assert box_iou(left, right) == pytest.approx(1 / 3)
    assert box_iou(left, left) == 1
    assert box_iou(left, right + 10) == box_iou(left * 0, left * 0) == 0
    assert mask_iou(block(0, 0, 2, 2), block(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert mask_iou(EMPTY, EMPTY) == 1
    assert mask_iou(EMPTY, block(0, 0, 1, 1)) == 0


def test_a_box_ends_behind_the_last_pixel() -> None:
    box = box_of(block(1, 2, 4, 3))
    assert box is not None
    assert box.tolist() == [1, 2, 4, 3]
    assert box_of(EMPTY) is None


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_run_lengths_are_the_mask(mask: np.ndarray) -> None:
    pytest.importorskip("pycocotools")
    text = run_lengths(mask)
    assert json.loads(text)["size"] == list(mask.shape)
    assert np.array_equal(mask_of(text), mask)


def test_run_lengths_go_down_the_columns_and_begin_with_what_is_outside() -> None:
    """Counts 1 outside, 1 inside, 2 outside, as COCO writes them: each in base 32 from "0" on."""
    pytest.importorskip("pycocotools")
    assert json.loads(run_lengths(np.array([[False, False], [True, False]]))) == {"size": [2, 2], "counts": "112"}
    assert json.loads(run_lengths(np.array([[True, False], [False, False]])))["counts"] == "013"


def test_consistency_is_the_mean_agreement_of_neighbours_that_are_both_there() -> None:
    a, b = block(0, 0, 2, 2), block(1, 0, 3, 2)
    assert consistency([a, a, b]) == pytest.approx((1 + 1 / 3) / 2)
    assert consistency([a, EMPTY, b]) is None
    assert consistency([a]) is None


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 9))
def test_seen_and_lost_frames_fill_the_time_between_first_and_last_sight(is_seen: list[bool], first: int) -> None:
    fps = 5.0
    seen = [first + place for place, there in enumerate(is_seen) if there]
    lost = lost_spans(is_seen, first, fps)
    frames_lost = sum(round((span.end_s - span.start_s) * fps) for span in lost)
    assert frames_lost == (seen[-1] - seen[0] + 1 - len(seen) if seen else 0)


def test_a_lost_span_begins_after_the_last_sight_and_ends_with_the_next() -> None:
    (span,) = lost_spans([True, True, False, False, True], first=10, fps=2.0)
    assert (span.start_s, span.end_s) == (6.0, 7.0)


def test_a_score_is_the_mean_probability_where_the_mask_is() -> None:
    logits = np.full((1, 2, 2), -5.0, np.float32)
    logits[0, 0] = [0.0001, np.log(3.0)]
    found = followed([logits, np.full((1, 2, 2), -1024.0, np.float32)])
    assert found.masks.shape == (1, 2, 2, 2)
    assert found.masks[0, 0].sum() == 2
    assert found.scores[0].tolist() == pytest.approx([(0.5 + 0.75) / 2, 0.0], abs=1e-4)
