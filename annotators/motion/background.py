"""What is behind the moving things, and how much each frame differs from it.

A camera at rest: the median of frames spread over the shot. A moving camera: the median of neighbouring frames laid over
the current one. Differences are taken to the range of values within one pixel, so that compression noise and small
misalignments at edges are no motion, and after the frame's overall brightness is matched, so that flicker is none either.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.camera import Transforms

Picture = NDArray[np.uint8]
MEDIAN_FRAMES = 48
NEIGHBOUR_STEPS = (-3, -2, -1, 1, 2, 3)  # times `spacing`
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


def passing_differences(frames: list[Picture], to_first: Transforms, spacing: int) -> list[Picture]:
    """Differences for a moving camera; `spacing`: frames between the neighbours of a median."""
    return [
        loose_difference(frame, _passing_background(frames, to_first, index, spacing)) for index, frame in enumerate(frames)
    ]


def difference(frame: Picture, behind: Picture) -> Picture:
    """How much each pixel differs from `behind`: the maximum over the channels."""
    red, green, blue = cv2.split(cv2.absdiff(frame, _match_brightness(behind, frame)))
    most: Picture = cv2.max(cv2.max(red, green), blue)
    return most


def loose_difference(frame: Picture, behind: Picture) -> Picture:
    """How far each pixel lies outside the values around it in `behind`: the maximum over the channels."""
    matched = _match_brightness(behind, frame)
    above = cv2.subtract(frame, cv2.dilate(matched, NEIGHBOURHOOD))
    below = cv2.subtract(cv2.erode(matched, NEIGHBOURHOOD), frame)
    red, green, blue = cv2.split(cv2.max(above, below))
    outside: Picture = cv2.max(cv2.max(red, green), blue)
    return outside


def static_background(frames: list[Picture]) -> Picture:
    """The median picture of a camera at rest; a thing that rests for most of the time is in it (see `resting`)."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), MEDIAN_FRAMES)).astype(int))
    behind: Picture = np.median(np.stack([frames[index] for index in chosen]), axis=0).astype(np.uint8)
    return behind


def _passing_background(frames: list[Picture], to_first: Transforms, index: int, spacing: int) -> Picture:
    """The median of neighbouring frames, each laid over frame `index`; pixels outside a neighbour keep the frame's own."""
    frame = frames[index]
    height, width = frame.shape[:2]
    laid = [frame]
    for step in NEIGHBOUR_STEPS:
        other = index + step * spacing
        if 0 <= other < len(frames):
            to_other = np.linalg.inv(to_first[other]) @ to_first[index]
            # WARP_INVERSE_MAP: the matrix says where in `other` a pixel of this frame is looked up
            laid.append(
                cv2.warpAffine(
                    frames[other], to_other[:2], (width, height), frame.copy(),
                    flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_TRANSPARENT,
                )
            )  # fmt: skip
    return _median(laid)


def _median(pictures: list[Picture]) -> Picture:
    """The per-pixel (lower) median, by sorting whole pictures with minimum and maximum: ten times faster than np.median."""
    ordered = list(pictures)
    for end in range(len(ordered) - 1, len(ordered) // 2 - 1, -1):
        for place in range(end):
            low, high = cv2.min(ordered[place], ordered[place + 1]), cv2.max(ordered[place], ordered[place + 1])
            ordered[place], ordered[place + 1] = low, high
    return ordered[(len(ordered) - 1) // 2] if len(ordered) % 2 == 0 else ordered[len(ordered) // 2]


def _match_brightness(behind: Picture, frame: Picture) -> Picture:
    """`behind` with the gain of the frame: the median ratio over a sparse grid, ignored within the noise."""
    step = max(1, min(frame.shape[:2]) // 32)
    old, new = behind[::step, ::step].astype(np.float32) + 4, frame[::step, ::step].astype(np.float32) + 4
    gain = float(np.median(new / old))
    if abs(gain - 1) < 0.02:
        return behind
    matched: Picture = cv2.convertScaleAbs(behind, alpha=gain, beta=4 * (gain - 1))
    return matched
