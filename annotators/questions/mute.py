"""Media without the sound that belongs to it: a silent video, and a clip whose sound is digital silence."""

from dataclasses import dataclass

import numpy as np

from annotators.media import Frames, Media, Sound

_RATE_HZ = 44_100


@dataclass(frozen=True)
class SilentVideo:
    """A clip's pictures alone: nobody who is given it can overhear anything."""

    pictures: Media

    @property
    def clip_id(self) -> str:
        return self.pictures.clip_id

    @property
    def duration_s(self) -> float:
        return self.pictures.duration_s

    @property
    def has_video(self) -> bool:
        return self.pictures.has_video

    def sound(self, rate_hz: int | None = None) -> Sound:
        """ValueError: whoever asks was meant to see only."""
        raise ValueError(f"{self.clip_id} was given as a silent video, whose sound must not be asked for")

    def frames(self, fps: float, max_side_px: int) -> Frames:
        return self.pictures.frames(fps, max_side_px)


@dataclass(frozen=True)
class Silence:
    """Digital silence as long as a clip, without pictures."""

    clip_id: str
    duration_s: float
    has_video: bool = False

    def sound(self, rate_hz: int | None = None) -> Sound:
        """Zeros, mono."""
        rate_hz = rate_hz or _RATE_HZ
        return Sound(np.zeros((1, max(1, round(self.duration_s * rate_hz))), np.float32), rate_hz)

    def frames(self, fps: float, max_side_px: int) -> Frames:
        """None (T=0)."""
        return Frames(np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0), 1.0)
