"""The one way to run ffmpeg: commands are built with `ffmpeg-python`, run here with limits.

Owns which binary is used, how long it may run and how many threads it may take; its callers own the command, and what it may
open and use up is `confinement`'s. A file of a stranger can make a decoder hang or swell, so every run has a wall-clock limit,
limits of the kernel and its own process group, which is killed as a whole. `ffmpeg.run()` of ffmpeg-python has none of these
and is not used.
"""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import IO, Any

import ffmpeg
import imageio_ffmpeg

from pipeline.media.confinement import DEMUXER_OPTIONS, GIB, MAX_OUTPUT_BYTES, MAX_PIXELS, confined, environment, limit

MEMORY_BYTES = 8 * GIB  # address space; encoding 1080p takes about 1 GiB of it
_STDERR_LINES = 4


class FfmpegError(Exception):
    """ffmpeg failed. `code` is `timeout` or `decode_failed` of FAILURE_CODES; the message has the last lines of stderr."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@cache
def ffmpeg_exe() -> str:
    """Path of the ffmpeg binary: the system's, else the one inside `imageio-ffmpeg`."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def ffmpeg_version() -> str:
    """The version that the binary reports, such as `7.1.1`."""
    first = subprocess.run([ffmpeg_exe(), "-version"], capture_output=True, text=True, check=True, timeout=60).stdout
    return first.split()[2]


def media_input(path: str | os.PathLike[str], *, threads: int = 1, **options: Any) -> Any:
    """An ffmpeg-python input for a local file of a stranger, whose decoder uses `threads` threads and opens no other file.

    The `file:` prefix keeps names such as `-x.mp4` or `a:b.mp4` from being read as options or protocols.
    """
    return ffmpeg.input(f"file:{os.fspath(path)}", **DEMUXER_OPTIONS, max_pixels=MAX_PIXELS, threads=threads, **options)


def run_ffmpeg(
    stream: Any,
    *,
    timeout_s: float,
    filter_threads: int = 1,
    stdin: bytes | Iterable[bytes] | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> bytes:
    """Run a command built with ffmpeg-python, overwriting its outputs; gives back what it wrote to `pipe:`.

    Args:
        stream: an output (or `ffmpeg.merge_outputs`) of ffmpeg-python; its inputs from `media_input` or `pipe:`.
        timeout_s: wall-clock seconds; at this limit the whole process group is killed.
        filter_threads: threads of each filter graph; decoders and encoders take theirs from `threads=` in the command.
        stdin: bytes, or chunks of bytes that are made while ffmpeg consumes them.
        memory_bytes: limit of the address space.

    Raises:
        FfmpegError: a non-zero exit (`decode_failed`) or the time limit (`timeout`).
    """
    command = [ffmpeg_exe(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-filter_threads", str(filter_threads), "-filter_complex_threads", str(filter_threads)]
    command += ffmpeg.get_args(stream)
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            confined(command, dies_with_caller=True),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
            start_new_session=True,
        )
        try:
            # the CPU limit never comes before the wall-clock limit; it ends what nobody is left to stop
            limit(process.pid, memory_bytes=memory_bytes, cpu_s=timeout_s * (os.cpu_count() or 1) + 1)
            stdout = _converse(process, stdin, timeout_s)
        except subprocess.TimeoutExpired:
            raise FfmpegError("timeout", f"ffmpeg ran longer than {timeout_s:g} s") from None
        finally:
            _kill_group(process)
        if process.returncode != 0:
            if process.returncode == 256 - errno.ENOSPC:
                raise OSError(errno.ENOSPC, "ffmpeg found no space left to write to")  # no fault of the file
            if process.returncode == -signal.SIGXCPU:
                raise FfmpegError("timeout", f"ffmpeg used the processor longer than {timeout_s:g} s allow")
            if process.returncode == -signal.SIGXFSZ:
                raise FfmpegError("decode_failed", f"ffmpeg wrote more than {MAX_OUTPUT_BYTES / GIB:g} GiB into a file")
            raise FfmpegError("decode_failed", f"ffmpeg exit {process.returncode}: {_last_lines(stderr)}")
        return stdout


def _converse(process: subprocess.Popen[bytes], stdin: bytes | Iterable[bytes] | None, timeout_s: float) -> bytes:
    """Feed stdin from a thread while stdout is read, so that neither pipe can block the other."""
    if stdin is None:
        return process.communicate(timeout=timeout_s)[0]
    pipe, process.stdin = process.stdin, None
    assert pipe is not None
    failures: list[BaseException] = []
    writer = threading.Thread(target=_feed, args=(pipe, stdin, failures), daemon=True)
    writer.start()
    stdout = process.communicate(timeout=timeout_s)[0]
    writer.join()
    if failures:
        raise failures[0]
    return stdout


def _feed(pipe: IO[bytes], stdin: bytes | Iterable[bytes], failures: list[BaseException]) -> None:
    try:
        with pipe:
            for chunk in [stdin] if isinstance(stdin, bytes) else stdin:
                pipe.write(chunk)
    except BrokenPipeError:
        pass  # ffmpeg ended first: its exit status tells why
    except BaseException as error:  # the producer of the chunks failed: its error belongs to the caller
        failures.append(error)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _last_lines(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    lines = stderr.read()[-4096:].decode("utf-8", "replace").strip().splitlines()
    return " | ".join(lines[-_STDERR_LINES:]) or "no message"
