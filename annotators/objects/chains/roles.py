"""The role `object_reasoner`: what is asked about one visible thing. The answer is a chain like any other, `Reasoned`."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.roles import CaseFile
from schemas.evidence import HeardEvent
from schemas.objects import Attributed, FoundObject
from schemas.vocabulary import SoundKind


@dataclass(frozen=True)
class ObjectCase:
    """One thing to speak of, among all evidence about its clip, which is the same for every thing of the clip.

    `makers` says who makes each of `clip.heard`, in that order. Claims of type `source` name a thing by one of its tracks.
    """

    clip: CaseFile
    objects: Sequence[FoundObject]
    makers: Sequence[Attributed]
    object_id: str

    @property
    def thing(self) -> FoundObject:
        return next(found for found in self.objects if found.object_id == self.object_id)

    @property
    def own(self) -> list[HeardEvent]:
        """What the thing makes, in order of onset."""
        return self.made_by(self.object_id)

    @property
    def others(self) -> list[HeardEvent]:
        """What it is not known to make, in order of onset."""
        return [event for event, maker in zip(self.clip.heard, self.makers, strict=True) if maker.object_id != self.object_id]

    def maker_score(self, object_id: str, kind: SoundKind) -> float:
        """How surely a thing makes what was given to it of a kind, the least sure of it; 0 where nothing was."""
        pairs = zip(self.clip.heard, self.makers, strict=True)
        return min((one.score for event, one in pairs if event.kind == kind and one.object_id == object_id), default=0.0)

    def made_by(self, object_id: str) -> list[HeardEvent]:
        """What a thing makes, in order of onset."""
        return [event for event, maker in zip(self.clip.heard, self.makers, strict=True) if maker.object_id == object_id]
