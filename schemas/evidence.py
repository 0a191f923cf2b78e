"""Rows of evidence: what was measured, heard, seen, tracked and said about a clip, each with its origin.

The classes without a table (`HeardEvent`, `Measured`, `SeenEvent`, `Track`, `Said`) are what annotators return; the stage
adds clip, model and ids. Times are seconds from the clip's start; boxes are pixels of the clip's stored video.
"""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.row import AnnotationRow, Span, Value
from schemas.vocabulary import MotionKind, SoundKind


class Measured(Value):
    """One number about a clip, or about a span of it."""

    name: str
    value: float
    unit: str
    start_s: float | None = None
    end_s: float | None = None


class Measurement(Measured, AnnotationRow):
    """Numbers about clips: loudness, silence, bandwidth, clipping, motion… Thresholds are applied at publish, not here."""

    table: ClassVar[str] = "measurement"


class HeardEvent(Span):
    """A sound that starts and ends. Fields are None where they do not apply or could not be measured."""

    kind: SoundKind
    kind_score: float  # 0..1, how clearly it is of this kind
    onsets_s: list[float]  # one for most kinds, one per hit for a roll
    peak_dbfs: float
    loudness_lufs: float | None  # momentary maximum within the span
    loudness_slope_db_per_s: float | None
    pitch_hz: float | None  # median fundamental
    pitch_start_hz: float | None
    pitch_end_hz: float | None
    harmonicity: float | None  # 0..1
    centroid_hz: float | None
    flatness: float | None  # 0 tonal .. 1 white
    pan: float | None  # -1 left .. +1 right; None for mono
    pan_slope_per_s: float | None
    repetition_hz: float | None  # hits per second of a roll
    snr_db: float | None  # over the clip's background


class SoundEvent(HeardEvent, AnnotationRow):
    """Sounds heard in a clip, named by how they behave (see docs: vocabulary)."""

    table: ClassVar[str] = "sound_event"

    event_id: str  # s000, s001, … in order of onset


class SeenEvent(Value):
    """Something that happens in the picture at one moment."""

    kind: MotionKind
    time_s: float
    track_id: str | None  # None for a cut
    x_px: float | None
    y_px: float | None
    strength: float  # px/s of velocity change (impact, start, stop); 0..1 of changed picture (cut, appear, vanish)


class MotionEvent(SeenEvent, AnnotationRow):
    """Bounces, starts, stops, appearances and cuts seen in a clip."""

    table: ClassVar[str] = "motion_event"

    event_id: str  # m000, m001, … in order of time


class TrackBox(Value):
    """Where a tracked thing is in one frame."""

    time_s: float
    box_xyxy_px: list[float]  # x0 y0 x1 y1, x1 and y1 exclusive
    score: float  # 0..1
    mask_rle: str | None = None  # COCO RLE object as JSON: {"size": [height, width], "counts": "…"}, size of the pictures seen


class Track(Span):
    """One thing followed through the picture."""

    track_id: str  # t00, t01, … by first appearance
    phrase: str  # what it is called: "red round region", or the words a detector was asked for
    boxes: list[TrackBox]
    coverage_frac: float  # share of the span's frames with a box
    mean_score: float
    mean_speed_px_per_s: float
    max_speed_px_per_s: float
    consistency_iou: float | None = None  # mean IoU of neighbouring masks; None for a tracker without masks
    lost: list[Span] = Field(default_factory=list)  # stretches of the span out of sight, for a tracker with masks


class RoiTrack(Track, AnnotationRow):
    """Regions of interest through time."""

    table: ClassVar[str] = "roi_track"


class Said(Value):
    """A sentence about a clip in answer to a question."""

    modality: Literal["audio", "video"]
    question: Literal["content", "temporal"]
    text: str


class Caption(Said, AnnotationRow):
    """What captioners said, by modality and question (ThinkSound stage 1 asks the video for content and for order)."""

    table: ClassVar[str] = "caption"
