"""Which thing makes which sound of a clip, as far as the evidence tells: what a decoy about a maker must stay clear of.

To say of a thing that it makes a sound is surely false only if every event that the sound could be is clearly somebody else's,
and the thing is either clearly silent or known to make other sounds. What the attributor leaves unclear may be anybody's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from annotators.likeness import ALIKE
from annotators.objects.chains.tracks import track_in_sight
from schemas.evidence import SoundEvent, Track
from schemas.objects import Attributed, FoundObject
from schemas.reasoning import Stated
from schemas.vocabulary import SOUND_KINDS, SoundKind

CLEAR_SCORE = 0.7  # from here on an attribution, or a thing's silence, is taken as known


@dataclass(frozen=True)
class Makers:
    """All of one clip: its sounds, its things with their tracks, and one attribution for each sound."""

    heard: Sequence[SoundEvent]
    objects: Sequence[FoundObject]
    attributions: Sequence[Attributed]
    tracks: Sequence[Track]

    def wrong_tracks(self, claim: Stated, own: Sequence[Stated]) -> Iterator[str]:
        """A track of every thing that surely does not make the subject of a source claim within its span.

        `own`: the clip's own claims, none of which may say what the decoy would.
        """
        events = self._could_be(claim)
        given = {one.event_id: one for one in self.attributions}
        if not all(event.event_id in given and _is_known(given[event.event_id]) for event in events):
            return
        its_makers = {given[event.event_id].object_id for event in events}
        for thing in self.objects:
            said = any(other.type == "source" and other.object in thing.track_ids and _like(other, claim) for other in own)
            if thing.object_id in its_makers or claim.object in thing.track_ids or said or not self._is_sure(thing):
                continue
            if track := track_in_sight(thing, self.tracks, claim.start_s, claim.end_s):
                yield track.track_id

    def _could_be(self, claim: Stated) -> list[SoundEvent]:
        """The events within the span that the subject could mean."""
        like = _kinds(claim.subject)
        start_s, end_s = claim.start_s or 0.0, float("inf") if claim.end_s is None else claim.end_s
        return [event for event in self.heard if event.kind in like and event.start_s <= end_s and event.end_s >= start_s]

    def _is_sure(self, thing: FoundObject) -> bool:
        """Whether it is known what the thing does: nothing, or sounds that were clearly given to it."""
        if thing.state == "silent":
            return thing.state_score >= CLEAR_SCORE
        return any(one.object_id == thing.object_id and _is_known(one) for one in self.attributions)


NO_MAKERS = Makers((), (), (), ())


def _is_known(attributed: Attributed) -> bool:
    return attributed.maker != "unclear" and attributed.score >= CLEAR_SCORE


def _kinds(subject: str | None) -> set[SoundKind]:
    """The kinds that a subject may be heard as: free words as any."""
    return next(({kind, *ALIKE[kind]} for kind in SOUND_KINDS if kind == subject), set(SOUND_KINDS))


def _like(one: Stated, other: Stated) -> bool:
    return bool(_kinds(one.subject) & _kinds(other.subject))
