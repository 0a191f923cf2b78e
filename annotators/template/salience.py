"""Which heard events are worth a sentence: clear in kind, above the background, the strongest first.

An event that is not clear is never spoken of, but it is remembered: where one of a kind is doubtful, that kind is neither
counted nor said to be absent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.likeness import ALIKE, SUSTAINED
from schemas.evidence import HeardEvent
from schemas.vocabulary import SOUND_KINDS, SoundKind

_LOUD_SNR_DB = 30.0  # beyond this, louder is not clearer


@dataclass(frozen=True)
class Group:
    """The clear events of one kind in order of onset. `is_complete`: no doubtful one of the kind, so it can be counted."""

    kind: SoundKind
    events: Sequence[HeardEvent]
    is_complete: bool

    @property
    def strongest(self) -> HeardEvent:
        return max(self.events, key=strength)

    @property
    def is_sustained(self) -> bool:
        return self.kind in SUSTAINED


def strength(event: HeardEvent) -> float:
    """0..1: how clear the kind is, times how far it stands out of the background.

    A pitched sound that lasts is its own background, and its clear pitch is what makes it stand out: it counts at least half.
    """
    snr_db = _LOUD_SNR_DB if event.snr_db is None else min(max(event.snr_db, 0.0), _LOUD_SNR_DB)
    least = 0.5 if event.kind in ("tone", "sweep") else 0.0
    return event.kind_score * max(snr_db / _LOUD_SNR_DB, least)


def groups(heard: Sequence[HeardEvent], min_strength: float, max_kinds: int) -> list[Group]:
    """Up to `max_kinds` groups, the strongest kinds, in order of their first onset."""
    found: list[Group] = []
    for kind in SOUND_KINDS:
        of_kind = [event for event in heard if event.kind == kind]
        clear = sorted((e for e in of_kind if strength(e) >= min_strength), key=lambda event: event.start_s)
        if clear:
            found.append(Group(kind, clear, len(clear) == len(of_kind)))
    loudest = sorted(found, key=lambda group: strength(group.strongest), reverse=True)[:max_kinds]
    return sorted(loudest, key=lambda group: group.events[0].start_s)


def absent_kinds(heard: Sequence[HeardEvent]) -> list[SoundKind]:
    """Kinds that nothing heard could be mistaken for, in the vocabulary's order."""
    doubted: set[SoundKind] = {event.kind for event in heard}
    doubted |= {other for event in heard for other in ALIKE[event.kind]}
    return [kind for kind in SOUND_KINDS if kind not in doubted]
