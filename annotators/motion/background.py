"""What is behind the moving things, and how much each frame differs from it.

A camera at rest: the median of frames spread over the shot, mended where a thing rested so long that the median took it
for background. A moving camera: the median of neighbouring frames laid over the current one. Differences are taken to the
range of values within one pixel, so that compression noise and small misalignments at edges are no motion, and after the
frame's overall brightness is matched, so that flicker is none either.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.motion.camera import Transforms, is_static

Picture = NDArray[np.uint8]
MEDIAN_FRAMES = 48
NEIGHBOUR_STEPS = (-3, -2, -1, 1, 2, 3)  # times `spacing`
RESTED_FRAC = 0.12  # of the shot's frames that show the other look of a pixel
NEIGHBOURHOOD = np.ones((3, 3), np.uint8)


def differences(frames: list[Picture], to_first: Transforms, spacing: int) -> list[Picture]:
    """Per frame uint8 (H, W): difference to what is behind, 0..255. `spacing`: frames between neighbours of a median."""
    if is_static(to_first):
        behind = static_background(frames)
        return [difference(frame, behind) for frame in frames]
    return [difference(frame, _passing_background(frames, to_first, index, spacing)) for index, frame in enumerate(frames)]


def difference(frame: Picture, behind: Picture) -> Picture:
    """How far each pixel lies outside the values around it in `behind`: the maximum over the channels."""
    matched = _match_brightness(behind, frame)
    above = cv2.subtract(frame, cv2.dilate(matched, NEIGHBOURHOOD))
    below = cv2.subtract(cv2.erode(matched, NEIGHBOURHOOD), frame)
    outside: Picture = cv2.max(above, below).max(axis=2)
    return outside


def static_background(frames: list[Picture]) -> Picture:
    """The median picture of a camera at rest, without things that rested and then left, or came and then rested."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), MEDIAN_FRAMES)).astype(int))
    stack = np.stack([frames[index] for index in chosen])
    behind: Picture = np.median(stack, axis=0).astype(np.uint8)
    return _mended(behind, stack) if len(stack) >= 8 else behind


def _mended(behind: Picture, stack: NDArray[np.uint8]) -> Picture:
    """`behind` with the other look wherever pixels have two and the other one fits its surroundings better."""
    differs = np.stack([difference(frame, behind) for frame in stack]) > 24
    two_looks = (differs.mean(axis=0) > RESTED_FRAC).astype(np.uint8)
    two_looks = cv2.morphologyEx(two_looks, cv2.MORPH_OPEN, NEIGHBOURHOOD)
    rows, columns = np.nonzero(two_looks)
    if len(rows) == 0:
        return behind
    values = np.ma.masked_array(stack[:, rows, columns], mask=np.repeat(~differs[:, rows, columns, None], 3, axis=2))
    other = behind.copy()
    other[rows, columns] = np.ma.median(values, axis=0).filled(0).astype(np.uint8)
    count, labels = cv2.connectedComponents(two_looks)
    for label in range(1, count):
        place = labels == label
        if _outline_contrast(other, place) < 0.7 * _outline_contrast(behind, place):
            behind[place] = other[place]
    return behind


def _outline_contrast(picture: Picture, place: NDArray[np.bool_]) -> float:
    """Mean step across the outline of `place`: high where a thing stands there, low where it is background."""
    mask = place.astype(np.uint8)
    outline = (cv2.dilate(mask, NEIGHBOURHOOD) - cv2.erode(mask, NEIGHBOURHOOD)) > 0
    steps = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, NEIGHBOURHOOD).max(axis=2)
    return float(steps[outline].mean()) + 1.0


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
