"""Sounds: heard events that one maker would make, taken together, because together they say more about who that is.

Events are of one sound when kind, timbre and stereo position go on from the one before. Splitting one maker's sound in two
costs a little evidence; taking two makers' sounds for one would give one of them to the wrong thing, so doubt splits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotators.likeness import SUSTAINED
from schemas.evidence import SoundEvent
from schemas.row import Span
from schemas.vocabulary import SoundKind

MAX_TIMBRE_RATIO = 1.5  # of the spectral centroids
MAX_PITCH_RATIO = 1.12
MAX_PAN_STEP, MAX_PAN_SPEED = 0.15, 0.35  # between two events: at once, and per second of a maker that moves,
MAX_PAN_GAP = 0.6  # but never more than this
PITCHED: frozenset[SoundKind] = frozenset({"ring", "tone"})


@dataclass(frozen=True, eq=False)
class MadeSound:
    """Events in order of onset, at least one, all of one kind."""

    events: tuple[SoundEvent, ...]

    @property
    def kind(self) -> SoundKind:
        return self.events[0].kind

    @property
    def is_sustained(self) -> bool:
        return self.kind in SUSTAINED

    @property
    def is_struck(self) -> bool:
        """Whether each event is one blow, which may be seen."""
        return self.kind in ("impact", "ring")

    @property
    def spans(self) -> list[Span]:
        """When it sounds."""
        return [Span(start_s=event.start_s, end_s=event.end_s) for event in self.events]


def made_sounds(heard: Sequence[SoundEvent]) -> list[MadeSound]:
    """Every event belongs to exactly one sound; sounds by first onset."""
    groups: list[list[SoundEvent]] = []
    for event in sorted(heard, key=lambda event: (event.start_s, event.event_id)):
        before = [group for group in groups if _goes_on(group[-1], event)]
        if before:
            max(before, key=lambda group: group[-1].start_s).append(event)
        else:
            groups.append([event])
    return [MadeSound(tuple(group)) for group in groups]


def _goes_on(before: SoundEvent, after: SoundEvent) -> bool:
    if before.kind != after.kind or (before.kind in SUSTAINED and after.start_s < before.end_s):
        return False
    if before.pan is not None and after.pan is not None:
        gap_s = after.start_s - before.start_s
        if abs(after.pan - before.pan) > min(MAX_PAN_STEP + MAX_PAN_SPEED * gap_s, MAX_PAN_GAP):
            return False
    if before.kind in PITCHED and before.pitch_hz and after.pitch_hz:
        return _ratio(before.pitch_hz, after.pitch_hz) <= MAX_PITCH_RATIO
    if before.centroid_hz and after.centroid_hz:
        return _ratio(before.centroid_hz, after.centroid_hz) <= MAX_TIMBRE_RATIO
    return True


def _ratio(one: float, other: float) -> float:
    return math.exp(abs(math.log(one / other)))
