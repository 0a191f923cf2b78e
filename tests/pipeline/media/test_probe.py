import csv
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.media.probe import Probe, Prober, probe
from schemas.errors import Rejected
from tests.pipeline.media.rendering import SHARED_MEDIA, clicks, needs_shared_media, render_video

# Files whose container does not tell the truth about their length, as the notes of INDEX.csv say.
_ODD_LENGTHS = {"ExoPlayer__sample_ac3_srt.mkv", "mediabunny__trim-buck-bunny_51.aac", "ExoPlayer__bear-id3_decode_error.mp3"}


@pytest.fixture
def prober() -> Iterator[Prober]:
    prober = Prober()
    yield prober
    prober.close()


def _found(path: Path) -> Probe:
    found = probe(path)
    assert isinstance(found, Probe), found
    return found


def _index() -> list[dict[str, str]]:
    with (SHARED_MEDIA / "INDEX.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_facts_of_a_rendered_video_are_those_it_was_rendered_with(tmp_path: Path) -> None:
    found = _found(render_video(tmp_path / "a.mp4", clicks([1.0], 3.0, num_channels=2), size=(64, 48)))
    assert found.picture is not None
    assert (found.picture.width_px, found.picture.height_px, found.picture.codec) == (64, 48, "h264")
    assert found.picture.fps == pytest.approx(25)
    assert not found.picture.has_variable_fps
    np.testing.assert_allclose(found.picture.frame_times_s, np.arange(75) / 25, atol=1e-6)
    assert (found.audio.num_channels, found.audio.sample_rate_hz, found.audio.codec) == (2, 44100, "aac")
    assert found.duration_s == pytest.approx(3, abs=0.03)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_late_sound_is_late_in_the_probe(tmp_path: Path, suffix: str) -> None:
    found = _found(render_video(tmp_path / f"a.{suffix}", clicks([], 2.0), sound_offset_s=0.5, acodec="flac", strict=-2))
    assert found.audio.start_s == pytest.approx(0.5, abs=0.002)


def test_a_prober_whose_child_was_killed_starts_another(tmp_path: Path, prober: Prober) -> None:
    path = render_video(tmp_path / "a.mp4", clicks([], 1.0), duration_s=1)
    assert isinstance(prober.probe(path, 30), Probe)
    child = next(
        c for c in psutil.Process().children() if "pipeline.media.probe_child" in c.cmdline() and c.pid == _pid(prober)
    )
    child.kill()
    child.wait(10)
    assert isinstance(prober.probe(path, 30), Probe)


def test_a_probe_that_hangs_is_a_timeout_and_the_next_one_works(tmp_path: Path, prober: Prober) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)  # opening it waits for a writer that never comes
    start = time.monotonic()
    rejected = prober.probe(pipe, 0.5)
    assert isinstance(rejected, Rejected)
    assert rejected.code == "timeout"
    assert time.monotonic() - start < 10
    assert isinstance(prober.probe(render_video(tmp_path / "a.mp4", clicks([], 1.0), duration_s=1), 30), Probe)


def test_a_crashing_child_rejects_its_file_only(tmp_path: Path, prober: Prober) -> None:
    path = render_video(tmp_path / "a.mp4", clicks([], 1.0), duration_s=1)
    prober.probe(path, 30)
    os.mkfifo(tmp_path / "pipe.mp4")
    pid = _pid(prober)
    killer = psutil.Popen(["sh", "-c", f"sleep 0.3; kill -SEGV {pid}"])
    rejected = prober.probe(tmp_path / "pipe.mp4", 30)
    killer.wait()
    assert rejected == Rejected("decode_failed", f"the decoder crashed (signal {int(signal.SIGSEGV)})")


def test_a_closed_prober_leaves_no_child(tmp_path: Path) -> None:
    prober = Prober()
    prober.probe(tmp_path / "absent.mp4", 30)
    pid = _pid(prober)
    prober.close()
    assert not psutil.pid_exists(pid)


def test_a_file_that_is_gone_has_vanished(tmp_path: Path) -> None:
    rejected = probe(tmp_path / "absent.mp4")
    assert isinstance(rejected, Rejected)
    assert rejected.code == "vanished"


def test_a_picture_without_sound_has_no_audio_track(tmp_path: Path) -> None:
    rejected = probe(render_video(tmp_path / "a.mp4", None, duration_s=1))
    assert isinstance(rejected, Rejected)
    assert rejected.code == "no_audio_track"


def _pid(prober: Prober) -> int:
    assert prober._child is not None
    return prober._child.pid


@needs_shared_media
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ExoPlayer__encrypted_cenc.mp4", "encrypted"),
        ("ExoPlayer__fragmented_no_moov.mp4", "unreadable"),
        ("ExoPlayer__subtitles_only.mkv", "unreadable"),
        ("moviepy__zero_bytes.webm", "unreadable"),
        ("data-juicer__symlink_text.mp4", "unreadable"),
        ("ExoPlayer__init_segment_only.mp4", "decode_failed"),
        ("tinytag__flac_application.flac", "decode_failed"),
        ("tinytag__iso8859_with_image.m4a", "decode_failed"),
        ("decord__corrupted.mp4", "no_audio_track"),
    ],
)
def test_a_corrupt_file_has_its_code(name: str, code: str) -> None:
    rejected = probe(SHARED_MEDIA / "corrupt" / name)
    assert isinstance(rejected, Rejected)
    assert rejected.code == code


@needs_shared_media
def test_durations_and_sizes_agree_with_the_index() -> None:
    compared = 0
    for row in _index():
        path = SHARED_MEDIA / row["path"]
        if path.parent.name not in ("videos", "audio") or not row["duration_s"] or path.name in _ODD_LENGTHS:
            continue
        found = _found(path)
        assert found.duration_s == pytest.approx(float(row["duration_s"]), abs=0.1), path.name
        if found.picture is not None:
            sides = {found.picture.width_px, found.picture.height_px}
            assert sides == {int(row["width"]), int(row["height"])}, path.name
        compared += 1
    assert compared > 90


@needs_shared_media
def test_cover_art_is_not_video() -> None:
    assert _found(SHARED_MEDIA / "audio" / "ExoPlayer__bear_with_picture.flac").picture is None


@needs_shared_media
def test_rotation_and_variable_rate_are_seen() -> None:
    picture = _found(SHARED_MEDIA / "videos" / "moviepy__fire2_rot180_vfr.mp4").picture
    assert picture is not None
    assert (picture.rotation_deg, picture.has_variable_fps) == (180, True)
    picture = _found(SHARED_MEDIA / "videos" / "mediabunny__rotate-buck-bunny_51.mp4").picture
    assert picture is not None
    assert (picture.rotation_deg, picture.width_px, picture.height_px) == (90, 1080, 1920)
