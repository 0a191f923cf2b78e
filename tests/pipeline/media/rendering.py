"""Small media files whose flashes and clicks are where the numbers say."""

from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.media.ffmpeg import media_input, run_ffmpeg

SHARED_MEDIA = Path(__file__).resolve().parents[3].parent / "shared" / "media"
needs_shared_media = pytest.mark.skipif(not SHARED_MEDIA.is_dir(), reason="the shared test media are not beside the repository")


def clicks(times_s: list[float], duration_s: float, rate_hz: int = 44100, num_channels: int = 1) -> NDArray[np.float32]:
    """Silence with 20 ms bursts of 1 kHz that start exactly at `times_s`. Shape (n, channels)."""
    samples = np.zeros((round(duration_s * rate_hz), num_channels), np.float32)
    burst = 0.5 * np.cos(2 * np.pi * 1000 * np.arange(round(0.02 * rate_hz)) / rate_hz)
    for time_s in times_s:
        start = round(time_s * rate_hz)
        samples[start : start + len(burst)] = burst[: len(samples) - start, None]
    return samples


def render_video(
    path: Path,
    sound: NDArray[np.float32] | None,
    *,
    flash_s: float = -1.0,
    duration_s: float = 3.0,
    fps: int = 25,
    size: tuple[int, int] = (64, 48),
    rate_hz: int = 44100,
    sound_offset_s: float = 0.0,
    **options: Any,
) -> Path:
    """A black video with a white picture at `flash_s`, whose upper left quarter is red in all others, and sound."""
    width, height = size
    pictures = np.zeros((round(duration_s * fps), height, width, 3), np.uint8)
    pictures[:, : height // 2, : width // 2, 0] = 255
    if flash_s >= 0:
        pictures[round(flash_s * fps)] = 255
    streams = [ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=fps)]
    if sound is not None:
        wav = path.with_suffix(".input.wav")
        soundfile.write(wav, sound, rate_hz, subtype="PCM_16")
        streams.append(media_input(wav, itsoffset=sound_offset_s).audio)
    arguments = {"vcodec": "libx264", "pix_fmt": "yuv420p", "threads": 1, "preset": "ultrafast", "crf": 10} | options
    run_ffmpeg(ffmpeg.output(*streams, f"file:{path}", **arguments), timeout_s=60, stdin=pictures.tobytes())
    return path


def onset_s(samples: NDArray[np.floating[Any]], rate_hz: int) -> float:
    """When the first sample above a tenth of full scale sounds. Shape (n,)."""
    return float(np.flatnonzero(np.abs(samples) > 0.1)[0] / rate_hz)
