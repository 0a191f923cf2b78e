"""Drawing: frames of a scene, and for each thing the box of the pixels that it covers.

Things are drawn from far to near with anti-aliased polygons over a still background; a little sensor noise lies over all.
A box is that of the thing's own parts inside the picture, whether or not something nearer hides some of them; while more
than half of a thing is hidden or outside of the picture, it has no box.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.scenes.compose import Scene, Thing
from pipeline.scenes.shapes import COLORS, SHAPES, Part
from pipeline.scenes.truth import TruthBox
from pipeline.scenes.world import Camera, Pose

Image = NDArray[np.uint8]
SUBPIXEL_BITS = 4
MIN_VISIBLE_FRAC = 0.5
NOISE_LEVEL = 1.6  # standard deviation of the sensor noise, of 255


@dataclass(frozen=True)
class Outline:
    """A part in the picture: points in 1/16 px, colour RGB."""

    points: NDArray[np.int32]
    rgb: tuple[int, int, int]
    is_fixture: bool


def background(scene: Scene) -> Image:
    """Wall or sky over a floor, with gradients, and a faint texture that differs from scene to scene."""
    rng = np.random.default_rng([scene.seed, 3])
    height, width = scene.camera.height_px, scene.camera.width_px
    walls = ((92, 108, 128), (118, 112, 104), (84, 102, 98), (104, 96, 116), (136, 148, 160))
    wall = np.array(walls[rng.integers(len(walls))], float)
    floor = wall * rng.uniform(0.5, 0.7) + rng.uniform(0, 14, 3)
    horizon = round(0.4 * height + scene.camera.focal_px * 0.6 / 5.0)
    rows = np.arange(height)[:, None]
    shade = np.where(
        rows < horizon, wall * (0.8 + 0.3 * rows / horizon), floor * (0.75 + 0.4 * (rows - horizon) / (height - horizon))
    )
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), rng.uniform(1.5, 5))
    texture = grain / grain.std() * rng.choice([0.0, 1.5, 3.0])
    image: Image = np.clip(shade[:, None, :] + texture[:, :, None], 0, 255).astype(np.uint8)
    return image


def outlines(camera: Camera, thing: Thing, pose: Pose, frame: int) -> list[Outline]:
    """The parts of a thing in one frame, from back to front. Fixtures keep the place of frame 0 and never turn."""
    base = COLORS[thing.look.color]
    parts = SHAPES[thing.look.looks](float(pose.phase[frame]), float(pose.vigor[frame]))
    return [_outline(camera, thing.look.size_m, pose, 0 if part.is_fixture else frame, part, base) for part in parts]


def _outline(camera: Camera, size_m: float, pose: Pose, frame: int, part: Part, base: tuple[int, int, int]) -> Outline:
    points = part.points * size_m
    if not part.is_fixture:
        points = points * (pose.scale_x[frame], pose.scale_y[frame])
        c, s = np.cos(pose.angle_rad[frame]), np.sin(pose.angle_rad[frame])
        points = points @ np.array([[c, s], [-s, c]])
    x, y = camera.project(pose.x_m[frame] + points[:, 0], pose.y_m[frame] + points[:, 1], pose.z_m[frame])
    pixels = np.round(np.stack([x, y], axis=1) * 2**SUBPIXEL_BITS).astype(np.int32)
    red, green, blue = (min(255, round(c * part.tint)) for c in part.rgb or base)
    return Outline(pixels, (red, green, blue), part.is_fixture)


def silhouette(camera: Camera, shapes: list[Outline]) -> Image:
    """255 where the thing (without its fixtures) covers the picture, uint8 (H, W)."""
    mask = np.zeros((camera.height_px, camera.width_px), np.uint8)
    for outline in shapes:
        if not outline.is_fixture:
            cv2.fillPoly(mask, [outline.points], 255, shift=SUBPIXEL_BITS)
    return mask


def full_area_px(shapes: list[Outline]) -> float:
    """The area of the box around all own points of a thing, also outside of the picture."""
    points = np.concatenate([outline.points for outline in shapes if not outline.is_fixture]) / 2**SUBPIXEL_BITS
    return float(np.prod(np.ptp(points, axis=0) + 1))


class Painter:
    """Draws the frames of one scene in order; `boxes` fills as it goes: object_id → boxes."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.times_s = np.arange(round(scene.duration_s * scene.fps)) / scene.fps
        self.boxes: dict[str, list[TruthBox]] = {thing.object_id: [] for thing in scene.things}
        self._poses = {thing.object_id: thing.motion(self.times_s) for thing in scene.things}
        rng = np.random.default_rng([scene.seed, 5])
        shape = (scene.camera.height_px, scene.camera.width_px, 3)
        self._noise = [np.round(rng.normal(0, NOISE_LEVEL, shape)).astype(np.int16) for _ in range(5)]

    def frames(self) -> Iterator[Image]:
        """Every frame, uint8 RGB (H, W, 3)."""
        still = background(self.scene)
        for frame in range(len(self.times_s)):
            canvas = still.copy()
            self._paint(canvas, frame)
            noise = self._noise[frame * 7 % len(self._noise)]
            yield np.clip(canvas + noise, 0, 255).astype(np.uint8)

    def _paint(self, canvas: Image, frame: int) -> None:
        seen = [thing for thing in self.scene.things if thing.is_on_screen]
        hidden = np.zeros(canvas.shape[:2], np.uint8)
        drawn = []
        for thing in sorted(seen, key=lambda t: float(self._poses[t.object_id].z_m[frame])):
            shapes = outlines(self.scene.camera, thing, self._poses[thing.object_id], frame)
            mask = silhouette(self.scene.camera, shapes)
            self._note_box(thing, frame, mask, hidden, full_area_px(shapes))
            hidden |= mask
            drawn.append(shapes)
        for shapes in reversed(drawn):
            for outline in shapes:
                cv2.fillPoly(canvas, [outline.points], outline.rgb, cv2.LINE_AA, SUBPIXEL_BITS)

    def _note_box(self, thing: Thing, frame: int, mask: Image, hidden: Image, full_px: float) -> None:
        area = cv2.countNonZero(mask)
        x, y, width, height = cv2.boundingRect(mask)
        shown = cv2.countNonZero(mask & ~hidden)
        if area == 0 or shown < MIN_VISIBLE_FRAC * area or width * height < MIN_VISIBLE_FRAC * full_px:
            return
        corners = [float(x), float(y), float(x + width), float(y + height)]
        boxes = self.boxes[thing.object_id]
        follows = boxes and boxes[-1].time_s == self.times_s[frame - 1]
        moved = max(abs(a - b) for a, b in zip(corners, boxes[-1].box_xyxy_px, strict=True)) if follows else 0.0
        boxes.append(TruthBox(time_s=float(self.times_s[frame]), box_xyxy_px=corners, moved_px=moved))
