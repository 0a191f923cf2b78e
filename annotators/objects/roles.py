"""The role `attributor`: which visible thing makes which heard event."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.media import Media
from schemas.evidence import SeenEvent, SoundEvent, Track
from schemas.objects import Attributed, FoundObject


@dataclass(frozen=True)
class AttributionRequest:
    """All that was heard and seen of a clip. Without a picture the sizes are None, and `tracks` and `seen` are empty."""

    media: Media
    heard: Sequence[SoundEvent]
    tracks: Sequence[Track]
    seen: Sequence[SeenEvent]
    width_px: int | None
    height_px: int | None


@dataclass(frozen=True)
class Attributions:
    """Objects by first appearance, and exactly one attribution for every heard event, in the order of the events."""

    objects: Sequence[FoundObject]
    attributions: Sequence[Attributed]
