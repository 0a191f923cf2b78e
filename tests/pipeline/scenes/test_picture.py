import cv2
import numpy as np
import pytest

from pipeline.scenes.acting import Look
from pipeline.scenes.compose import Scene, Thing
from pipeline.scenes.picture import Painter, background
from pipeline.scenes.shapes import COLORS, SHAPES
from pipeline.scenes.world import Camera, Gliding, Motion, Staying

CAMERA = Camera(320, 240)
FIXED = {"bell", "door", "clock", "hammer", "flag"}  # these have fixtures, which are drawn but not boxed


def thing(motion: Motion, looks: str = "ball", name: str = "o0", size_m: float = 0.2) -> Thing:
    return Thing(name, Look(looks, "yellow", size_m), None, motion, [], [], True)


def scene_of(*things: Thing) -> Scene:
    return Scene(3, CAMERA, 25, 1.0, "pink_noise", -60.0, things)


def changed(frame: np.ndarray, still: np.ndarray) -> np.ndarray:
    return (np.abs(frame.astype(int) - still.astype(int)).max(axis=2) > 14).astype(np.uint8)


@pytest.mark.parametrize("looks", sorted(set(SHAPES) - FIXED))
def test_boxes_lie_on_the_drawn_pixels(looks: str) -> None:
    scene = scene_of(thing(Staying((0.05, CAMERA.y_at(0.5, 2.0), 2.0)), looks))
    painter = Painter(scene)
    frame = next(painter.frames())
    x, y, width, height = cv2.boundingRect(changed(frame, background(scene)))
    box = painter.boxes["o0"][0].box_xyxy_px
    np.testing.assert_allclose(box, [x, y, x + width, y + height], atol=2)


def test_a_ball_is_drawn_where_the_camera_says_in_its_colour() -> None:
    scene = scene_of(thing(Staying((0.3, 0.8, 2.0))))
    painter = Painter(scene)
    frame = next(painter.frames())
    centre_px = 160 + 320 * 0.3 / 2, 96 + 320 * (0.6 - 0.8) / 2
    np.testing.assert_allclose(frame[round(centre_px[1]), round(centre_px[0])], COLORS["yellow"], atol=12)
    x0, y0, x1, y1 = painter.boxes["o0"][0].box_xyxy_px
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx(centre_px, abs=1)
    assert (x1 - x0, y1 - y0) == pytest.approx((64, 64), abs=2)


def test_a_moving_thing_has_a_box_in_every_frame_and_says_how_far_it_moved() -> None:
    scene = scene_of(thing(Gliding((-0.5, 0.6, 2.0), (0.5, 0.6, 2.0), 0.0, 1.0)))
    painter = Painter(scene)
    assert len(list(painter.frames())) == 25
    boxes = painter.boxes["o0"]
    assert len(boxes) == 25
    assert np.mean([box.moved_px for box in boxes[1:]]) == pytest.approx(160 / 25, abs=0.5)


def test_a_thing_outside_of_the_picture_or_behind_another_has_no_box() -> None:
    outside = thing(Staying((CAMERA.x_at(1.05, 2.0), 0.6, 2.0)))
    behind = thing(Staying((0.0, 0.6, 2.5)), name="o1", size_m=0.1)
    before = thing(Staying((0.0, 0.6, 1.8)), name="o2")
    painter = Painter(scene_of(outside, behind, before))
    list(painter.frames())
    assert painter.boxes["o0"] == painter.boxes["o1"] == []
    assert len(painter.boxes["o2"]) == 25


def test_fixtures_stand_still_and_are_not_boxed() -> None:
    clock = thing(Staying((0.0, CAMERA.y_at(0.3, 2.0), 2.0)), "clock", size_m=0.5)
    painter = Painter(scene_of(clock))
    list(painter.frames())
    assert painter.boxes["o0"][0].box_xyxy_px[1] >= 0.3 * 240 - 3  # the pendulum hangs under its pivot, the face is above
