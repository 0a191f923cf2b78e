"""The motion tracker on drawn worlds with known motion."""

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from annotators.motion.tracker import MotionTracker
from annotators.roles import TrackRequest
from schemas.evidence import Track
from tests.annotators.motion.worlds import FPS, clip, media, put_bell, put_box, put_disc, see, textured_wall

RED, BLUE, YELLOW = (210, 40, 40), (40, 60, 210), (220, 210, 40)


def box_at(track: Track, time_s: float) -> list[float]:
    return min(track.boxes, key=lambda box: abs(box.time_s - time_s)).box_xyxy_px


def iou(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (both - shared)


def bounce_height(time_s: float, first_s: float, gravity: float, speed: float, keeps: float) -> tuple[float, list[float]]:
    """Height over the floor of a ball that first lands at `first_s`, and when it bounces."""
    bounces, start, up = [], first_s, speed
    if time_s < first_s:
        left = first_s - time_s
        return speed / keeps * left - gravity * left**2 / 2, []
    while True:
        bounces.append(start)
        flight = 2 * up / gravity
        if time_s < start + flight or flight < 0.2:
            since = min(time_s - start, flight)
            return up * since - gravity * since**2 / 2, bounces
        start, up = start + flight, up * keeps


def test_a_square_at_constant_speed_is_one_track_that_fits_it() -> None:
    seeing = see(clip(lambda picture, t: put_box(picture, 10 + 60 * t, 60, 30, 30, RED), 3.0))
    (track,) = seeing.tracks
    overlaps = [iou(box.box_xyxy_px, [(x := round(10 + 60 * box.time_s)), 60, x + 30, 90]) for box in track.boxes]
    assert len(overlaps) >= 73
    assert np.mean(overlaps) >= 0.85
    assert track.phrase == "red square region"
    assert track.mean_speed_px_per_s == pytest.approx(60, rel=0.1)
    assert not [event for event in seeing.events if event.kind == "impact"]


def test_boxes_are_in_pixels_of_the_stored_video() -> None:
    small = clip(lambda picture, t: put_box(picture, 10 + 60 * t, 60, 30, 30, RED), 2.0).frames(FPS, 320)
    (track,) = see(media(small.pixels, scale=3.0)).tracks
    assert iou(box_at(track, 1.0), [210, 180, 300, 270]) >= 0.85


def test_a_bouncing_ball_gives_an_impact_at_each_bounce() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        put_disc(picture, 40 + 30 * t, 130 - bounce_height(t, 0.53, 600, 300, 0.8)[0], 12, BLUE)

    bounces = bounce_height(3.3, 0.53, 600, 300, 0.8)[1]
    impacts = [event.time_s for event in see(clip(draw, 3.3)).events if event.kind == "impact"]
    assert len(bounces) == 4
    assert impacts == pytest.approx(bounces, abs=1 / FPS)


def test_a_bell_at_rest_that_is_struck_is_one_track_over_its_body_with_an_impact_at_each_stroke() -> None:
    strokes = (0.9, 2.5, 4.1)

    def draw(picture: np.ndarray, t: float) -> None:
        since = [t - stroke for stroke in strokes if t >= stroke]
        swing = sum(9 * np.exp(-passed / 0.3) * np.sin(2 * np.pi * 2 * passed) for passed in since)
        put_bell(picture, 120 + swing, 40, YELLOW)

    seeing = see(clip(draw, 5.4))
    (track,) = seeing.tracks
    assert track.coverage_frac > 0.9
    assert all(iou(box.box_xyxy_px, [100, 40, 140, 88]) >= 0.6 for box in track.boxes)
    impacts = [event.time_s for event in seeing.events if event.kind == "impact"]
    assert impacts == pytest.approx(strokes, abs=0.06)


def test_a_lamp_that_pulses_gives_no_burst_of_impacts() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        put_disc(picture, 120, 80, 20 + (3 * (1 - np.cos(2 * np.pi * 4 * t)) if 1 <= t < 4 else 0), RED)

    seeing = see(clip(draw, 5.0))
    (track,) = seeing.tracks
    assert iou(box_at(track, 0.5), [100, 60, 140, 100]) >= 0.6
    assert sum(event.kind == "impact" for event in seeing.events) <= 1


def test_two_things_that_cross_keep_their_ids() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        put_box(picture, 10 + 70 * t, 60, 28, 28, RED)
        put_box(picture, 200 - 70 * t, 66, 28, 28, BLUE)

    tracks = {track.phrase.split()[0]: track for track in see(clip(draw, 2.7)).tracks}
    assert set(tracks) == {"red", "blue"}
    assert iou(box_at(tracks["red"], 2.6), [192, 60, 220, 88]) > 0.8
    assert iou(box_at(tracks["blue"], 2.6), [18, 66, 46, 94]) > 0.8


def test_a_thing_that_pauses_keeps_its_track_and_its_start_and_stop_are_events() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        put_box(picture, 20 + 60 * min(t, 1.0) + 60 * max(0.0, t - 3.0), 50, 30, 40, YELLOW)

    seeing = see(clip(draw, 4.5))
    (track,) = seeing.tracks
    assert iou(box_at(track, 2.0), [80, 50, 110, 90]) > 0.8
    turns = [(event.kind, event.time_s) for event in seeing.events if event.kind in ("start", "stop")]
    assert [kind for kind, _ in turns] == ["stop", "start"]
    assert [time_s for _, time_s in turns] == pytest.approx([1.0, 3.0], abs=0.12)


def test_a_thing_that_rests_most_of_the_time_leaves_no_ghost_behind() -> None:
    seeing = see(clip(lambda picture, t: put_box(picture, 40 + 80 * max(0.0, t - 2.4), 50, 30, 30, RED), 4.0))
    (track,) = seeing.tracks
    assert iou(box_at(track, 3.8), [152, 50, 182, 80]) > 0.8


def test_appearing_and_vanishing_are_events() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        if 1.0 <= t < 2.0:
            put_disc(picture, 40 + 60 * t, 80, 14, RED)

    kinds = {event.kind: event.time_s for event in see(clip(draw, 3.0)).events}
    assert kinds["appear"] == pytest.approx(1.0, abs=0.05)
    assert kinds["vanish"] == pytest.approx(2.0, abs=0.09)


def test_a_hard_cut_is_found_and_ends_the_tracks() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        if t >= 1.48:
            picture[:] = 255 - picture // 3
            picture[:, :, 0] //= 2
        put_box(picture, 20 + 50 * t, 60, 30, 30, RED)

    seeing = see(clip(draw, 3.0))
    (cut,) = [event for event in seeing.events if event.kind == "cut"]
    assert cut.time_s == pytest.approx(1.48)
    assert cut.track_id is None
    assert all(track.end_s <= 1.48 or track.start_s >= 1.48 for track in seeing.tracks)


def test_a_pan_is_neither_a_cut_nor_a_moving_thing() -> None:
    wide = textured_wall((640, 160))
    pan = np.stack([wide[:, 4 * index : 4 * index + 240] for index in range(75)])
    seeing = see(media(pan))
    assert [event.kind for event in seeing.events] == []
    assert seeing.tracks == []
    numbers = {number.name: number.value for number in seeing.measurements}
    assert numbers["camera_speed_mean"] == pytest.approx(4 * FPS, rel=0.1)


def test_a_thing_is_followed_from_a_moving_camera() -> None:
    wide = textured_wall((640, 160))
    pictures = []
    for index in range(75):
        picture = wide[:, 3 * index : 3 * index + 240].copy()
        put_box(picture, 30 + 1.5 * index, 60, 36, 36, RED)
        pictures.append(picture)
    tracks = [track for track in see(media(np.stack(pictures))).tracks if track.phrase.startswith("red")]
    assert iou(box_at(tracks[0], 1.4), [82, 60, 118, 96]) > 0.6


@pytest.mark.parametrize("gains", [np.ones(50), 1 + 0.25 * np.sin(np.arange(50))], ids=["still", "flicker"])
def test_a_picture_in_which_nothing_moves_has_no_tracks(gains: np.ndarray) -> None:
    wall = textured_wall((240, 160)).astype(np.float64)
    noise = np.random.default_rng(1).normal(0, 2.0, (50, *wall.shape))
    seeing = see(media((wall * gains[:, None, None, None] + noise).clip(0, 255).astype(np.uint8)))
    assert seeing.tracks == []
    assert seeing.events == []


def test_boxes_stay_within_the_picture() -> None:
    seeing = see(clip(lambda picture, t: put_box(picture, -30 + 150 * t, 130, 40, 40, RED), 2.0))
    boxes = np.array([box.box_xyxy_px for track in seeing.tracks for box in track.boxes])
    assert len(boxes) > 20
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [240, 160]).all()
    assert (boxes[:, :2] < boxes[:, 2:]).all()


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (30, 1, 1, 3), (1, 121, 161, 3), (30, 121, 161, 3), (30, 2, 400, 3)])
def test_any_size_and_length_of_video_is_answered(shape: tuple[int, ...]) -> None:
    seeing = see(media(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)))
    assert {number.name for number in seeing.measurements} >= {"moving_area_mean", "num_cuts", "still_frames"}


def test_a_clip_without_a_picture_is_answered_with_nothing() -> None:
    seeing = see(ArrayMedia("sound-only", Sound(np.zeros((1, 8000), np.float32), 8000)))
    assert (seeing.tracks, seeing.events, seeing.measurements) == ([], [], [])


def test_there_are_never_more_tracks_than_asked_for_and_the_largest_stay() -> None:
    def draw(picture: np.ndarray, t: float) -> None:
        for row in range(5):
            put_box(picture, 10 + 40 * t, 4 + 30 * row, 8 + 3 * row, 8 + 3 * row, RED)

    tracker = MotionTracker(MotionTracker.Params(max_tracks=2))
    (seeing,) = tracker.annotate([TrackRequest(clip(draw, 2.0), [])])
    assert [round(track.boxes[20].box_xyxy_px[1] / 30) for track in seeing.tracks] == [3, 4]


def test_a_batch_gives_the_same_answers_as_one_by_one_and_as_before() -> None:
    def one_box(speed: float) -> ArrayMedia:
        return clip(lambda picture, t: put_box(picture, 10 + speed * t, 60, 30, 30, RED), 1.5)

    clips = [one_box(40), one_box(70)]
    together = MotionTracker(MotionTracker.Params()).annotate([TrackRequest(one, []) for one in clips])
    assert list(together) == [see(one) for one in clips]
