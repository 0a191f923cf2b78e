"""Tracks against things: who must be followed, how closely, and for how long."""

import pytest

from pipeline.scenes import ThingTruth, TruthBox
from pipeline.selfcheck.track_quality import TrackScore
from schemas.evidence import Track, TrackBox
from tests.pipeline.selfcheck.test_track_match import thing, track
from tests.pipeline.selfcheck.test_truth_claims import scene


def sounding(x: float) -> ThingTruth:
    """A thing of 20 × 20 px that moves 1 px per frame for 50 frames and sounds."""
    return thing("o0", x).model_copy(update={"sound_class": "ball_bounce", "kind": "impact"})


def with_boxes(found: Track, boxes: list[TrackBox]) -> Track:
    return found.model_copy(update={"boxes": boxes})


def figures(things: list[ThingTruth], tracks: list[Track]) -> tuple[float | None, float | None]:
    """Mean IoU, recall."""
    score = TrackScore()
    score.add(scene(*things), tracks)
    mean, recall = score.figures()
    return mean.value, recall.value


def test_a_perfect_eye_has_the_best_figures() -> None:
    assert figures([sounding(10)], [track("t00", 10)]) == (1.0, 1.0)


def test_nothing_followed_is_no_overlap_and_meets_no_threshold() -> None:
    score = TrackScore()
    score.add(scene(sounding(10)), [])
    mean, recall = score.figures()
    assert (mean.value, recall.value) == (0.0, 0.0)
    assert not mean.is_met
    assert not recall.is_met


@pytest.mark.parametrize(("shift_px", "iou"), [(5, 15 / 25), (6, 14 / 26), (7, 0.0), (30, 0.0)])
def test_a_thing_is_followed_from_half_an_overlap_on(shift_px: float, iou: float) -> None:
    mean, recall = figures([sounding(10)], [track("t00", 10 + shift_px)])
    assert mean == pytest.approx(iou)
    assert recall == float(iou > 0)


@pytest.mark.parametrize(("num_boxes", "is_followed"), [(25, True), (24, False)])
def test_a_thing_is_followed_for_half_of_its_frames(num_boxes: int, is_followed: bool) -> None:
    whole = track("t00", 10)
    assert figures([sounding(10)], [with_boxes(whole, whole.boxes[:num_boxes])])[1] == float(is_followed)


def test_a_tracker_that_looks_at_every_other_frame_follows_all_the_same() -> None:
    whole = track("t00", 10)
    mean, recall = figures([sounding(10)], [with_boxes(whole, whole.boxes[::2])])
    assert recall == 1.0
    assert mean == pytest.approx((1 + 19 / 21) / 2)  # between its frames the thing is 1 px on


def test_of_two_tracks_the_closer_one_counts() -> None:
    assert figures([sounding(10)], [track("t00", 14), track("t01", 11)])[0] == pytest.approx(19 / 21)


def test_what_is_silent_or_at_rest_or_off_screen_need_not_be_followed() -> None:
    moving = sounding(10)
    at_rest = moving.model_copy(update={"boxes": [box.model_copy(update={"moved_px": 0.0}) for box in moving.boxes]})
    twitching = moving.model_copy(update={"boxes": [*moving.boxes[:2], *at_rest.boxes[2:]]})
    unseen = moving.model_copy(update={"boxes": list[TruthBox]()})
    assert figures([thing("o0", 10), at_rest, twitching, unseen], [track("t00", 10)]) == (None, None)


def test_scenes_are_counted_together() -> None:
    score = TrackScore()
    score.add(scene(sounding(10)), [track("t00", 10)])
    score.add(scene(sounding(10)), [])
    mean, recall = score.figures()
    assert (mean.value, recall.value) == (0.5, 0.5)
    assert recall.counted == "1 of 2 moving sounding things"


def test_one_track_does_not_follow_two_things() -> None:
    mean, recall = figures([sounding(10), sounding(10).model_copy(update={"object_id": "o1"})], [track("t00", 10)])
    assert (mean, recall) == (0.5, 0.5)
