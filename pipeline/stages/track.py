"""Track: what moves in the picture or was asked for by name, where, and what happens to it."""

from collections.abc import Iterable, Mapping
from typing import Any

from annotators.roles import Seeing, TrackRequest
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import Measurement, MotionEvent, RoiTrack
from schemas.media import Clip
from schemas.row import Row


class TrackRegions(SampleStage[TrackRequest, Seeing]):
    name = "track"
    role = "tracker"
    default_backend = "motion"
    requires = (Clip,)
    produces = (RoiTrack, MotionEvent, Measurement)

    def ask(self, sample: Sample) -> TrackRequest | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        return TrackRequest(sample.media, [sample.clip.label] if sample.clip.label else [])

    def rows(self, sample: Sample, answer: Seeing) -> Iterable[Row]:
        return tracking_rows(self.provenance(sample), answer)


def tracking_rows(origin: Mapping[str, Any], answer: Seeing) -> Iterable[Row]:
    """What a tracker saw as rows. `origin`: the fields every annotation row starts with."""
    for track in answer.tracks:
        yield RoiTrack(**origin, **track.model_dump())
    for number, event in enumerate(answer.events):
        yield MotionEvent(**origin, event_id=f"m{number:03d}", **event.model_dump())
    for measured in answer.measurements:
        yield Measurement(**origin, **measured.model_dump())
