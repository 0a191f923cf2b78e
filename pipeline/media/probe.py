"""What a media file is: asked of a child process with a time limit, so that no file can take the worker with it.

`probe` owns the time axis of a source. Zero is the first picture shown (for a file without pictures: the first sample heard),
and the source ends where the longer of picture and sound ends, as a player would have it: the last picture stays, missing
sound is silence. Sound before the first picture is cut off. All `_s` of a Probe are on this axis except `origin_s` and
`container_start_s`, which are on the clock of the container and lead back to it.

The first audio and the first video stream that decode are used; attached pictures (cover art) are not video. A file whose time
stamps spread its few bytes over hours is refused: each of its clips would cost as much as a real one.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.confinement import confined, environment
from schemas.errors import Rejected

_MIN_BYTES_PER_S = 32  # Opus takes 50 to say that there is silence, Codec 2 takes 56 for speech
_GRACE_S = 2.0  # the child ends itself at the limit; after this it is killed


@dataclass(frozen=True)
class Picture:
    """The video stream. Width and height are as displayed: after rotation and with square pixels."""

    stream_index: int
    codec: str
    pixel_format: str
    width_px: int
    height_px: int
    pixel_aspect: float  # width of a stored pixel by its height; 1 within 2 %
    rotation_deg: int  # clockwise turn of the stored picture for display: 0, 90, 180 or 270
    fps: float  # average
    has_variable_fps: bool
    frame_times_s: NDArray[np.float64]  # ascending, the first is 0
    end_s: float
    is_plain: bool  # starts with a keyframe, and no edit list hides packets


@dataclass(frozen=True)
class Audio:
    """The audio stream, as decoded."""

    stream_index: int
    codec: str
    sample_rate_hz: int
    num_channels: int
    start_s: float  # negative where sound begins before the first picture
    end_s: float


@dataclass(frozen=True)
class Probe:
    """A file that can be opened and has sound that decodes."""

    container: str
    duration_s: float  # to the millisecond
    origin_s: float
    container_start_s: float
    picture: Picture | None
    audio: Audio


class Prober:
    """A probe child that lives as long as its files let it: after a crash or a timeout the next question starts a new one."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def probe(self, path: str | os.PathLike[str], timeout_s: float) -> Probe | Rejected:
        """Facts about a local file; Rejected for what cannot be used, `timeout` and `decode_failed` included."""
        with self._lock:
            facts = self._ask({"path": os.fspath(path), "timeout_s": timeout_s}, timeout_s)
        if isinstance(facts, Rejected):
            return facts
        if "code" in facts:
            return Rejected(facts["code"], facts["message"])
        probe = _probe(facts)
        if not facts["num_bytes"] >= _MIN_BYTES_PER_S * probe.duration_s:  # not a number is refused too
            told = f"{facts['num_bytes']} bytes with time stamps over {probe.duration_s:g} s; sound takes more"
            return Rejected("decode_failed", told)
        return probe

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any] | Rejected:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _start_child()
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        is_silent = False
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            is_silent = not select.select([child.stdout], [], [], timeout_s + _GRACE_S)[0]
            line = b"" if is_silent else child.stdout.readline()
        except BrokenPipeError:
            line = b""
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        if not is_silent:
            child.wait()  # its pipe is closed a moment before its exit code can be asked for
        was_timeout = is_silent or _exit_signal(child) == signal.SIGALRM
        exit_signal = None if was_timeout else _exit_signal(child)
        self.close()
        if was_timeout:
            return Rejected("timeout", f"probing took longer than {timeout_s:g} s")
        return Rejected("decode_failed", f"the decoder crashed (signal {exit_signal})")


def _start_child() -> subprocess.Popen[bytes]:
    python_path = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return subprocess.Popen(
        confined([sys.executable, "-m", "pipeline.media.probe_child"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(PYTHONPATH=python_path),
        start_new_session=True,  # Ctrl-C belongs to the worker
    )


def _exit_signal(child: subprocess.Popen[bytes]) -> int:
    return -child.wait()


def _probe(facts: dict[str, Any]) -> Probe:
    audio, video = facts["audio"], facts["video"]
    origin_s = audio["start_s"] if video is None else video["times_s"][0]
    audio = audio | {"start_s": audio["start_s"] - origin_s, "end_s": audio["end_s"] - origin_s}
    picture = None if video is None else _picture(video, origin_s)
    end_s = max(audio["end_s"], 0.0 if picture is None else picture.end_s)
    return Probe(facts["container"], round(end_s, 3), origin_s, facts["start_s"], picture, Audio(**audio))


def _picture(video: dict[str, Any], origin_s: float) -> Picture:
    times_s = np.asarray(video["times_s"]) - origin_s
    gaps_s = np.diff(times_s)
    typical_s = float(np.median(gaps_s)) if len(gaps_s) else 0.0
    # Containers may give the last picture no duration, or one tick: it is shown at least as long as the others.
    end_s = max(video["end_s"] - origin_s, float(times_s[-1]) + typical_s)
    # 448/447 and the like are rounding left by whoever scaled the picture, not a shape.
    aspect = video["pixel_aspect"] if abs(video["pixel_aspect"] - 1) > 0.02 else 1.0
    width, height = video["coded_width_px"] * aspect, video["coded_height_px"]
    if video["rotation_deg"] % 180 == 90:
        width, height = height, width
    return Picture(
        stream_index=video["stream_index"],
        codec=video["codec"],
        pixel_format=video["pixel_format"],
        width_px=max(1, round(width)),
        height_px=max(1, round(height)),
        pixel_aspect=aspect,
        rotation_deg=video["rotation_deg"],
        fps=len(times_s) / end_s if end_s > 0 else 0.0,
        has_variable_fps=bool(len(gaps_s)) and _varies(gaps_s, typical_s),
        frame_times_s=times_s,
        end_s=end_s,
        is_plain=video["is_plain"],
    )


def _varies(gaps_s: NDArray[np.float64], typical_s: float) -> bool:
    """Whether frames are unevenly spaced beyond the millisecond to which Matroska and FLV round."""
    return float(gaps_s.max() - gaps_s.min()) > 0.002 + 0.1 * typical_s


_prober = Prober()
atexit.register(_prober.close)


def probe(path: str | os.PathLike[str], timeout_s: float = 30.0) -> Probe | Rejected:
    """Facts about a local media file from this process's probe child; at most `timeout_s` seconds, never an exception."""
    return _prober.probe(path, timeout_s)
