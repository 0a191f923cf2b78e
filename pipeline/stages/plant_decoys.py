"""Plant decoys: claims known to be false, so that every build measures its witnesses."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from annotators.base import Params as AnyParams
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from pipeline.verification.decoys import VERSION, plant_decoys
from pipeline.verification.makers import NO_MAKERS, Makers
from schemas.errors import Filtered
from schemas.evidence import SoundEvent
from schemas.media import Clip
from schemas.reasoning import Claim, Decoy
from schemas.row import Row
from schemas.vocabulary import Task


class DecoyParams(AnyParams):
    """How many decoys, and which."""

    per_kind: int = Field(1, ge=0, le=8, description="decoys of each kind per clip; 0 plants none and measures no witness")
    seed: int = Field(0, description="another seed plants other decoys")


class PlantDecoys(SampleStage[Sequence[Decoy], Sequence[Decoy]]):
    name = "plant_decoys"
    task: ClassVar[Task | None] = "base"
    version = VERSION
    requires: ClassVar[tuple[type[Row], ...]] = (Clip, SoundEvent, Claim)
    produces = (Decoy,)
    Params = DecoyParams

    def __init__(self, params: AnyParams, annotator: None = None) -> None:
        super().__init__(params, annotator)
        self._decoy_params = DecoyParams.model_validate(params.model_dump())

    def begin(self, samples: Sequence[Sample]) -> None:
        self._claims = {sample.clip.clip_id: list(sample.of(Claim)) for sample in samples}

    def ask(self, sample: Sample) -> Sequence[Decoy] | Filtered:
        clip = sample.clip
        if not self._claims[clip.clip_id]:
            return Filtered("no_claims")
        others = [claim for clip_id, claims in self._claims.items() if clip_id != clip.clip_id for claim in claims]
        return plant_decoys(
            clip.clip_id,
            self._claims[clip.clip_id],
            others,
            sample.of(SoundEvent),
            clip.duration_s,
            self._decoy_params.seed,
            self._decoy_params.per_kind,
            self.makers(sample),
        )

    def makers(self, sample: Sample) -> Makers:
        """Which thing makes which sound, for decoys about makers; nothing where the task does not speak of things."""
        return NO_MAKERS

    def rows(self, sample: Sample, answer: Sequence[Decoy]) -> Iterable[Row]:
        return answer
