"""One shot from pixels to paths: camera, background, regions, trails, paths.

The camera's motion is estimated on pictures of half the size. With a camera at rest everything else uses the full working
size; with a moving one it uses the half size too: alignment is no better than that, and it keeps the time bounded.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.media import Frames
from annotators.motion.background import difference, passing_differences, static_background
from annotators.motion.camera import halved, is_static, transforms_to_first, travel_px
from annotators.motion.families import families
from annotators.motion.happenings import Stage
from annotators.motion.linking import Trail, link
from annotators.motion.palette import divided_regions
from annotators.motion.params import MotionParams
from annotators.motion.paths import Path, is_a_thing, path_of
from annotators.motion.regions import Picture, Region, find_regions
from annotators.motion.resting import without_resting_things

NEIGHBOUR_SPACING_S = 0.16


@dataclass(frozen=True)
class Sight:
    """What was followed in one shot. Arrays are (frames of the shot,): share of the picture in motion, camera speed."""

    stage: Stage
    paths: list[Path]
    moving_fracs: NDArray[np.float64]
    camera_px_per_s: NDArray[np.float64]


def look_at(frames: Frames, shot: range, params: MotionParams) -> Sight:
    """Follow everything that moves in the frames of `shot`."""
    full_height, full_width = frames.pixels.shape[1:3]
    stage = Stage(params.fps, full_width * frames.scale, full_height * frames.scale, shot)
    full = [frames.pixels[index] for index in shot]
    to_first = transforms_to_first(full)
    chosen = full if is_static(to_first) else [halved(picture) for picture in full]
    pictures: list[Picture] = [cv2.GaussianBlur(picture, (3, 3), 0) for picture in chosen]
    if is_static(to_first):
        behind = static_background(pictures)
        changed = [difference(picture, behind) for picture in pictures]
        regions, trails = _linked(pictures, changed, params)
        mended = without_resting_things(behind, pictures, changed, trails, params.low_difference) if trails else behind
        if not np.array_equal(mended, behind):
            regions, trails = _linked(pictures, [difference(picture, mended) for picture in pictures], params)
    else:
        spacing = max(1, round(NEIGHBOUR_SPACING_S * params.fps))
        regions, trails = _linked(pictures, passing_differences(pictures, to_first, spacing), params)
    regions, trails = _parted(pictures, regions, trails, params)
    height, width = chosen[0].shape[:2]
    scale = stage.width_px / width
    paths = [path_of(trail, shot.start, scale, (stage.width_px, stage.height_px)) for trail in trails]
    min_frames = max(3, round(params.min_track_s * params.fps))
    things = [path for path in paths if is_a_thing(path, min_frames, params.min_move_frac)]
    half_height, half_width = halved(full[0]).shape[:2]
    return Sight(
        stage=stage,
        paths=families(things, params.fps, stage.width_px),
        moving_fracs=np.array([sum(region.area_px for region in some) / (width * height) for some in regions]),
        camera_px_per_s=travel_px(to_first, half_width, half_height) * (stage.width_px / half_width) * params.fps,
    )


def _linked(pictures: list[Picture], changed: list[Picture], params: MotionParams) -> tuple[list[list[Region]], list[Trail]]:
    """The moving regions of every frame, and the trails they make."""
    regions = [
        find_regions(picture, change, params.low_difference, params.high_difference, _least_px(pictures, params))
        for picture, change in zip(pictures, changed, strict=True)
    ]
    return regions, link(pictures, regions, _max_gap(params))


def _parted(
    pictures: list[Picture], regions: list[list[Region]], trails: list[Trail], params: MotionParams
) -> tuple[list[list[Region]], list[Trail]]:
    """With the regions divided in which things of different colours meet, if there are any."""
    divided = divided_regions(pictures, trails, _least_px(pictures, params))
    return (divided, link(pictures, divided, _max_gap(params))) if divided else (regions, trails)


def _least_px(pictures: list[Picture], params: MotionParams) -> int:
    height, width = pictures[0].shape[:2]
    return max(9, round(params.min_area_frac * float(height * width)))


def _max_gap(params: MotionParams) -> int:
    return max(1, round(params.max_gap_s * params.fps))
