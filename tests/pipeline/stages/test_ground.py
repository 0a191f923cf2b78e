"""Ground: what is looked for, in which order, when nothing is, and that tracks with masks survive being stored."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.base import Annotator
from annotators.grounded.tracker import GroundedSam2Hf
from annotators.media import ArrayMedia, Frames, Sound
from annotators.motion.tracker import MotionTracker
from annotators.roles import Seeing, TrackRequest
from pipeline.sample import Sample
from pipeline.stages.ground import Ground, GroundParams, named_things
from schemas.errors import Filtered
from schemas.evidence import Caption, MotionEvent, RoiTrack
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.reasoning import Claim
from schemas.row import Row
from tests.pipeline.spelling import clip

FPS = 4.0
ORIGIN = {"clip_id": "clip", "model": "m@1", "prompt_id": None}


def caption(text: str) -> Caption:
    return Caption(**ORIGIN, modality="video", question="content", text=text)


def claim(subject: str | None, number: int = 0) -> Claim:
    return Claim(
        **ORIGIN, claim_id=f"clip/base/c{number:02d}", cot_id="clip/base", step_index=0, type="event", basis="seen",
        text="it is there", subject=subject,
    )  # fmt: skip


def sample(label: str | None, captions: Sequence[Caption] = (), claims: Sequence[Claim] = (), has_video: bool = True) -> Sample:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 60, 90, 3), dtype=np.uint8)
    media = ArrayMedia("clip", Sound(np.zeros((1, 32000), np.float32), 16000), Frames(pixels, np.arange(8) / FPS, 1.0))
    rows: Mapping[type[Row], Sequence[Row]] = {Caption: captions, Claim: claims}
    return Sample(clip("clip").model_copy(update={"label": label, "has_video": has_video}), media, rows)


def ground(annotator: Annotator[Any, Any] | None = None, max_phrases: int = 12) -> Ground:
    return Ground(GroundParams(max_phrases=max_phrases), annotator or MotionTracker(MotionTracker.Params()))


def asked(stage: Ground, of: Sample) -> TrackRequest:
    question = stage.ask(of)
    assert isinstance(question, TrackRequest)
    return question


def test_the_label_comes_first_then_what_is_claimed_then_what_captions_name_each_once() -> None:
    one = sample(
        "Dog Barking",
        [caption("A drum and a red car near the door."), caption("There is the red car, by a tree.")],
        [claim("drum"), claim("Dog barking", 1)],
    )
    assert named_things(one) == ["dog barking", "drum", "red car", "door", "tree"]
    assert asked(ground(), one).phrases == named_things(one)
    assert asked(ground(max_phrases=2), one).phrases == ["dog barking", "drum"]


def test_kinds_of_sound_are_no_things_to_look_for() -> None:
    claims = [claim("sound"), claim("impact", 1), claim(None, 2), claim("bell", 3)]
    assert named_things(sample(None, claims=claims)) == ["bell"]


def test_a_clip_without_a_picture_or_without_words_is_filtered_and_no_failure() -> None:
    assert ground().ask(sample("dog", has_video=False)) == Filtered("no_video")
    assert ground().ask(sample(None, [caption("It is there, and then it is not.")])) == Filtered("no_phrases")


def test_it_reads_only_what_it_declares() -> None:
    assert Ground.requires == (Clip, Caption, Claim)
    assert Ground.default_backend is None, "left out unless a recipe names a backend"


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_tracks_with_masks_are_stored_under_the_names_of_both_models(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("pycocotools")
    from tests.checkpoints import grounding_dino, sam2

    params = {
        "model": str(sam2.make_hf(tmp_path / "sam2")), "detector_model": str(grounding_dino.make(tmp_path / "dino")),
        "dtype": "float32", "device": "cpu", "fps": FPS, "min_score": 0.05, "max_tracks": 3,
    }  # fmt: skip
    tracker = GroundedSam2Hf(GroundedSam2Hf.Params.model_validate(params))
    tracker.load()
    stage = ground(tracker)
    one = sample("a dog", [caption("a red car")])
    (answer,) = tracker.annotate([asked(stage, one)])
    assert isinstance(answer, Seeing)
    rows = list(stage.rows(one, answer))
    assert rows
    assert not any(isinstance(row, MotionEvent) for row in rows)
    tracks = [row for row in rows if isinstance(row, RoiTrack)]
    assert {track.phrase for track in tracks} <= {"a dog", "red car"}
    assert all(track.track_id.startswith("g") and track.model == tracker.model for track in tracks)
    dataset = Dataset.create(str(tmp_path / "root"))
    dataset.write_part(RoiTrack, tracks, "ground", "0" * 64, 0)
    assert list(dataset.read_part(RoiTrack, "ground", "0" * 64, 0)) == tracks
