"""Tracks and things matched by the overlap of their boxes."""

import pytest

from pipeline.scenes import ThingTruth, TruthBox
from pipeline.selfcheck.track_match import box_iou, match_tracks, mean_iou
from schemas.evidence import Track, TrackBox
from tests.pipeline.selfcheck.test_truth_claims import scene


def thing(object_id: str, x: float) -> ThingTruth:
    boxes = [TruthBox(time_s=n / 25, box_xyxy_px=[x + n, 50, x + n + 20, 70], moved_px=1.0) for n in range(50)]
    return ThingTruth(
        object_id=object_id, looks="ball", shape="round", color="red", sound_class=None, kind=None, is_silent_mover=True,
        is_on_screen=True, lookalike_of=None, events=[], boxes=boxes,
    )  # fmt: skip


def track(track_id: str, x: float) -> Track:
    boxes = [TrackBox(time_s=n / 25, box_xyxy_px=[x + n, 50, x + n + 20, 70], score=1) for n in range(50)]
    return Track(
        start_s=0, end_s=2, track_id=track_id, phrase="red", boxes=boxes, coverage_frac=1, mean_score=1,
        mean_speed_px_per_s=25, max_speed_px_per_s=25,
    )  # fmt: skip


def test_overlap_of_boxes_is_intersection_over_union() -> None:
    assert box_iou([0, 0, 10, 10], [0, 0, 10, 10]) == 1.0
    assert box_iou([0, 0, 10, 10], [5, 0, 15, 10]) == pytest.approx(1 / 3)
    assert box_iou([0, 0, 10, 10], [10, 0, 20, 10]) == 0.0


def test_a_track_follows_the_thing_whose_boxes_it_shares() -> None:
    things, tracks = [thing("o0", 10), thing("o1", 200)], [track("t00", 203), track("t01", 12), track("t02", 120)]
    assert match_tracks(scene(*things), tracks) == {"o0": "t01", "o1": "t00"}
    assert mean_iou(things[0], track("t09", 15)) == pytest.approx(15 / 25)


def test_nothing_is_matched_where_there_is_nothing() -> None:
    assert match_tracks(scene(thing("o0", 10)), []) == {}
    assert match_tracks(scene(thing("o0", 10)), [track("t00", 250)]) == {}
