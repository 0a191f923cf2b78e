"""A stored clip's media, decoded when somebody asks and once for all who ask for the same.

Decodes in process: the files are our own (encoded here, or copied after every picture was decoded without an error). Owned by
one worker thread; arrays are read-only because they are shared. Left out: reading the tar (`clip_tar`) and any limit on what is
kept, which ends with the object.
"""

import io
import math
from functools import cached_property
from typing import TypeVar

import av
import numpy as np
import soundfile
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from annotators.media import Frames, Sound
from pipeline.media.clip_tar import ClipTar
from schemas.media import Clip

T = TypeVar("T", bound=np.generic)
_TOLERANCE_S = 1e-4  # a picture due at this moment is on screen although its time stamp was rounded up


class StoredMedia:
    """The protocol `annotators.media.Media` on top of the bytes of a clip's mp4 (None: audio only) and FLAC."""

    def __init__(self, clip_id: str, video: bytes | None, audio: bytes) -> None:
        self.clip_id = clip_id
        self.has_video = video is not None
        self._video = video
        self._audio = audio
        self._sounds: dict[int, Sound] = {}
        self._frames: dict[tuple[float, int], Frames] = {}

    @classmethod
    def from_tar(cls, tar: ClipTar, clip: Clip) -> "StoredMedia":
        """The media of a clip that is packed in `tar`."""
        video = tar.read(f"{clip.clip_id}.mp4") if clip.has_video else None
        return cls(clip.clip_id, video, tar.read(f"{clip.clip_id}.flac"))

    @cached_property
    def duration_s(self) -> float:
        """Length of the stored sound, which is the clip's."""
        info = soundfile.info(io.BytesIO(self._audio))
        return float(info.frames / info.samplerate)

    def sound(self, rate_hz: int | None = None) -> Sound:
        """All channels, resampled with a polyphase filter to `rate_hz` (None: as stored)."""
        stored = self._stored_sound
        if rate_hz is None or rate_hz == stored.sample_rate_hz:
            return stored
        if rate_hz not in self._sounds:
            from scipy.signal import resample_poly  # a second of imports that queries and status can do without

            samples = resample_poly(stored.samples, rate_hz, stored.sample_rate_hz, axis=1).astype(np.float32)
            self._sounds[rate_hz] = Sound(_read_only(samples), rate_hz)
        return self._sounds[rate_hz]

    def frames(self, fps: float, max_side_px: int) -> Frames:
        """Frame i is what is on screen at i/fps, for all i/fps within the clip. T=0 for a clip without video."""
        if fps <= 0 or max_side_px <= 0:
            raise ValueError(f"fps and max_side_px must be above 0, got {fps} and {max_side_px}")
        if self._video is None:
            return Frames(np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0), 1.0)
        key = (fps, max_side_px)
        if key not in self._frames:
            times_s = np.arange(math.ceil(self.duration_s * fps - 1e-9)) / fps
            pixels, scale = _decode(self._video, times_s, max_side_px)
            self._frames[key] = Frames(_read_only(pixels), times_s, scale)
        return self._frames[key]

    @cached_property
    def _stored_sound(self) -> Sound:
        samples, rate_hz = soundfile.read(io.BytesIO(self._audio), dtype="float32", always_2d=True)
        return Sound(_read_only(np.ascontiguousarray(samples.T)), rate_hz)


def _decode(video: bytes, times_s: NDArray[np.float64], max_side_px: int) -> tuple[NDArray[np.uint8], float]:
    """Pictures on screen at `times_s` (ascending), and stored px per px of them. Only pictures that are shown are converted."""
    with av.open(io.BytesIO(video)) as container:
        stream = container.streams.video[0]
        stored = stream.codec_context
        scale = max(1.0, max(stored.width, stored.height) / max_side_px)
        width, height = max(1, round(stored.width / scale)), max(1, round(stored.height / scale))
        pixels = np.empty((len(times_s), height, width, 3), np.uint8)
        converter, filled, shown = VideoReformatter(), 0, None
        for frame in container.decode(stream):
            if shown is not None:
                until = int(np.searchsorted(times_s, frame.time - _TOLERANCE_S, side="left"))
                if until > filled:
                    pixels[filled:until] = _rgb(converter, shown, width, height)
                    filled = until
            shown = frame
        if shown is None:
            raise ValueError("a stored video has at least one picture, found none")
        if filled < len(times_s):
            pixels[filled:] = _rgb(converter, shown, width, height)
    return pixels, scale


def _rgb(converter: VideoReformatter, frame: av.VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    converted = converter.reformat(frame, width, height, format="rgb24", interpolation=Interpolation.AREA)
    return np.asarray(converted.to_ndarray(), np.uint8)


def _read_only(array: NDArray[T]) -> NDArray[T]:
    array.flags.writeable = False
    return array
