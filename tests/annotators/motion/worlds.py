"""Tiny drawn worlds with known motion, as clips in memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from annotators.media import ArrayMedia, Frames, Sound
from annotators.motion.tracker import MotionTracker
from annotators.roles import Seeing, TrackRequest

FPS = 25.0
Picture = NDArray[np.uint8]


def clip(draw: Callable[[Picture, float], None], duration_s: float, size: tuple[int, int] = (240, 160)) -> ArrayMedia:
    """A clip whose frames are a textured wall with what `draw(picture, time_s)` puts on it."""
    wall = textured_wall(size)
    pictures = []
    for index in range(round(duration_s * FPS)):
        picture = wall.copy()
        draw(picture, index / FPS)
        pictures.append(picture)
    return media(np.stack(pictures))


def media(pixels: NDArray[np.uint8], scale: float = 1.0) -> ArrayMedia:
    """Frames at FPS with silence beside them."""
    times_s = np.arange(len(pixels)) / FPS
    silence = Sound(np.zeros((1, max(1, round(len(pixels) / FPS * 1000))), np.float32), 1000)
    return ArrayMedia("clip", silence, Frames(pixels, times_s, scale))


def textured_wall(size: tuple[int, int], seed: int = 3) -> Picture:
    """Soft blobs of grey, (height, width, 3): something that a camera's motion can be told from."""
    width, height = size
    coarse = np.random.default_rng(seed).integers(70, 130, (height // 8 + 1, width // 8 + 1, 1))
    return np.repeat(coarse.repeat(8, 0).repeat(8, 1)[:height, :width], 3, axis=2).astype(np.uint8)


def put_box(picture: Picture, x: float, y: float, width: int, height: int, rgb: tuple[int, int, int]) -> None:
    """A filled rectangle with its top left corner at the nearest pixel, cut off at the picture's edges."""
    left, top = round(x), round(y)
    picture[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = rgb


def put_disc(picture: Picture, x: float, y: float, radius: float, rgb: tuple[int, int, int]) -> None:
    """A filled disc around a sub-pixel place, with a soft edge."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    cover = (radius + 0.5 - np.hypot(columns - x, rows - y)).clip(0, 1)[..., None]
    picture[:] = (picture * (1 - cover) + np.array(rgb) * cover).astype(np.uint8)


def put_bell(picture: Picture, x: float, y: float, rgb: tuple[int, int, int]) -> None:
    """A dome of 40 x 48 px on a rim, hanging from the middle of its top at a sub-pixel place."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    down = rows - y
    half = np.where(down < 40, 8 + 8 * down / 40, 20)
    cover = ((half + 0.5 - np.abs(columns - x)).clip(0, 1) * (down.clip(0, 1)) * (48 - down).clip(0, 1))[..., None]
    picture[:] = (picture * (1 - cover) + np.array(rgb) * cover).astype(np.uint8)


def see(seen: ArrayMedia) -> Seeing:
    """What the tracker with its defaults sees."""
    (seeing,) = MotionTracker(MotionTracker.Params()).annotate([TrackRequest(seen, [])])
    assert isinstance(seeing, Seeing)
    return seeing
