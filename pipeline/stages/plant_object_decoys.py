"""Plant object decoys: false claims among those of the chains about things, one kind of them about who makes a sound."""

from typing import ClassVar

from pipeline.sample import Sample
from pipeline.stages.plant_decoys import PlantDecoys
from pipeline.verification.makers import Makers
from schemas.evidence import RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.objects import Attribution, SceneObject
from schemas.reasoning import Claim, Decoy
from schemas.vocabulary import Task


class PlantObjectDecoys(PlantDecoys):
    name = "plant_object_decoys"
    task: ClassVar[Task | None] = "object"
    requires = (Clip, SoundEvent, RoiTrack, SceneObject, Attribution, Claim)
    produces = (Decoy,)

    def makers(self, sample: Sample) -> Makers:
        return Makers(sample.of(SoundEvent), sample.of(SceneObject), sample.of(Attribution), sample.of(RoiTrack))
