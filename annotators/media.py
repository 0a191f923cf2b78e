"""What annotators hear and see: decoded sound and pictures of one clip, and the handle that decodes them on demand."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sound:
    """`samples`: float32 (channels, n) in [-1, 1]."""

    samples: NDArray[np.float32]
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / self.sample_rate_hz)

    @property
    def mono(self) -> NDArray[np.float32]:
        """The mean of the channels, float32 (n,)."""
        mean: NDArray[np.float32] = self.samples.mean(axis=0, dtype=np.float32)
        return mean


@dataclass(frozen=True)
class Frames:
    """`pixels`: uint8 (T, H, W, 3) RGB; `times_s`: float64 (T,) on the clip's time axis; `scale`: stored px per pixel here."""

    pixels: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    scale: float


class Media(Protocol):
    """A clip's media. Decoding happens on the first request for a rate or size and is shared by all who ask for the same."""

    @property
    def clip_id(self) -> str: ...

    @property
    def duration_s(self) -> float: ...

    @property
    def has_video(self) -> bool: ...

    def sound(self, rate_hz: int | None = None) -> Sound:
        """All channels, resampled to `rate_hz` (None: as stored, normally 44.1 kHz)."""
        ...

    def frames(self, fps: float, max_side_px: int) -> Frames:
        """Pictures at a steady rate: frame i is what is on screen at i/fps. Never enlarged. Empty (T=0) without video."""
        ...


@dataclass(frozen=True)
class ArrayMedia:
    """A clip that is already in memory: for using an annotator on arrays, without a dataset."""

    clip_id: str
    stored_sound: Sound
    stored_frames: Frames | None = None

    @property
    def duration_s(self) -> float:
        return self.stored_sound.duration_s

    @property
    def has_video(self) -> bool:
        return self.stored_frames is not None

    def sound(self, rate_hz: int | None = None) -> Sound:
        """The stored sound, resampled with a polyphase filter where another rate is asked for."""
        if rate_hz is None or rate_hz == self.stored_sound.sample_rate_hz:
            return self.stored_sound
        from scipy.signal import resample_poly

        samples = resample_poly(self.stored_sound.samples, rate_hz, self.stored_sound.sample_rate_hz, axis=1)
        return Sound(samples.astype(np.float32), rate_hz)

    def frames(self, fps: float, max_side_px: int) -> Frames:
        """The stored frames nearest in time, as they are: an array is not resized, `scale` says what a pixel is."""
        if self.stored_frames is None:
            return Frames(np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0), 1.0)
        stored = self.stored_frames
        times = np.arange(0, self.duration_s, 1 / fps)
        index = np.clip(np.searchsorted(stored.times_s, times + 1e-6, side="right") - 1, 0, len(stored.times_s) - 1)
        return Frames(stored.pixels[index], times, stored.scale)
