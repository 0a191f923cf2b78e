"""Which things get a chain, and why the others do not."""

from collections.abc import Sequence

import numpy as np
import pytest

from annotators.media import ArrayMedia, Sound
from annotators.objects.chains.template import ObjectTemplate, ObjectTemplateParams
from pipeline.sample import Sample
from pipeline.stages.reason_objects import ObjectFilterParams, ReasonObjects
from schemas.errors import Filtered
from schemas.evidence import Caption, Measurement, MotionEvent, RoiTrack, SoundEvent
from schemas.objects import Attribution, FoundObject, SceneObject
from schemas.reasoning import Claim, Cot
from schemas.row import Span
from tests.annotators.objects.chains.making import LEFT, MADE, RIGHT, STILL, found, given_to, track
from tests.pipeline.spelling import clip

ORIGIN = {"clip_id": "clip", "model": "test@1"}


def sample(things: Sequence[FoundObject] = (LEFT, RIGHT, STILL), has_video: bool = True) -> Sample:
    ids = [name for thing in things for name in thing.track_ids]
    tables = {
        SoundEvent: [event for event, _ in MADE],
        RoiTrack: [RoiTrack(**ORIGIN, **track(name).model_dump()) for name in ids],
        SceneObject: [SceneObject(**ORIGIN, **thing.model_dump()) for thing in things],
        Attribution: [Attribution(**ORIGIN, **given_to(event, maker).model_dump()) for event, maker in MADE],
    }
    silence = ArrayMedia("clip", Sound(np.zeros((1, 16000), np.float32), 16000))
    row = clip("clip").model_copy(update={"has_video": has_video, "duration_s": 9.0})
    return Sample(row, silence, {Measurement: [], MotionEvent: [], Caption: [], **tables})


def stage(**filters: float) -> ReasonObjects:
    return ReasonObjects(ObjectFilterParams.model_validate(filters), ObjectTemplate(ObjectTemplateParams()))


def chains(of: Sample, **filters: float) -> tuple[list[Cot], dict[str, float]]:
    """The chains of a sample, and its measurements."""
    asking = stage(**filters)
    questions = asking.ask(of)
    assert not isinstance(questions, Filtered)
    assert asking.annotator is not None
    rows = list(asking.rows(of, asking.annotator.annotate(questions)))
    assert {type(row) for row in rows} == {Cot, Claim, Measurement}
    counts = {row.name: row.value for row in rows if isinstance(row, Measurement)}
    return [row for row in rows if isinstance(row, Cot)], counts


def test_every_thing_that_makes_a_sound_has_a_chain_of_its_own() -> None:
    made, counts = chains(sample())
    assert [(cot.cot_id, cot.task, cot.subject_id) for cot in made] == [
        ("clip/object-o00", "object", "o00"), ("clip/object-o01", "object", "o01"),
    ]  # fmt: skip
    assert counts == {"objects_kept": 2, "objects_left_out_silent": 1}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": "unclear"}, "unclear"),
        ({"state_score": 0.55}, "uncertain"),
        ({"coverage_frac": 0.4}, "inconsistent"),
        ({"lost_s": 3.0}, "inconsistent"),
        ({"mean_area_frac": 0.0001}, "too_small"),
        ({"visible": [Span(start_s=6.5, end_s=9.0)]}, "out_of_sight"),  # its tone lasts from 5 s to 7 s
    ],
)
def test_a_thing_that_is_not_seen_consistently_is_left_out_and_counted(fields: dict[str, object], reason: str) -> None:
    made, counts = chains(sample([LEFT, found("o01", 0.6, "t01", **fields)]), min_state_score=0.6)
    assert [cot.subject_id for cot in made] == ["o00"]
    assert counts == {"objects_kept": 1, f"objects_left_out_{reason}": 1}


def test_what_is_left_out_is_a_parameter() -> None:
    small = [LEFT, found("o01", 0.6, "t01", mean_area_frac=0.0001, coverage_frac=0.1, lost_s=8.0, state_score=0.1)]
    made, _ = chains(sample(small), min_area_frac=0, min_coverage_frac=0, max_lost_s=9, min_state_score=0)
    assert [cot.subject_id for cot in made] == ["o00", "o01"]


def test_a_clip_without_a_picture_or_without_kept_things_is_filtered() -> None:
    assert stage().ask(sample(has_video=False)) == Filtered("no_video")
    assert stage().ask(sample([STILL])) == Filtered("no_kept_objects")
    assert stage(min_area_frac=0.5).ask(sample()) == Filtered("no_kept_objects")
