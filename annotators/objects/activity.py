"""Activity: how much a thing moves in itself while a sound is on, against while it is off.

What a thing does is the share of its box that changes from picture to picture: a flag that waves, a horn that pulses, a car
that drives.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotators.media import Frames
from annotators.objects.things import boxes_at, seen_spans
from schemas.evidence import Track
from schemas.row import Span

CHANGED_LEVELS = 10  # of 255, between two pictures
ACTIVE_FRAC = 0.25  # of the thing's own high activity (three quarters of its moving pictures have less)
SMOOTH_S = 0.2  # pauses so short are none
COUPLED_FRAC = 0.7  # of all makers move as they sound
BUSY_ON_FRAC, BUSY_OFF_FRAC = 0.9, 0.15  # how much of the time such a maker is busy
EFFECTIVE_S = 0.75  # pictures nearer to each other than this say the same

Floats = NDArray[np.float64]


def changes(frames: Frames) -> NDArray[np.uint8]:
    """Which pixels differ from the picture before, (T, H, W) 0 or 1; none in the first."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in frames.pixels]
    changed = np.zeros((len(grey), *grey[0].shape), np.uint8)
    for index in range(1, len(grey)):
        changed[index] = cv2.absdiff(grey[index], grey[index - 1]) > CHANGED_LEVELS
    return changed


def activity(changed: NDArray[np.uint8], frames: Frames, track: Track) -> Floats:
    """Share of the track's box that changes, (T,); 0 where it is not in sight."""
    height, width = changed.shape[1:]
    shares = np.zeros(len(changed))
    for start_s, end_s in seen_spans(track):
        seen = np.flatnonzero((frames.times_s >= start_s - 1e-6) & (frames.times_s < end_s))
        boxes = boxes_at(track, frames.times_s[seen]) / frames.scale
        low = np.floor(boxes[:, :2]).astype(int).clip(0, [width - 1, height - 1])
        high = np.maximum(np.ceil(boxes[:, 2:]).astype(int), low + 1)
        for at, (x0, y0), (x1, y1) in zip(seen, low, high, strict=True):
            shares[at] = changed[at, y0:y1, x0:x1].mean()
    return shares


@dataclass(frozen=True)
class Agreement:
    """How a thing's activity goes with a sound. `support`: log of how many times likelier it is if the thing is the maker."""

    active_on_frac: float  # of the time the sound is on
    active_off_frac: float
    support: float


def agreement(busy: NDArray[np.bool_], is_on: NDArray[np.bool_], fps: float, is_struck: bool = False) -> Agreement:
    """Whether a thing is busy against whether a sound is on, both (T,) at `fps`.

    A thing that moves as it sounds is busy while the sound is on and still while it is off, but for some; any other is busy as
    often at all times. Neighbouring pictures say the same: a stretch of EFFECTIVE_S counts once. Not every maker moves as it
    sounds, so no disagreement excludes it. Of a sound that is struck only the time about its hits counts: between them a
    hammer swings as well.
    """
    on_frac, off_frac = (float(busy[some].mean()) if some.any() else 0.0 for some in (is_on, ~is_on))
    usual = float(np.clip(busy.mean(), 1 - BUSY_ON_FRAC, BUSY_ON_FRAC))
    expected = np.where(is_on, BUSY_ON_FRAC, BUSY_OFF_FRAC)
    gains = np.where(busy, np.log(expected / usual), np.log((1 - expected) / (1 - usual)))
    gain = float(gains[is_on | (not is_struck)].sum() / max(fps * EFFECTIVE_S, 1.0))
    return Agreement(on_frac, off_frac, float(np.log(COUPLED_FRAC * np.exp(gain) + 1 - COUPLED_FRAC)))


def is_active(shares: Floats, fps: float) -> NDArray[np.bool_]:
    """Whether a thing moves in itself at each picture, (T,): by a good part of what it does at its busiest, pauses bridged."""
    seen = shares[shares > 0]
    if not len(seen):
        return np.zeros(len(shares), np.bool_)
    width = max(1, round(SMOOTH_S * fps))
    smooth = np.convolve(shares, np.ones(width) / width, mode="same")
    return np.asarray(smooth >= ACTIVE_FRAC * np.percentile(seen, 75))


def is_on(spans: Sequence[Span], times_s: Floats) -> NDArray[np.bool_]:
    """Whether one of the spans holds each time, (T,)."""
    return np.asarray(np.any([(times_s >= span.start_s) & (times_s < span.end_s) for span in spans], axis=0))
