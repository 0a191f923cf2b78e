"""Broken and odd files, made the same way every time: what is wrong with each, and what may become of it.

Damage is seeded by the name of the file, so that a file that once made trouble can be made again. `OK` among the outcomes: it
may become clips. Headers are changed where they are, byte by byte, because no writer of media lies on request.
"""

import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from pipeline.media.ffmpeg import run_ffmpeg
from tests.pipeline.media.rendering import clicks, render_video

OK = "ok"
DAMAGED = {OK, "unreadable", "decode_failed", "too_short", "no_audio_track", "silent_audio", "unsupported_codec"}
LIES = DAMAGED | {"too_large", "encrypted", "timeout"}
TEN_HOURS_S = 36_000
NAMES = (
    "two.dots.in.it.mp4",
    "spaces in it .mp4",
    "ünïcödé-日本語-🎵.mp4",
    "line\nbreak.mp4",
    "tab\tand\rreturn.mp4",
    "\x1b[31mred\x1b[0m.mp4",
    "-dash.mp4",
    "-i.mp4",
    "gl*ob?[a-z]{1,2}.mp4",
    "%d-%03d-$HOME-`id`.mp4",
    "quo'te\"s.mp4",
    "back\\slash.mp4",
    "::colons::file:x.mp4",
    "=formula(1).mp4",
    "<img src=x>&amp;.mp4",
    "x" * 246 + ".mp4",  # 250 characters
    "no suffix",
    "wrong suffix.txt",
    "wrong suffix.m3u8",
)


@dataclass(frozen=True)
class Odd:
    """A file of the corpus. `outcomes`: the codes that may become of it; none: it is not listed at all."""

    path: Path
    outcomes: frozenset[str]


def damaged(folder: Path, originals: list[Path]) -> list[Odd]:
    """Every original cut at three places, with flipped bits, and with a header that lies."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for original in originals:
        data = original.read_bytes()
        for percent in (20, 60, 95):
            made.append(_odd(folder / f"cut{percent}-{original.name}", data[: len(data) * percent // 100], DAMAGED))
        for label, change, outcomes in (("flipped", _flipped, DAMAGED | LIES), ("lying", _lying, LIES)):
            name = f"{label}-{original.name}"
            made.append(_odd(folder / name, change(bytearray(data), random.Random(name)), outcomes))
    return made


def odd(folder: Path) -> list[Odd]:
    """Files that are odd in themselves: names, kinds of directory entries, and headers with numbers out of this world."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder.parent / "base.mp4"
    render_video(base, clicks([0.5, 1.5], 3.0), duration_s=3.0, acodec="aac")
    base.with_suffix(".input.wav").unlink()
    data = base.read_bytes()
    made = [_odd(folder / name, data + f"{number}".encode(), {OK}) for number, name in enumerate(NAMES)]
    made += [
        _odd(folder / "empty.mp4", b"", {"unreadable"}),
        _odd(folder / "text.mp4", b"This is no video.\n" * 50, {"unreadable"}),
        _odd(folder / "noise.mp4", random.Random(1).randbytes(50_000), {"unreadable", "decode_failed", "no_audio_track"}),
        _odd(folder / "zero-duration.mp4", _without_samples(bytearray(data)), {"decode_failed", "too_short", "unreadable"}),
        _odd(folder / "ten-hours-header.mp4", _with_durations(bytearray(data), TEN_HOURS_S), {OK}),
        _odd(folder / "header-65535.mp4", _with_size(bytearray(data), 65535, 65535), {"too_large", "decode_failed", OK}),
        _odd(folder / "one-sample-a-second.wav", _wav(rate_hz=1, num_samples=50_000), {"decode_failed"}),
        _odd(folder / "no-rate.wav", _wav(rate_hz=0, num_samples=50_000), {"unreadable", "decode_failed"}),
        _odd(
            folder / "four-gigahertz.wav",
            _wav(rate_hz=2**32 - 1, num_samples=50_000),
            {"unreadable", "decode_failed", "too_short"},
        ),
        _odd(
            folder / "many-channels.wav",
            _wav(rate_hz=8000, num_samples=50_000, num_channels=60_000),
            {"unreadable", "decode_failed", "too_short"},
        ),
        Odd(_gap(folder / "ten-hours-gap.mkv"), frozenset({"decode_failed"})),
        Odd(_large(folder / "8k-by-8k.mp4"), frozenset({"too_large"})),
    ]
    return made + list(_entries(folder))


def _entries(folder: Path) -> Iterator[Odd]:
    (folder / "folder.mp4").mkdir()
    yield Odd(folder / "folder.mp4", frozenset())
    os.mkfifo(folder / "fifo.mp4")
    yield Odd(folder / "fifo.mp4", frozenset({"unreadable"}))
    (folder / "loop-a.mp4").symlink_to(folder / "loop-b.mp4")
    (folder / "loop-b.mp4").symlink_to(folder / "loop-a.mp4")
    yield Odd(folder / "loop-a.mp4", frozenset({"unreadable"}))
    yield Odd(folder / "loop-b.mp4", frozenset({"unreadable"}))
    (folder / "dangling.mp4").symlink_to(folder / "nowhere")
    yield Odd(folder / "dangling.mp4", frozenset({"vanished"}))
    (folder / "above").symlink_to(folder)
    yield Odd(folder / "above", frozenset())


def _odd(path: Path, data: bytes | bytearray, outcomes: set[str]) -> Odd:
    path.write_bytes(data)
    return Odd(path, frozenset(outcomes))


def _flipped(data: bytearray, dice: random.Random) -> bytearray:
    """One bit in 2 000 bytes, anywhere."""
    for _ in range(max(8, len(data) // 2000)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return data


def _lying(data: bytearray, dice: random.Random) -> bytearray:
    """Numbers set to the ends of their range: in the boxes of MP4 that hold them, else anywhere in the first 600 bytes."""
    boxes = [
        at
        for kind in (b"mvhd", b"tkhd", b"mdhd", b"stts", b"stsz", b"stco", b"stsc", b"ctts", b"elst")
        for at in _found(data, kind)
    ]
    starts = [at + 8 for at in boxes] or [dice.randrange(16, 600) for _ in range(6)]
    for start in starts:
        at = start + 4 * dice.randrange(4)
        data[at : at + 4] = dice.choice((b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0" * 4, b"\0\0\0\1"))
    return data


def _with_durations(data: bytearray, seconds: int) -> bytearray:
    """Movie, tracks and media say that they last so long; the samples stay what they are."""
    for kind, timescale_at, duration_at in ((b"mvhd", 16, 20), (b"mdhd", 16, 20)):
        for at in _found(data, kind):
            (timescale,) = struct.unpack_from(">I", data, at + timescale_at)
            struct.pack_into(">I", data, at + duration_at, min(seconds * timescale, 2**32 - 1))
    for at in _found(data, b"tkhd"):
        struct.pack_into(">I", data, at + 24, seconds * 1000)
    return data


def _without_samples(data: bytearray) -> bytearray:
    for kind in (b"stts", b"stsz", b"stsc", b"stco", b"ctts", b"stss"):
        for at in _found(data, kind):
            struct.pack_into(">I", data, at + (12 if kind == b"stsz" else 8), 0)
    return _with_durations(data, 0)


def _with_size(data: bytearray, width: int, height: int) -> bytearray:
    for at in _found(data, b"avc1"):
        struct.pack_into(">HH", data, at + 28, width, height)
    return data


def _found(data: bytearray, kind: bytes) -> Iterator[int]:
    """Where the four letters of a kind of box stand; its version and flags follow after 4 bytes."""
    at = data.find(kind)
    while at >= 0:
        yield at
        at = data.find(kind, at + 4)


def _wav(rate_hz: int, num_samples: int, num_channels: int = 1) -> bytes:
    samples = random.Random(2).randbytes(num_samples)
    bytes_per_s = min(rate_hz * num_channels, 2**32 - 1)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, num_channels, rate_hz, bytes_per_s, num_channels, 8)
    content = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(content)) + content


def _gap(path: Path) -> Path:
    """A second of sound, and another one ten hours later, in a few kilobytes."""
    sound = ffmpeg.input("sine=duration=2", format="lavfi").filter("asetpts", f"PTS+gte(T,1)*{TEN_HOURS_S}/TB")
    run_ffmpeg(sound.output(f"file:{path}", acodec="libopus", audio_bitrate="16k"), timeout_s=60)
    return path


def _large(path: Path) -> Path:
    picture, sound = ffmpeg.input("color=s=8192x8192:r=1:d=1", format="lavfi"), ffmpeg.input("sine=d=3", format="lavfi")
    made = ffmpeg.output(picture, sound, f"file:{path}", vcodec="libx264", preset="ultrafast", tune="zerolatency")
    run_ffmpeg(made, timeout_s=120)
    return path
