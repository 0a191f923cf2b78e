"""The roles: what each kind of annotator is given and what it gives back.

| role             | in            | out                     |
|------------------|---------------|-------------------------|
| event_detector   | Media         | Hearing                 |
| tracker          | TrackRequest  | Seeing                  |
| audio_captioner  | AudioRequest  | list[Said]              |
| video_captioner  | VideoRequest  | list[Said]              |
| reasoner         | CaseFile      | Reasoned                |
| attributor       | AttributionRequest | Attributions (annotators/objects/roles.py) |
| object_reasoner  | ObjectCase    | Reasoned (annotators/objects/chains/roles.py) |
| edit_reasoner    | EditCase      | Reasoned (annotators/edits/roles.py) |
| questioner       | PoseRequest   | list[Posed] (annotators/questions/roles.py, also the next two) |
| teacher          | TeachRequest  | list[Drawn], per question |
| answerer         | AnswerRequest | list[Drawn], per question |
| verifier         | Inquiry       | list[Judged], per claim |
| repairer         | RepairCase    | Repaired, per refuted step (annotators/repairs/roles.py) |

Requests carry `media` as a handle, so that a backend that needs none of it costs no decoding, and everything measured so
far, so that a backend may use it as context.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.media import Media
from schemas.evidence import HeardEvent, Measured, Said, SeenEvent, Track
from schemas.reasoning import Stated


@dataclass(frozen=True)
class Hearing:
    """What was heard: events in order of onset, and measurements of the whole clip."""

    events: Sequence[HeardEvent]
    measurements: Sequence[Measured]


@dataclass(frozen=True)
class TrackRequest:
    """`phrases`: what to look for, for detectors that need words; `motion` tracks whatever moves."""

    media: Media
    phrases: Sequence[str]


@dataclass(frozen=True)
class Seeing:
    """Tracks by first appearance, motion events in order of time, and measurements of the picture."""

    tracks: Sequence[Track]
    events: Sequence[SeenEvent]
    measurements: Sequence[Measured]


@dataclass(frozen=True)
class AudioRequest:
    media: Media
    events: Sequence[HeardEvent]
    measurements: Sequence[Measured]


@dataclass(frozen=True)
class VideoRequest:
    media: Media
    tracks: Sequence[Track]
    events: Sequence[SeenEvent]


@dataclass(frozen=True)
class CaseFile:
    """All evidence about a clip. Sizes are None for a clip without a picture. `label` is the source data set's word."""

    clip_id: str
    duration_s: float
    width_px: int | None
    height_px: int | None
    label: str | None
    captions: Sequence[Said]
    heard: Sequence[HeardEvent]
    measurements: Sequence[Measured]
    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]


@dataclass(frozen=True)
class Inquiry:
    """Claims to judge. True claims and decoys come mixed and look the same. Tracks and seen events serve `source` claims."""

    media: Media
    claims: Sequence[Stated]
    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]
    width_px: int | None
    height_px: int | None
