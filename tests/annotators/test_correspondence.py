"""Agreement of motion and sound against coincidence, on numbers that can be worked out by hand."""

import numpy as np
import pytest
from scipy.stats import binom

from annotators.correspondence import coincidence, distances_s, following, position, strikes
from schemas.evidence import Track, TrackBox


def test_matches_are_weighed_by_the_share_of_time_that_onsets_cover() -> None:
    found = coincidence([1.02, 3.01, 5.5], [1.0, 3.0], 0.1, 0.0, 10.0)
    assert (found.num_moments, found.num_matched) == (3, 2)
    assert found.chance_frac == pytest.approx(0.04)  # two windows of 0.2 s in 10 s
    assert found.p_chance == pytest.approx(binom.sf(1, 3, 0.04))


def test_windows_that_overlap_or_leave_the_span_are_counted_once() -> None:
    assert coincidence([], [0.0, 0.1, 10.0], 0.1, 0.0, 10.0).chance_frac == pytest.approx((0.2 + 0.1) / 10)


def test_nothing_to_match_is_no_evidence() -> None:
    found = strikes([], [1.0, 2.0], 0.08, 0.0, 9.0)
    assert found.p_chance == 1.0


def test_distance_is_to_the_nearest_onset() -> None:
    assert distances_s(np.array([0.0, 1.4, 9.0]), np.array([1.0, 2.0])).tolist() == pytest.approx([1.0, 0.4, 7.0])
    assert np.isinf(distances_s(np.array([1.0]), np.array([]))).all()


def test_a_hammer_that_swings_twice_for_each_blow_is_still_its_maker() -> None:
    blows = [1.0, 2.1, 3.7, 5.0, 6.4]
    found = strikes(sorted(blows + [blow - 0.5 for blow in blows]), blows, 0.08, 0.0, 9.0)
    assert found.heard.matched_frac == 0.5
    assert found.explained.matched_frac == 1.0
    assert found.p_chance < 0.003


def test_place_is_across_the_picture_and_unknown_out_of_sight() -> None:
    boxes = [TrackBox(time_s=t, box_xyxy_px=[x - 5, 0, x + 5, 10], score=1) for t, x in ((1.0, 0.0), (2.0, 50.0), (3.0, 100.0))]
    track = Track(
        start_s=1, end_s=3, track_id="t00", phrase="p", boxes=boxes, coverage_frac=1, mean_score=1, mean_speed_px_per_s=1,
        max_speed_px_per_s=1,
    )  # fmt: skip
    assert position(track, 100, np.array([1.0, 2.0, 2.5, 3.0])).tolist() == pytest.approx([-1, 0, 0.5, 1])
    assert np.isnan(position(track, 100, np.array([0.5, 3.5]))).all()


def test_following_is_the_same_move_at_any_stereo_width() -> None:
    place = np.linspace(-0.8, 0.8, 9)
    assert following(0.5 * place, place).gap == pytest.approx(0.0, abs=1e-9)
    assert following(0.5 * place, place).correlation == pytest.approx(1.0)
    assert following(-place, place).correlation == pytest.approx(-1.0)
    assert following(np.zeros(9), place).correlation == 0.0
    assert following(np.full(9, np.nan), place).num_points == 0
