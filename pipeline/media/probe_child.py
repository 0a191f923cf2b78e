"""The child process of `probe`: opens files of strangers with PyAV and writes down what it found.

Run as `python -m pipeline.media.probe_child`. One request per line on stdin, `{"path": …, "timeout_s": …}`; one JSON reply per
line on stdout: the facts, or `{"code": …, "message": …}`. A decoder that crashes takes only this process with it; one that
hangs is ended by the alarm, even when the worker that asked is gone.

Every packet is read but only the first picture and the first piece of sound are decoded: headers lie about durations and
frame counts, packets do not, and reading them costs little beside the hashing that has read the same bytes before.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import av
import av.error

from pipeline.media.confinement import DEMUXER_OPTIONS, GIB, MAX_PIXELS, limit

Facts = dict[str, Any]
_MEMORY_BYTES = 4 * GIB
_MAX_PACKETS = 10_000_000  # of a stream: 46 hours at 60 fps; their times are held in memory, here and by the worker
_MAX_ATTEMPTS = 300  # packets given to a decoder before it must have produced something
_ATTACHED_PICTURE = av.stream.Disposition.attached_pic


class _Track:
    """What reading the packets of one stream tells."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.times_s: list[float] = []  # of packets that are shown, in order of storage
        self.end_s = -float("inf")
        self.first_frame: Any = None
        self.is_encrypted = False
        self.has_hidden_packets = False
        self.starts_with_keyframe = False
        self.last_error = ""
        self._num_attempts = 0

    def read(self, packet: Any) -> None:
        """Take note of one packet; decode until the first frame came out. A packet without data flushes the decoder."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if packet.size and stamp is not None:
            if not self.times_s and not self.has_hidden_packets:
                self.starts_with_keyframe = packet.is_keyframe
            self.is_encrypted |= packet.has_sidedata("encryption_info")
            if packet.is_discard:
                self.has_hidden_packets = True
            else:
                if len(self.times_s) == _MAX_PACKETS:
                    raise MemoryError
                start_s = float(stamp * packet.time_base)
                self.times_s.append(start_s)
                self.end_s = max(self.end_s, start_s + float((packet.duration or 0) * packet.time_base))
        if self.first_frame is None and not self.is_encrypted and self._num_attempts < _MAX_ATTEMPTS:
            self._decode(packet)

    def _decode(self, packet: Any) -> None:
        self._num_attempts += 1
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError) as error:
            self.last_error = str(error)
            return
        if frames:
            self.first_frame = frames[0]


def inspect(path: str) -> Facts:
    """The facts of a local file, or a refusal with a code of FAILURE_CODES. Times are seconds of the container's own clock."""
    try:
        container = av.open(f"file:{path}", metadata_errors="replace", options=_options(path))
    except FileNotFoundError:
        return _refusal("vanished", "no such file")
    except av.error.ArgumentError:  # what a format that is not on the list ends in
        return _refusal("unreadable", "not one of the media containers that are opened, or a wrong header")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return _refusal("unreadable", f"does not open: {_reason(error)}")
    with container:
        tracks = [_Track(s) for s in container.streams if s.type in ("audio", "video") and not _is_cover(s)]
        if not tracks:
            return _refusal("unreadable", "no audio or video stream")
        for track in tracks:
            if track.stream.codec_context is None:
                return _refusal("unsupported_codec", f"no decoder for {track.stream.type} stream {track.stream.index}")
            track.stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            if _num_pixels(track.stream) > MAX_PIXELS:
                return _too_large(track.stream)
        _read_packets(container, tracks)
        return _facts(container, tracks) | {"num_bytes": os.path.getsize(path)}


def _options(path: str) -> dict[str, str]:
    """An MP4 has all in its headers: without these, opening it decodes the first picture, which is decoded again later."""
    with open(path, "rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    return DEMUXER_OPTIONS | ({"skip_frame": "all", "probesize": "32"} if is_mp4 else {})


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & _ATTACHED_PICTURE)


def _num_pixels(stream: Any) -> int:
    return int(stream.codec_context.width * stream.codec_context.height) if stream.type == "video" else 0


def _too_large(stream: Any) -> Facts:
    size = f"{stream.codec_context.width} × {stream.codec_context.height}"
    return _refusal("too_large", f"pictures of {size} pixels; the largest that are decoded have {MAX_PIXELS}")


def _read_packets(container: Any, tracks: list[_Track]) -> None:
    by_index = {track.stream.index: track for track in tracks}
    packets: Iterator[Any] = container.demux([track.stream for track in tracks])
    try:
        for packet in packets:
            by_index[packet.stream.index].read(packet)
    except (av.error.FFmpegError, ValueError) as error:  # a damaged tail: what was read before it still counts
        for track in tracks:
            track.last_error = track.last_error or str(error)


def _facts(container: Any, tracks: list[_Track]) -> Facts:
    if any(track.is_encrypted for track in tracks):
        return _refusal("encrypted", "the packets are encrypted")
    sounds = [track for track in tracks if track.stream.type == "audio"]
    pictures = [track for track in tracks if track.stream.type == "video"]
    if not sounds:
        return _refusal("no_audio_track", "there is a picture but no sound track")
    sound, picture = _first_decoded(sounds), _first_decoded(pictures)
    if sound is None:
        return _nothing_decoded(sounds)
    if picture is None and any(track.times_s for track in pictures):
        return _nothing_decoded([track for track in pictures if track.times_s])
    start_us = container.start_time
    return {
        "container": container.format.name,
        "start_s": 0.0 if start_us is None else start_us / av.time_base,
        "video": None if picture is None else _video_facts(picture),
        "audio": _audio_facts(sound),
    }


def _first_decoded(tracks: list[_Track]) -> _Track | None:
    return next((track for track in tracks if track.first_frame is not None and track.times_s), None)


def _nothing_decoded(tracks: list[_Track]) -> Facts:
    kind, reason = tracks[0].stream.type, next((track.last_error for track in tracks if track.last_error), "no data")
    return _refusal("decode_failed", f"the {kind} decoder produced nothing: {reason}")


def _video_facts(track: _Track) -> Facts:
    frame, stream = track.first_frame, track.stream
    aspect = stream.codec_context.sample_aspect_ratio
    return {
        "stream_index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "pixel_format": frame.format.name,
        "coded_width_px": frame.width,
        "coded_height_px": frame.height,
        "pixel_aspect": float(aspect) if aspect else 1.0,
        "rotation_deg": int(-frame.rotation) % 360,
        "times_s": sorted(track.times_s),
        "end_s": track.end_s,
        "is_plain": track.starts_with_keyframe and not track.has_hidden_packets,
    }


def _audio_facts(track: _Track) -> Facts:
    frame, stream = track.first_frame, track.stream
    # The first decoded frame, not the first packet: codecs start with samples that are thrown away.
    start_s = frame.time if frame.time is not None else min(track.times_s)
    return {
        "stream_index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "sample_rate_hz": frame.sample_rate,
        "num_channels": frame.layout.nb_channels,
        "start_s": start_s,
        "end_s": max(track.end_s, start_s + frame.samples / frame.sample_rate),
    }


def _refusal(code: str, message: str) -> Facts:
    return {"code": code, "message": message}


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def main() -> None:
    """Answer requests until stdin ends."""
    av.logging.set_level(None)
    limit(os.getpid(), memory_bytes=_MEMORY_BYTES)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["timeout_s"])
        try:
            facts = inspect(request["path"])
        except MemoryError:
            facts = _refusal("decode_failed", "the file asks for more memory than a probe may take")
        except Exception as error:
            facts = _refusal("decode_failed", f"{type(error).__name__}: {error}")
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(json.dumps(facts) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
