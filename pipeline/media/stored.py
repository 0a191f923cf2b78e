"""Facts about a clip's own stored files, read back from what was written rather than from what was asked for."""

import math
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile

_BLOCK_SAMPLES = 1 << 18
_FULL_SCALE = 32768  # 16 bit


@dataclass(frozen=True)
class StoredVideo:
    width_px: int
    height_px: int
    num_frames: int
    fps: float  # average: frames by the clip's duration


@dataclass(frozen=True)
class StoredSound:
    sample_rate_hz: int
    num_channels: int
    num_samples: int
    peak_dbfs: float | None  # None = digital silence


def stored_video(path: Path, duration_s: float) -> StoredVideo:
    """Facts of a stored mp4; ValueError if it holds no picture."""
    with av.open(str(path)) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise ValueError("no video stream was stored")
        count = sum(1 for packet in container.demux(stream) if packet.size)
        if count == 0:
            raise ValueError("no picture was stored")
        return StoredVideo(stream.codec_context.width, stream.codec_context.height, count, count / duration_s)


def stored_sound(path: Path) -> StoredSound:
    """Facts of a stored FLAC. Raises `soundfile.LibsndfileError` for what is not one."""
    with soundfile.SoundFile(path) as sound:
        blocks = sound.blocks(_BLOCK_SAMPLES, dtype="int16")
        peak = max((int(np.abs(block.astype(np.int32)).max()) for block in blocks), default=0)
        peak_dbfs = 20 * math.log10(peak / _FULL_SCALE) if peak else None
        return StoredSound(sound.samplerate, sound.channels, sound.frames, peak_dbfs)
