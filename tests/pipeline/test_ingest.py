import re
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from pipeline.ingest import Ingested, IngestParams, ingest_source
from pipeline.media.clip_media import StoredMedia
from pipeline.media.clip_tar import ClipTar, clip_members, write_tar
from pipeline.shards import content_id, plan_shards
from pipeline.sources import Entry, list_sources
from schemas.errors import FAILURE_CODES
from schemas.media import Listing
from tests.pipeline.media.rendering import SHARED_MEDIA, clicks, needs_shared_media, onset_s, render_video


def _listing(path: Path | str, start_s: float | None = None, end_s: float | None = None, **more: str) -> Listing:
    source_id = content_id(str(path))
    name = str(path).rpartition("/")[2]
    return Listing(
        listing_id=f"{start_s}-{end_s}", source_id=source_id, uri=str(path), name=name, num_bytes=1, modified_ns=None,
        start_s=start_s, end_s=end_s, **more,
    )  # fmt: skip


def _ingest(tmp_path: Path, *listings: Listing, **params: Any) -> Ingested:
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return ingest_source(listings, IngestParams(**params), scratch)


def test_a_long_video_becomes_clips_that_tile_it(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mp4", clicks([1.0, 4.5, 6.5], 7.0, num_channels=2), duration_s=7)
    done = _ingest(tmp_path, _listing(source, label="clicks"), window_s=3, min_s=0.5)
    clips = [one.clip for one in done.clips]
    assert [(clip.start_s, clip.end_s) for clip in clips] == [(0, 3), (3, 6), (6, done.source.duration_s)]
    assert done.failures == []
    for one in done.clips:
        clip = one.clip
        assert re.fullmatch(r"[a-z0-9_-]+", clip.clip_id)
        assert clip.clip_id == f"{clip.source_id[:16]}-{round(clip.start_s * 1000):08d}-{round(clip.end_s * 1000):08d}"
        assert (clip.num_samples, clip.num_channels) == (round((clip.end_s - clip.start_s) * 44100), 2)
        assert (clip.video_mode, clip.num_frames, clip.label) == ("encoded", 75 if clip.end_s <= 6 else 25, "clicks")
        assert clip.peak_dbfs == pytest.approx(-6, abs=1)
        assert one.video is not None
        assert (clip.video_bytes, clip.audio_bytes) == (one.video.stat().st_size, one.audio.stat().st_size)


def test_a_clip_survives_the_tar_and_plays_in_step(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mkv", clicks([1.5], 2.5), flash_s=2.0, sound_offset_s=0.5, acodec="flac")
    (one,) = _ingest(tmp_path, _listing(source)).clips
    with (tmp_path / "shard.tar").open("wb") as sink:
        write_tar(sink, clip_members(one))
    media = StoredMedia.from_tar(ClipTar(lambda: (tmp_path / "shard.tar").open("rb")), one.clip)
    assert onset_s(media.sound().mono, 44100) == pytest.approx(2.0, abs=0.002)
    is_white = media.frames(25, 64).pixels[:, -4, -4].min(axis=1) > 128
    assert np.flatnonzero(is_white).tolist() == [50]


def test_spans_are_honoured_and_shared_windows_made_once(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, clicks([1.0], 10.0), 44100)
    spans = [(0.0, 4.0), (5.0, 9.0), (0.0, 4.0), (9.5, 14.0), (1.0, 1.5)]
    done = _ingest(tmp_path, *[_listing(source, *span) for span in spans])
    assert [(one.clip.start_s, one.clip.end_s) for one in done.clips] == [(0, 4), (5, 9)]
    assert sorted(failure.code for failure in done.failures) == ["bad_span", "too_short"]
    assert done.clips[1].clip.peak_dbfs is None  # silence within a source that is not silent


def test_a_silent_source_fails_as_a_whole_and_leaves_no_files(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, np.zeros(44100 * 20), 44100)
    done = _ingest(tmp_path, _listing(source))
    assert done.clips == []
    assert [failure.code for failure in done.failures] == ["silent_audio"]
    assert done.source is not None
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_short_source_is_too_short_and_known_by_its_facts(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, clicks([0.1], 1.0), 44100)
    done = _ingest(tmp_path, _listing(source))
    assert [failure.code for failure in done.failures] == ["too_short"]
    assert done.source is not None
    assert done.source.duration_s == 1.0


def test_a_source_that_went_away_has_vanished(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes(b"x")
    listing = _listing(source)
    source.unlink()
    done = _ingest(tmp_path, listing)
    assert (done.source, done.clips, [failure.code for failure in done.failures]) == (None, [], ["vanished"])
    done = _ingest(tmp_path, listing.model_copy(update={"uri": "memory://nowhere/a.wav"}))
    assert [failure.code for failure in done.failures] == ["vanished"]


def test_a_remote_source_is_fetched_and_not_kept(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", clicks([1.0], 3.0), 44100)
    fsspec.filesystem("memory").pipe("/remote_ingest/a.wav", (tmp_path / "a.wav").read_bytes())
    done = _ingest(tmp_path, _listing("memory://remote_ingest/a.wav"))
    assert len(done.clips) == 1
    assert [path.suffix for path in (tmp_path / "scratch").iterdir()] == [".flac"]


def test_encoding_past_its_limit_is_a_failure_of_the_clip(tmp_path: Path) -> None:
    source = render_video(tmp_path / "a.mkv", clicks([1.0], 3.0), vcodec="mpeg4")
    done = _ingest(tmp_path, _listing(source), transcode_timeout_s=0.001)
    assert [(failure.code, failure.clip_id is not None) for failure in done.failures] == [("timeout", True)]


def test_a_window_shorter_than_the_shortest_clip_is_refused() -> None:
    with pytest.raises(ValidationError, match="min_s must not be above window_s"):
        IngestParams(window_s=1, min_s=2)


@needs_shared_media
@pytest.mark.parametrize(
    ("folder", "max_bytes"),
    [
        ("corrupt", 100_000),
        ("audio", 100_000),
        ("videos_silent", 200_000),
        pytest.param("corrupt", 10**9, marks=pytest.mark.long),
        pytest.param("audio", 10**9, marks=pytest.mark.long),
        pytest.param("videos_silent", 10**9, marks=pytest.mark.long),
        pytest.param("videos", 10**9, marks=pytest.mark.long),
    ],
)
def test_every_shared_file_gives_clips_or_a_coded_failure(tmp_path: Path, folder: str, max_bytes: int) -> None:
    found = list_sources(str(SHARED_MEDIA / folder))
    entries = [entry for entry in found if isinstance(entry, Entry) and entry.num_bytes <= max_bytes]
    plan = plan_shards(entries, [], 8, 0)
    num_done = num_failed = 0
    for listing in (row for rows in plan.shards.values() for row in rows if row.duplicate_of is None):
        done = _ingest(tmp_path, listing)
        num_done += bool(done.clips)
        num_failed += not done.clips
        assert bool(done.clips) != bool(done.failures), listing.name
        assert all(failure.code in FAILURE_CODES for failure in done.failures)
    assert num_done + num_failed + len(plan.duplicates) + len(plan.failures) == len(entries)
    assert (num_done > 0) == (folder != "videos_silent")
