"""What is behind the moving things, and how much each frame differs from it.

A camera at rest: the median of frames spread over the shot. A moving camera: the median of neighbouring frames laid over
the current one. Differences are taken to the range of values within one pixel, so that compression noise and small
misalignments at edges are no motion, and after the frame's overall brightness is matched, so that flicker is none either.
"""

import cv2
import numpy as np

from annotators.motion.camera import Transforms
from annotators.motion.regions import Picture, channel_max

MEDIAN_FRAMES = 48
NEIGHBOUR_STEPS = (-3, -2, -1, 1, 2, 3)  # times `spacing`
NOISE_GAIN = 0.02
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


def passing_differences(frames: list[Picture], to_first: Transforms, spacing: int) -> list[Picture]:
    """Differences for a moving camera; `spacing`: frames between the neighbours of a median."""
    return [
        loose_difference(frame, _passing_background(frames, to_first, index, spacing)) for index, frame in enumerate(frames)
    ]


def difference(frame: Picture, behind: Picture) -> Picture:
    """How much each pixel differs from `behind`: the maximum over the channels."""
    return channel_max(cv2.absdiff(frame, _match_brightness(behind, frame)))


def loose_difference(frame: Picture, behind: Picture) -> Picture:
    """How far each pixel lies outside the values around it in `behind`: the maximum over the channels."""
    matched = _match_brightness(behind, frame)
    above = cv2.subtract(frame, cv2.dilate(matched, NEIGHBOURHOOD))
    below = cv2.subtract(cv2.erode(matched, NEIGHBOURHOOD), frame)
    return channel_max(cv2.max(above, below))


def static_background(frames: list[Picture]) -> Picture:
    """The median picture of a camera at rest; a thing that rests for most of the time is in it (see `resting`)."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), MEDIAN_FRAMES)).astype(int))
    ordered = _risen([frames[index] for index in chosen], len(chosen) // 2 + 1)
    below, above = ordered[(len(chosen) - 1) // 2], ordered[len(chosen) // 2]
    return below + (above - below) // 2


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
    return _risen(laid, (len(laid) + 1) // 2)[(len(laid) - 1) // 2]


def _risen(pictures: list[Picture], passes: int) -> list[Picture]:
    """`pictures` after some passes of a bubble sort of each pixel: the last of them, as many as passes, are in order.

    To sort whole pictures with minimum and maximum is several times faster than np.median.
    """
    ordered = list(pictures)
    for end in range(len(ordered) - 1, max(0, len(ordered) - 1 - passes), -1):
        for place in range(end):
            low, high = cv2.min(ordered[place], ordered[place + 1]), cv2.max(ordered[place], ordered[place + 1])
            ordered[place], ordered[place + 1] = low, high
    return ordered


def _match_brightness(behind: Picture, frame: Picture) -> Picture:
    """`behind` with the gain of the frame: the median ratio over a sparse grid, ignored within the noise."""
    step = max(1, min(frame.shape[:2]) // 32)
    old, new = behind[::step, ::step].astype(np.float32) + 4, frame[::step, ::step].astype(np.float32) + 4
    gains = new / old
    if 2 * np.count_nonzero(np.abs(gains - 1) < NOISE_GAIN) > gains.size + 2:  # then so is their median, which costs more
        return behind
    gain = float(np.median(gains))
    if abs(gain - 1) < NOISE_GAIN:
        return behind
    matched: Picture = cv2.convertScaleAbs(behind, alpha=gain, beta=4 * (gain - 1))
    return matched
