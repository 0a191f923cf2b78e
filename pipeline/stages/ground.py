"""Ground: track what the words name. Left out unless a recipe names a backend.

`track` looks for what moves and needs no words; here a detector is asked for the things that the label, the captions and the
claims name (ThinkSound stage 2). Its tracks lie beside those of `track`, under ids of their own.
"""

from collections.abc import Iterable

from pydantic import Field

from annotators.base import Params as AnyParams
from annotators.roles import Seeing, TrackRequest
from pipeline.phrases import noun_phrases
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from pipeline.stages.track import tracking_rows
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack
from schemas.media import Clip
from schemas.reasoning import Claim
from schemas.row import Row
from schemas.vocabulary import ANY_SOUND, SOUND_KINDS


class GroundParams(AnyParams):
    """Which words are looked for."""

    max_phrases: int = Field(
        12, ge=1, le=64, description="phrases asked for per clip: the label's first, then claims', captions'"
    )


class Ground(SampleStage[TrackRequest, Seeing]):
    name = "ground"
    also_reads = ("base",)  # its phrases are those of the base chain
    role = "tracker"
    requires = (Clip, Caption, Claim)
    produces = (RoiTrack, MotionEvent, Measurement)
    Params = GroundParams

    def ask(self, sample: Sample) -> TrackRequest | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        phrases = named_things(sample)[: GroundParams.model_validate(self.params.model_dump()).max_phrases]
        return TrackRequest(sample.media, phrases) if phrases else Filtered("no_phrases")

    def rows(self, sample: Sample, answer: Seeing) -> Iterable[Row]:
        return tracking_rows(self.provenance(sample), answer)


def named_things(sample: Sample) -> list[str]:
    """What the clip's label, claims and captions name, in that order, each once."""
    labels = [sample.clip.label] if sample.clip.label else []
    subjects = [claim.subject for claim in sample.of(Claim) if claim.subject and claim.subject not in {*SOUND_KINDS, ANY_SOUND}]
    captions = [phrase for caption in sample.of(Caption) for phrase in noun_phrases(caption.text)]
    return list(dict.fromkeys(phrase.lower() for phrase in [*labels, *subjects, *captions]))
