"""Detect sound events: what sounds, from when to when, and how the clip measures as a whole."""

from collections.abc import Iterable

from annotators.media import Media
from annotators.roles import Hearing
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.evidence import Measurement, SoundEvent
from schemas.media import Clip
from schemas.row import Row


class DetectEvents(SampleStage[Media, Hearing]):
    name = "detect_events"
    role = "event_detector"
    default_backend = "instruments"
    requires = (Clip,)
    produces = (SoundEvent, Measurement)

    def ask(self, sample: Sample) -> Media:
        return sample.media

    def rows(self, sample: Sample, answer: Hearing) -> Iterable[Row]:
        origin = self.provenance(sample)
        for number, event in enumerate(answer.events):
            yield SoundEvent(**origin, event_id=f"s{number:03d}", **event.model_dump())
        for measured in answer.measurements:
            yield Measurement(**origin, **measured.model_dump())
