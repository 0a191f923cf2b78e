import time
from collections.abc import Iterator
from pathlib import Path

import ffmpeg
import psutil
import pytest

from pipeline.media.ffmpeg import FfmpegError, ffmpeg_version, media_input, run_ffmpeg


def _endless() -> object:
    return ffmpeg.input("testsrc=size=64x64", format="lavfi").output("pipe:", format="null")


def test_what_ffmpeg_writes_to_the_pipe_comes_back() -> None:
    stream = ffmpeg.input("pipe:", format="s16le", ar=8000, ac=1).output("pipe:", format="s16le")
    assert run_ffmpeg(stream, timeout_s=30, stdin=(bytes([i, 0]) for i in range(100))) == b"".join(
        bytes([i, 0]) for i in range(100)
    )


def test_a_run_past_its_limit_is_killed_with_its_whole_group() -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    start = time.monotonic()
    with pytest.raises(FfmpegError, match=r"longer than 0\.5 s") as caught:
        run_ffmpeg(_endless(), timeout_s=0.5)
    assert caught.value.code == "timeout"
    assert time.monotonic() - start < 5
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_a_failed_run_says_what_ffmpeg_said(tmp_path: Path) -> None:
    with pytest.raises(FfmpegError, match="No such file") as caught:
        run_ffmpeg(media_input(tmp_path / "absent.mp4").output("pipe:", format="null"), timeout_s=30)
    assert caught.value.code == "decode_failed"


def test_a_file_may_not_lead_to_the_network() -> None:
    stream = ffmpeg.input("http://127.0.0.1:9/x.mp4", protocol_whitelist="file,pipe").output("pipe:", format="null")
    with pytest.raises(FfmpegError, match="whitelist"):
        run_ffmpeg(stream, timeout_s=30)


def test_names_that_look_like_options_or_protocols_are_names(tmp_path: Path) -> None:
    path = tmp_path / "-y:%d.wav"
    run_ffmpeg(ffmpeg.input("sine=d=0.1", format="lavfi").output(f"file:{path}"), timeout_s=30)
    assert run_ffmpeg(media_input(path).output("pipe:", format="s16le"), timeout_s=30)


def test_a_run_that_needs_more_memory_than_it_may_take_fails() -> None:
    stream = ffmpeg.input("testsrc=size=64x64:d=1", format="lavfi").output("pipe:", format="null")
    run_ffmpeg(stream, timeout_s=30)
    with pytest.raises(FfmpegError) as caught:
        run_ffmpeg(stream, timeout_s=30, memory_bytes=100 * 2**20)
    assert caught.value.code == "decode_failed"


def test_an_error_of_the_producer_of_stdin_is_the_callers() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"\0\0"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_ffmpeg(
            ffmpeg.input("pipe:", format="s16le", ar=8000, ac=1).output("pipe:", format="s16le"), timeout_s=30, stdin=chunks()
        )


def test_the_version_is_one_word() -> None:
    assert ffmpeg_version().strip()
    assert " " not in ffmpeg_version()
