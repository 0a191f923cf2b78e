"""Caption: what a captioner says about the sound, and what one says about the silent picture."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from annotators.roles import AudioRequest, VideoRequest
from pipeline.sample import Sample
from pipeline.stage import SampleStage
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, Said, SoundEvent
from schemas.media import Clip
from schemas.row import Row

In = TypeVar("In")


class _CaptionStage(SampleStage[In, Sequence[Said]]):
    """Both captioners write the same rows; they differ in what they are given."""

    def rows(self, sample: Sample, answer: Sequence[Said]) -> Iterable[Row]:
        for said in answer:
            yield Caption(**self.provenance(sample), **said.model_dump())


class CaptionAudio(_CaptionStage[AudioRequest]):
    name = "caption_audio"
    role = "audio_captioner"
    default_backend = "instruments"
    requires = (Clip, SoundEvent, Measurement)
    produces = (Caption,)
    ignores = ("track",)  # what was measured in the picture

    def ask(self, sample: Sample) -> AudioRequest:
        return AudioRequest(sample.media, sample.of(SoundEvent), sample.of(Measurement))


class CaptionVideo(_CaptionStage[VideoRequest]):
    name = "caption_video"
    role = "video_captioner"
    default_backend = "motion"
    requires = (Clip, RoiTrack, MotionEvent)
    produces = (Caption,)

    def ask(self, sample: Sample) -> VideoRequest | Filtered:
        if not sample.clip.has_video:
            return Filtered("no_video")
        return VideoRequest(sample.media, sample.of(RoiTrack), sample.of(MotionEvent))
