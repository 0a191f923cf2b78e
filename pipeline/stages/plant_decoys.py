"""Plant decoys: claims known to be false, so that every build measures its witnesses."""

from collections.abc import Iterable, Sequence

from pipeline.decoys import plant_decoys
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.media import Clip
from schemas.reasoning import Claim, Decoy
from schemas.row import Row


class PlantDecoys(SampleStage[Sequence[Decoy], Sequence[Decoy]]):
    name = "plant_decoys"
    requires = (Clip, Claim)
    produces = (Decoy,)

    def begin(self, samples: Sequence[Sample]) -> None:
        self._claims = {sample.clip.clip_id: list(sample.of(Claim)) for sample in samples}

    def ask(self, sample: Sample) -> Sequence[Decoy] | Filtered:
        clip = sample.clip
        if not self._claims[clip.clip_id]:
            return Filtered("no_claims")
        others = [claim for clip_id, claims in self._claims.items() if clip_id != clip.clip_id for claim in claims]
        return plant_decoys(clip.clip_id, clip.duration_s, self._claims[clip.clip_id], others)

    def rows(self, sample: Sample, answer: Sequence[Decoy]) -> Iterable[Row]:
        return answer
