"""Facts about a clip's own stored files, read back from what was written rather than from what was asked for."""

import math
from dataclasses import dataclass
from pathlib import Path

import av
import soundfile

_BLOCK_SAMPLES = 1 << 18
_FULL_SCALE = 32768  # 16 bit
_TOLERANCE_S = 0.001  # containers that were copied from round to a millisecond
_UNDECODED = {"skip_frame": "all", "probesize": "32"}  # else opening decodes a keyframe; what is asked here is in the headers


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


def header_size(path: Path) -> tuple[int, int]:
    """Width and height in px that the header of a stored mp4 tells."""
    with av.open(str(path), options=_UNDECODED) as container:
        context = container.streams.video[0].codec_context
        return context.width, context.height


def stored_video(path: Path, duration_s: float) -> StoredVideo:
    """Facts of a stored mp4. ValueError if it does not begin with a keyframe at 0, or shows pictures beyond the clip's end."""
    with av.open(str(path), options=_UNDECODED) as container:
        stream = next(iter(container.streams.video), None)
        if stream is None:
            raise ValueError("no video stream was stored")
        stamps = [(float((one.pts or 0) * one.time_base), one.is_keyframe) for one in container.demux(stream) if one.size]
        if not stamps:
            raise ValueError("no picture was stored")
        first_s, last_s = min(stamps)[0], max(stamps)[0]
        if not stamps[0][1] or abs(first_s) > _TOLERANCE_S:
            raise ValueError(f"the stored pictures must begin with a keyframe at 0, they begin at {first_s:.3f} s")
        if last_s > duration_s + _TOLERANCE_S:
            raise ValueError(f"a picture was stored at {last_s:.3f} s of a clip of {duration_s:.3f} s")
        width, height = stream.codec_context.width, stream.codec_context.height
        return StoredVideo(width, height, len(stamps), len(stamps) / duration_s)


def stored_sound(path: Path) -> StoredSound:
    """Facts of a stored FLAC. Raises `soundfile.LibsndfileError` for what is not one."""
    with soundfile.SoundFile(path) as sound:
        blocks = sound.blocks(_BLOCK_SAMPLES, dtype="int16")
        peak = max((max(int(block.max()), -int(block.min())) for block in blocks), default=0)
        peak_dbfs = 20 * math.log10(peak / _FULL_SCALE) if peak else None
        return StoredSound(sound.samplerate, sound.channels, sound.frames, peak_dbfs)
