"""Find objects: which things are seen, and which of them makes each heard event (ThinkSound stage 2)."""

from collections.abc import Iterable

from annotators.objects.roles import AttributionRequest, Attributions
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.objects import Attribution, SceneObject
from schemas.row import Row


class FindObjects(SampleStage[AttributionRequest, Attributions]):
    name = "find_objects"
    role = "attributor"
    default_backend = "correspondence"
    requires = (Clip, SoundEvent, RoiTrack, MotionEvent)
    produces = (SceneObject, Attribution)

    def ask(self, sample: Sample) -> AttributionRequest | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        return AttributionRequest(
            media=sample.media,
            heard=sample.of(SoundEvent),
            tracks=sample.of(RoiTrack),
            seen=sample.of(MotionEvent),
            width_px=sample.clip.width_px,
            height_px=sample.clip.height_px,
        )

    def rows(self, sample: Sample, answer: Attributions) -> Iterable[Row]:
        origin = self.provenance(sample)
        for found in answer.objects:
            yield SceneObject(**origin, **found.model_dump())
        for attributed in answer.attributions:
            yield Attribution(**origin, **attributed.model_dump())
