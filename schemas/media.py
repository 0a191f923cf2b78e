"""Rows about media: what was listed, what a source is, what a clip is. Written by scan and ingest."""

from typing import ClassVar, Literal

from schemas.row import Row


class Listing(Row):
    """One entry of a folder or manifest: a file, or a span of it. The parts of this table are the plan of the shards.

    A later build adds parts for new content only; entries whose bytes are already known are written with
    `duplicate_of`, and nothing else is made from them.
    """

    table: ClassVar[str] = "listing"

    listing_id: str  # hash of source_id, span
    source_id: str
    uri: str  # as it was given: where the bytes were read
    name: str  # last part of the uri, for people
    num_bytes: int
    modified_ns: int | None  # local files: with uri and num_bytes it lets a rescan skip the hashing
    start_s: float | None = None  # the manifest's span; None = the whole source
    end_s: float | None = None
    label: str | None = None  # what the source's own data set calls it; evidence, never truth
    split: str | None = None  # train | val | test, where the manifest says so
    license: str | None = None
    duplicate_of: str | None = None  # uri of the first entry with the same bytes and span


class Source(Row):
    """A media file known by its bytes, with the facts a probe found. One row per content that could be opened."""

    table: ClassVar[str] = "source"

    source_id: str  # first 32 hex digits of the BLAKE2b-256 hash of the bytes
    uri: str
    name: str
    num_bytes: int
    container: str
    duration_s: float
    video_codec: str | None
    width_px: int | None  # as displayed, after rotation
    height_px: int | None
    fps: float | None  # average
    rotation_deg: int | None
    has_variable_fps: bool | None
    audio_codec: str
    sample_rate_hz: int
    num_channels: int
    audio_start_s: float  # where sound begins, on the time axis of the picture
    label: str | None
    split: str | None
    license: str | None


class Clip(Row):
    """A half-open span of a source with its silent video and its sound in the clip tar of its shard."""

    table: ClassVar[str] = "clip"

    clip_id: str  # [a-z0-9_-]+: source_id, start and end in milliseconds
    source_id: str
    start_s: float  # in the source
    end_s: float
    duration_s: float
    has_video: bool
    video_mode: Literal["copied", "encoded", "none"]
    width_px: int | None
    height_px: int | None
    fps: float | None
    num_frames: int | None
    sample_rate_hz: int
    num_channels: int
    num_samples: int
    peak_dbfs: float | None  # None = digital silence within this clip
    label: str | None
    video_bytes: int | None
    audio_bytes: int
