"""One clip of a source: a silent H.264 mp4 and a 44.1 kHz FLAC on one time axis, made in one pass of ffmpeg.

All cutting is done by time stamps on the clock of the container (`-copyts`), never by counting frames: a seek only chooses
where decoding begins, a few seconds early, so that codecs warm up and streams that are muxed apart are all there.

* Picture: the picture on screen at the clip's start is its first, at 0; every further one keeps its own time (VFR stays VFR).
* Sound: exactly round(duration · 44100) samples. Late sound is padded, early sound cut, gaps over 0.1 s are filled with
  silence. Mono and stereo stay; more channels are mixed down to stereo with the coefficients of libswresample, normalised so
  that they cannot clip.
* The stream of a whole H.264 file that needs nothing done to it is copied, after every picture of it has been decoded without
  an error: what is stored is decoded again and again, so damage must show here, where encoding can still mend it. To decode
  only the keyframes takes a seventh of the time; then a damaged picture in between goes unnoticed until a stage decodes it.
  A header that tells another size than the pictures have is mended by encoding, too.

One thread and bit-exact muxers: the same input gives the same bytes on any number of workers (of the same ffmpeg).
Left out: tone mapping of HDR and deinterlacing; both are shown as they are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ffmpeg
import numpy as np

from pipeline.media.ffmpeg import FfmpegError, media_input, run_ffmpeg
from pipeline.media.probe import Audio, Picture, Probe
from pipeline.media.stored import header_size

SOUND_RATE_HZ = 44100
VideoMode = Literal["copied", "encoded", "none"]
CopyCheck = Literal["every_picture", "keyframes"]

_TICKS_PER_S = 90000  # exact for 24, 25, 30, 50, 60 and 29.97 frames/s
_SEEK_MARGIN_S = 3.0
_TOLERANCE_S = 0.0006  # Matroska and FLV round time stamps to a millisecond
_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_COPYABLE_CONTAINERS = (_MP4, "matroska,webm")  # they keep presentation and decoding times of H.264
_EXACT: dict[str, Any] = {"fflags": "+bitexact", "map_metadata": -1, "map_chapters": -1, "threads": 1}


@dataclass(frozen=True)
class Encoding:
    """How pictures are encoded where they cannot be copied; `copy_check`: what is decoded of a stream before it is copied."""

    max_height_px: int = 480
    crf: int = 23  # x264's quality, 0 lossless .. 51
    preset: str = "veryfast"  # x264's trade of time for size
    copy_check: CopyCheck = "every_picture"


@dataclass(frozen=True)
class Cut:
    """A span `[start_s, end_s)` of a local file that was probed."""

    source: Path
    probe: Probe
    start_s: float
    end_s: float

    @property
    def num_samples(self) -> int:
        return round((self.end_s - self.start_s) * SOUND_RATE_HZ)

    def clock_s(self, time_s: float) -> float:
        """A time of the source on the clock of its container."""
        return self.probe.origin_s + time_s


def transcode(cut: Cut, video: Path, audio: Path, encoding: Encoding, timeout_s: float) -> VideoMode:
    """Write a clip to `video` (not written for a source without pictures) and `audio`.

    Raises:
        FfmpegError: with the code `timeout` or `decode_failed`.
    """
    picture = cut.probe.picture
    if picture is not None and _can_be_copied(cut, picture):
        try:
            run_ffmpeg(_copy_command(cut, picture, video, audio, encoding.copy_check), timeout_s=timeout_s)
            if header_size(video) == (picture.width_px, picture.height_px):
                return "copied"
        except FfmpegError as error:
            if error.code == "timeout":
                raise  # otherwise the stream is damaged: encoding what can be decoded mends it
    run_ffmpeg(encode_command(cut, video, audio, encoding), timeout_s=timeout_s)
    return "encoded" if picture else "none"


def encode_command(cut: Cut, video: Path, audio: Path, encoding: Encoding) -> Any:
    """The command that decodes and encodes a clip, as ffmpeg-python holds it."""
    media, picture = _opened(cut), cut.probe.picture
    outputs = [_mp4(cut, media, picture, video, encoding)] if picture else []
    return ffmpeg.merge_outputs(*outputs, _flac(cut, media, audio)).global_args("-copyts")


def stored_size(picture: Picture, max_height_px: int) -> tuple[int, int]:
    """Width and height of the stored picture: even, as 4:2:0 needs; never enlarged (but for pictures 1 px wide or high)."""
    scale = min(1.0, max_height_px / picture.height_px)
    width, height = (max(2, int(side * scale + 1e-6) // 2 * 2) for side in (picture.width_px, picture.height_px))
    return width, height


def _can_be_copied(cut: Cut, picture: Picture) -> bool:
    is_whole = cut.start_s == 0 and cut.end_s == cut.probe.duration_s
    is_upright = picture.rotation_deg == 0 and picture.pixel_aspect == 1
    is_clean = picture.is_plain and abs(cut.probe.origin_s) < _TOLERANCE_S and bool(np.all(np.diff(picture.frame_times_s) > 0))
    is_h264 = (picture.codec, picture.pixel_format) == ("h264", "yuv420p")
    return is_whole and is_upright and is_clean and is_h264 and cut.probe.container in _COPYABLE_CONTAINERS


def _opened(cut: Cut, **options: Any) -> Any:
    """The input, decoding from a little before the clip; time stamps stay those of the container."""
    begin_s = cut.start_s if cut.probe.picture is None else min(cut.start_s, _first_picture_s(cut, cut.probe.picture))
    seek_s = cut.clock_s(begin_s) - cut.probe.container_start_s - _SEEK_MARGIN_S
    if seek_s > 0:
        options |= {"ss": f"{seek_s:.6f}", "noaccurate_seek": None}
    return media_input(cut.source, **options)


def _first_picture_s(cut: Cut, picture: Picture) -> float:
    """When the picture that is on screen at the clip's start appeared."""
    index = int(np.searchsorted(picture.frame_times_s, cut.start_s + _TOLERANCE_S, side="right")) - 1
    return float(picture.frame_times_s[max(0, index)])


def _mp4(cut: Cut, media: Any, picture: Picture, path: Path, encoding: Encoding) -> Any:
    width, height = stored_size(picture, encoding.max_height_px)
    first_s, end_s = cut.clock_s(_first_picture_s(cut, picture)), cut.clock_s(cut.end_s)
    start_ticks = round(cut.clock_s(cut.start_s) * _TICKS_PER_S)
    pictures = (
        media[str(picture.stream_index)]
        .filter("trim", start=f"{first_s - _TOLERANCE_S:.6f}", end=f"{end_s - _TOLERANCE_S:.6f}")
        .filter("settb", f"1/{_TICKS_PER_S}")
        .filter("setpts", f"max(0,PTS-{start_ticks})")
        .filter("scale", width, height, flags="bicubic+accurate_rnd+bitexact")
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )
    return pictures.output(
        f"file:{path}",
        format="mp4",
        vcodec="libx264",
        preset=encoding.preset,
        crf=encoding.crf,
        fps_mode="vfr",
        enc_time_base=f"1:{_TICKS_PER_S}",
        video_track_timescale=_TICKS_PER_S,
        movflags="+faststart",
        **_EXACT,
    )


def _flac(cut: Cut, media: Any, path: Path) -> Any:
    audio: Audio = cut.probe.audio
    start_s = cut.clock_s(cut.start_s)
    alignment = {
        "async": 1,  # fill gaps, cut overlaps, never stretch
        "min_comp": 1e-5,  # to the sample at the start …
        "min_hard_comp": 0.1,  # … and after that only where sound is truly missing: time stamps jitter
        "first_pts": round(start_s * SOUND_RATE_HZ),
        "osf": "s16",
        "ochl": "mono" if audio.num_channels == 1 else "stereo",
    }
    # The rate is converted first and on its own: libswresample miscounts what it drops at the start when it does both.
    sound = (
        media[str(audio.stream_index)]
        .filter("aresample", SOUND_RATE_HZ)
        .filter("atrim", start=f"{start_s:.6f}")
        .filter("aresample", SOUND_RATE_HZ, **alignment)
        .filter("atrim", end_sample=cut.num_samples)
        .filter("apad", whole_len=cut.num_samples)
    )
    return sound.output(f"file:{path}", format="flac", acodec="flac", **_EXACT)


def _copy_command(cut: Cut, picture: Picture, video: Path, audio: Path, check: CopyCheck) -> Any:
    options: dict[str, Any] = {"err_detect:v": "explode", "skip_frame:v": "nokey" if check == "keyframes" else "default"}
    if cut.probe.container == _MP4:  # Matroska keeps no decoding times: there ffmpeg must find out how pictures are reordered
        options["nofind_stream_info"] = None  # else ffmpeg decodes a picture to learn what the probe has told
    media = _opened(cut, **options)
    pictures = media[str(picture.stream_index)]
    copied = pictures.output(f"file:{video}", format="mp4", vcodec="copy", movflags="+faststart", **_EXACT)
    checked = pictures.output("-", format="null", fps_mode="passthrough", threads=1)
    outputs = ffmpeg.merge_outputs(copied, checked, _flac(cut, media, audio))
    return outputs.global_args("-copyts", "-xerror")
