"""Plant decoys among the claims of the silent teacher's chains, made from those of them that what was heard bears out."""

from collections.abc import Sequence
from typing import ClassVar

from pipeline.questions.founded import founded
from pipeline.sample import Sample
from pipeline.stages.plant_decoys import PlantDecoys
from schemas.errors import Filtered
from schemas.evidence import SoundEvent
from schemas.reasoning import Claim, Decoy
from schemas.vocabulary import Task


class PlantQuestionDecoys(PlantDecoys):
    name = "plant_question_decoys"
    task: ClassVar[Task | None] = "question"

    def begin(self, samples: Sequence[Sample]) -> None:
        self._claims = {sample.clip.clip_id: founded(sample.of(Claim), sample.of(SoundEvent)) for sample in samples}

    def ask(self, sample: Sample) -> Sequence[Decoy] | Filtered:
        if sample.of(Claim) and not self._claims[sample.clip.clip_id]:
            return Filtered("no_founded_claims")
        return super().ask(sample)
