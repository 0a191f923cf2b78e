"""One source becomes clips: fetched, probed, cut into windows, transcoded, measured.

Owns the ids of clips and the rows about sources and clips; the media work is `pipeline.media`'s. Whatever is wrong with a
source or with one of its spans becomes a Failure row and never an exception; what is wrong with the machine (a full disk)
raises. Packing the tar and writing the tables is the stage's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from annotators.base import Params
from pipeline.locations import fetch_source, local_path, without_query
from pipeline.media.clip_tar import IngestedClip
from pipeline.media.ffmpeg import FfmpegError
from pipeline.media.probe import Probe, probe
from pipeline.media.stored import stored_sound, stored_video
from pipeline.media.transcode import CopyCheck, Cut, Encoding, transcode
from pipeline.media.windows import windows, windows_of_span
from pipeline.shards import content_id
from schemas.accounting import Failure
from schemas.errors import Rejected
from schemas.media import Clip, Listing, Source

_STAGE = "ingest"
_Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]


class IngestParams(Params):
    """How sources are cut and encoded."""

    window_s: float = Field(9.0, gt=0, le=600, description="length of a clip; media up to 1.5 times as long is one clip")
    min_s: float = Field(2.0, ge=0.05, description="the shortest clip; shorter media fails as too_short")
    max_height_px: int = Field(480, ge=16, description="pictures that are encoded are made no higher than this")
    crf: int = Field(23, ge=0, le=51, description="x264 quality: 0 lossless, 23 good, 51 worst")
    preset: _Preset = Field("veryfast", description="x264 speed against file size")
    copy_check: CopyCheck = Field(
        "every_picture", description="what is decoded of an H.264 stream before it is stored as it is; keyframes is faster"
    )
    probe_timeout_s: float = Field(60.0, gt=0, description="limit for opening a source and reading through it")
    transcode_timeout_s: float = Field(300.0, gt=0, description="limit for cutting and encoding one clip")

    @model_validator(mode="after")
    def _window_holds_the_shortest_clip(self) -> "IngestParams":
        if self.min_s > self.window_s:
            raise ValueError(f"min_s must not be above window_s, got {self.min_s:g} and {self.window_s:g}")
        return self


@dataclass(frozen=True)
class Ingested:
    """What became of one source. There is a failure wherever there is no clip; `source` is None if it could not be opened."""

    source: Source | None
    clips: list[IngestedClip]
    failures: list[Failure]


def ingest_source(listings: Sequence[Listing], params: IngestParams, scratch: Path) -> Ingested:
    """Clips of one source. `listings`: all its spans, none a duplicate; the files of the clips are left in `scratch`."""
    first = listings[0]
    download = scratch / f"{first.source_id}.source"
    try:
        path = _local_copy(first.uri, download)
        if isinstance(path, Rejected):
            return Ingested(None, [], [_failure(first, path)])
        probed = probe(path, params.probe_timeout_s)
        if isinstance(probed, Rejected):
            return Ingested(None, [], [_failure(first, probed)])
        clips, failures = _clips(listings, path, probed, params, scratch)
        has_changed = _has_changed(first, path)
    finally:
        download.unlink(missing_ok=True)
    if has_changed:
        _remove(clips)
        return Ingested(None, [], [_failure(first, Rejected("changed", "the file has other bytes than when it was listed"))])
    if clips and all(one.clip.peak_dbfs is None for one in clips):
        _remove(clips)
        silent = Rejected("silent_audio", f"the sound track is digital silence ({probed.audio.codec})")
        clips, failures = [], [*failures, _failure(first, silent)]
    return Ingested(_source(first, probed), clips, failures)


def _local_copy(uri: str, download: Path) -> Path | Rejected:
    """The path of a local source; a copy of a remote one."""
    path = local_path(uri)
    if path is not None:
        return Path(path)
    try:
        fetch_source(uri, download)
    except FileNotFoundError:
        return Rejected("vanished", "the file was listed but is gone")
    except Exception as error:  # every kind of store has errors of its own
        return Rejected("unreadable", f"cannot be fetched: {type(error).__name__}: {error}")
    return download


def _has_changed(listing: Listing, path: Path) -> bool:
    """Whether clips cut from `path` are of other bytes than those that gave them their ids. Asked when all are cut."""
    try:
        found = path.stat()
        if (found.st_size, found.st_mtime_ns) == (listing.num_bytes, listing.modified_ns):
            return False
        return content_id(str(path)) != listing.source_id
    except FileNotFoundError:  # gone is not changed: what was cut before is good
        return False


def _clips(
    listings: Sequence[Listing], path: Path, probed: Probe, params: IngestParams, scratch: Path
) -> tuple[list[IngestedClip], list[Failure]]:
    """Clips in order of time. Windows that several spans share are made once, for the first span that asks."""
    clips: dict[str, IngestedClip] = {}
    failures = []
    for listing in sorted(listings, key=lambda one: (one.start_s or 0.0, one.end_s or probed.duration_s)):
        spans = _spans(listing, probed, params)
        if isinstance(spans, Rejected):
            failures.append(_failure(listing, spans))
            continue
        for start_s, end_s in spans:
            clip_id = f"{listing.source_id[:16]}-{round(start_s * 1000):08d}-{round(end_s * 1000):08d}"
            if clip_id in clips:
                continue
            made = _clip(clip_id, listing, Cut(path, probed, start_s, end_s), params, scratch)
            if isinstance(made, Rejected):
                failures.append(_failure(listing, made, clip_id))
            else:
                clips[clip_id] = made
    return [clips[clip_id] for clip_id in sorted(clips)], failures


def _spans(listing: Listing, probed: Probe, params: IngestParams) -> list[tuple[float, float]] | Rejected:
    if listing.start_s is None and listing.end_s is None:
        return windows(probed.duration_s, params.window_s, params.min_s)
    return windows_of_span(listing.start_s, listing.end_s, probed.duration_s, params.window_s, params.min_s)


def _clip(clip_id: str, listing: Listing, cut: Cut, params: IngestParams, scratch: Path) -> IngestedClip | Rejected:
    video, audio = scratch / f"{clip_id}.mp4", scratch / f"{clip_id}.flac"
    encoding = Encoding(params.max_height_px, params.crf, params.preset, params.copy_check)
    try:
        mode = transcode(cut, video, audio, encoding, params.transcode_timeout_s)
        picture = None if mode == "none" else stored_video(video, cut.end_s - cut.start_s)
        sound = stored_sound(audio)
    except (FfmpegError, ValueError, RuntimeError) as error:  # RuntimeError: what soundfile raises
        video.unlink(missing_ok=True)
        audio.unlink(missing_ok=True)
        if not cut.source.exists():
            return Rejected("vanished", "the file went away while it was cut")
        return Rejected(error.code if isinstance(error, FfmpegError) else "decode_failed", str(error))
    clip = Clip(
        clip_id=clip_id,
        source_id=listing.source_id,
        start_s=cut.start_s,
        end_s=cut.end_s,
        duration_s=sound.num_samples / sound.sample_rate_hz,
        has_video=picture is not None,
        video_mode=mode,
        width_px=picture.width_px if picture else None,
        height_px=picture.height_px if picture else None,
        fps=picture.fps if picture else None,
        num_frames=picture.num_frames if picture else None,
        sample_rate_hz=sound.sample_rate_hz,
        num_channels=sound.num_channels,
        num_samples=sound.num_samples,
        peak_dbfs=sound.peak_dbfs,
        label=listing.label,
        video_bytes=video.stat().st_size if picture else None,
        audio_bytes=audio.stat().st_size,
    )
    return IngestedClip(clip, video if picture else None, audio)


def _source(listing: Listing, probed: Probe) -> Source:
    picture = probed.picture
    return Source(
        source_id=listing.source_id,
        uri=without_query(listing.uri),
        name=listing.name,
        num_bytes=listing.num_bytes,
        container=probed.container,
        duration_s=probed.duration_s,
        video_codec=picture.codec if picture else None,
        width_px=picture.width_px if picture else None,
        height_px=picture.height_px if picture else None,
        fps=picture.fps if picture else None,
        rotation_deg=picture.rotation_deg if picture else None,
        has_variable_fps=picture.has_variable_fps if picture else None,
        audio_codec=probed.audio.codec,
        sample_rate_hz=probed.audio.sample_rate_hz,
        num_channels=probed.audio.num_channels,
        audio_start_s=probed.audio.start_s,
        label=listing.label,
        split=listing.split,
        license=listing.license,
    )


def _failure(listing: Listing, rejected: Rejected, clip_id: str | None = None) -> Failure:
    return Failure(
        stage=_STAGE,
        code=rejected.code,
        message=rejected.message,
        source_id=listing.source_id,
        clip_id=clip_id,
        uri=without_query(listing.uri),
    )


def _remove(clips: Sequence[IngestedClip]) -> None:
    for one in clips:
        one.audio.unlink(missing_ok=True)
        if one.video is not None:
            one.video.unlink(missing_ok=True)
