"""How the camera moves: a chain of similarity transforms that lays every frame of a shot over the shot's first frame.

Corners are followed by sparse Lucas-Kanade flow and a similarity is fitted with RANSAC. The fit counts as camera motion
only when most corners agree and the agreeing ones are spread over the picture; otherwise one large moving thing would be
taken for the camera. Perspective and parallax are left out: what they leave over is absorbed by `background`.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.regions import Picture

MAX_CORNERS = 120
MIN_CORNERS = 12
STILL_PX = 0.35  # corners that move less are at rest
AGREEING_FRAC = 0.55
SPREAD_FRAC = 0.25  # of the picture's area, spanned by the agreeing corners
REST_FRAMES = 32
TEXTURE_LEVELS = 8.0
MIN_TEXTURED_PX = 200
REST_LEVELS = 2.0  # of 255, median over the texture
RESTING_FRAC = 0.9  # of the frames
STILL_LEVELS = 6.0  # of 255, between frames where nothing moved

Transforms = NDArray[np.float64]


def halved(picture: Picture) -> Picture:
    """At half its size, unless it is tiny."""
    if min(picture.shape[:2]) < 32:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def transforms_to_first(frames: Sequence[Picture]) -> Transforms:
    """(n, 3, 3): matrix k maps homogeneous pixels of the halved frame k to those of frame 0. Identity for a camera at rest."""
    chain = np.tile(np.eye(3), (len(frames), 1, 1))
    if len(frames) > 1 and min(frames[0].shape[:2]) >= 16 and is_at_rest(frames):
        return chain
    greys = [_grey(frame) for frame in frames]
    for index in range(1, len(greys)):
        step = _step(greys[index - 1], greys[index])
        chain[index] = chain[index - 1] @ step
    return chain


def _grey(frame: Picture) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(halved(frame), cv2.COLOR_RGB2GRAY))


def is_at_rest(frames: Sequence[Picture]) -> bool:
    """Whether the texture of nearly all frames lies where the median picture has it, but for a change of brightness."""
    chosen = [_grey(frames[index]) for index in np.unique(np.linspace(0, len(frames) - 1, REST_FRAMES).astype(int))]
    behind = np.median(np.stack(chosen), axis=0).astype(np.float32)
    textured = cv2.morphologyEx(behind, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > TEXTURE_LEVELS
    if int(textured.sum()) < MIN_TEXTURED_PX:
        return False
    differences = [frame[textured] - behind[textured] for frame in chosen]
    off = [np.median(np.abs(difference - np.median(difference))) for difference in differences]
    return float(np.mean(np.array(off) < REST_LEVELS)) > RESTING_FRAC


def is_static(to_first: Transforms, tolerance_px: float = 0.75) -> bool:
    """Whether the picture never leaves its place by more than `tolerance_px`, judged at 100 px from the origin."""
    probe = np.array([[0.0, 100.0], [0.0, 100.0], [1.0, 1.0]])
    return bool(np.abs((to_first @ probe)[:, :2] - probe[:2]).max() < tolerance_px)


def travel_px(to_first: Transforms, width: int, height: int) -> NDArray[np.float64]:
    """(n,): how far the middle of the picture moved since the frame before; 0 for the first."""
    middle = np.array([width / 2, height / 2, 1.0])
    places = (to_first @ middle)[:, :2]
    return np.concatenate([[0.0], np.hypot(*np.diff(places, axis=0).T)])


def _step(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The similarity that maps pixels of `after` to `before`, or identity where the camera cannot be seen to move."""
    still = np.eye(3)
    if min(before.shape) < 16 or _texture_rests(before, after):
        return still
    corners = cv2.goodFeaturesToTrack(before, MAX_CORNERS, 0.02, max(4, max(before.shape) // 24))
    if corners is None or len(corners) < MIN_CORNERS:
        return still
    followed, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, winSize=(15, 15), maxLevel=3)
    there = found.ravel() == 1
    old, new = corners.reshape(-1, 2)[there], followed.reshape(-1, 2)[there]
    if len(old) < MIN_CORNERS or np.mean(np.hypot(*(new - old).T) < STILL_PX) > 1 - AGREEING_FRAC:
        return still
    fit, agreeing = cv2.estimateAffinePartial2D(new, old, method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=200)
    if fit is None or not _is_camera(new, agreeing.ravel() == 1, before.shape):
        return still
    return np.vstack([fit, [0.0, 0.0, 1.0]])


def _texture_rests(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Whether most of the picture's textured pixels stayed as they were (a cheap test that spares the flow)."""
    gradient = cv2.morphologyEx(before, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    textured = gradient > 24
    if int(textured.sum()) < 50:
        return True
    return bool(np.percentile(cv2.absdiff(before, after)[textured], 70) < STILL_LEVELS)


def _is_camera(points: NDArray[np.float32], agreeing: NDArray[np.bool_], shape: tuple[int, ...]) -> bool:
    if agreeing.mean() < AGREEING_FRAC or agreeing.sum() < MIN_CORNERS:
        return False
    hull = cv2.convexHull(points[agreeing])
    return bool(cv2.contourArea(hull) > SPREAD_FRAC * shape[0] * shape[1])
