"""Find objects, in a built dataset: every event has one maker, every track one object, and rows come back as they were."""

from collections import Counter
from typing import TypeVar

import numpy as np

from annotators.media import ArrayMedia, Sound
from annotators.objects.attributor import Correspondence
from annotators.objects.params import CorrespondenceParams
from pipeline.sample import Sample
from pipeline.stages.find_objects import FindObjects
from schemas.errors import Filtered
from schemas.evidence import MotionEvent, RoiTrack, SoundEvent
from schemas.media import Clip
from schemas.objects import Attribution, SceneObject
from schemas.row import Row
from tests.pipeline.conftest import Built
from tests.pipeline.spelling import clip

R = TypeVar("R", bound=Row)


def rows(built: Built, row_type: type[R]) -> list[R]:
    found: list[R] = []
    for planned in built.plan.stages:
        if row_type in planned.stage.produces:
            for shard in sorted(built.dataset.shards_with_part(Clip.table, "ingest", built.plan["ingest"].fingerprint)):
                found += built.dataset.read_part(row_type, planned.name, planned.fingerprint, shard)
    return found


def test_every_event_has_exactly_one_maker_and_every_track_exactly_one_object(built: Built) -> None:
    events = Counter((event.clip_id, event.event_id) for event in rows(built, SoundEvent))
    tracks = Counter((track.clip_id, track.track_id) for track in rows(built, RoiTrack))
    assert events
    assert tracks
    assert events == Counter((made.clip_id, made.event_id) for made in rows(built, Attribution))
    assert tracks == Counter((found.clip_id, name) for found in rows(built, SceneObject) for name in found.track_ids)


def test_an_attribution_to_an_object_names_one_that_is_sounding(built: Built) -> None:
    state = {(found.clip_id, found.object_id): found.state for found in rows(built, SceneObject)}
    given = [(made.clip_id, made.object_id) for made in rows(built, Attribution) if made.object_id]
    assert given
    assert {state[clip_id, object_id] for clip_id, object_id in given} == {"sounding"}
    assert {key for key, value in state.items() if value == "sounding"} == set(given)


def test_a_clip_without_a_picture_has_no_objects() -> None:
    stage = FindObjects(FindObjects.Params(), Correspondence(CorrespondenceParams()))
    sound = ArrayMedia("clip", Sound(np.zeros((1, 16000), np.float32), 16000))
    sample = Sample(
        clip("clip").model_copy(update={"has_video": False}), sound, {SoundEvent: [], RoiTrack: [], MotionEvent: []}
    )
    assert stage.ask(sample) == Filtered("no_video")
