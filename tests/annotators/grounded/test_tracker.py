"""Both trackers through the real libraries on tiny random weights: what is followed depends on pictures and words alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.base import Resources
from annotators.grounded.masks import mask_of
from annotators.grounded.tracker import GroundedSam2, GroundedSam2Hf, GroundedTracker
from annotators.media import ArrayMedia, Sound
from annotators.registry import backend_class
from annotators.roles import Seeing, TrackRequest
from schemas.errors import ModelError, Rejected
from tests.annotators.grounded.trackers import FPS, KINDS, PHRASES, film, make, pictures

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.models


def seeing(tracker: GroundedTracker, media: ArrayMedia, phrases: list[str] = PHRASES) -> Seeing:
    (answer,) = tracker.annotate([TrackRequest(media, phrases)])
    assert isinstance(answer, Seeing), answer
    return answer


def again(tracker: GroundedTracker, **more: Any) -> GroundedTracker:
    """The same with other parameters."""
    made = make(type(tracker), Path(tracker.weights.model), Path(tracker.looking.detector_model), **more)
    made.load()
    return made


def test_tracks_have_boxes_masks_and_agreement_in_the_units_of_the_video(tracker: GroundedTracker) -> None:
    media = film(0)
    tracks = seeing(tracker, media).tracks
    assert 1 <= len(tracks) <= 6
    assert [track.track_id for track in tracks] == [f"g{number:02d}" for number in range(len(tracks))]
    for track in tracks:
        assert track.phrase in PHRASES
        assert 0 <= track.start_s < track.end_s <= media.duration_s
        assert len(track.boxes) == round(track.coverage_frac * (track.end_s - track.start_s) * FPS)
        assert sum(span.end_s - span.start_s for span in track.lost) == pytest.approx(
            (1 - track.coverage_frac) * (track.end_s - track.start_s)
        )
        assert track.consistency_iou is None or 0 <= track.consistency_iou <= 1
        assert 0 < track.mean_score < 1
        for box in track.boxes:
            x0, y0, x1, y1 = box.box_xyxy_px
            assert 0 <= x0 < x1 <= 180
            assert 0 <= y0 < y1 <= 120, "the picture was half the video's size"
            assert box.mask_rle is not None
            rows, columns = np.nonzero(mask_of(box.mask_rle))
            assert [2 * columns.min(), 2 * rows.min(), 2 * columns.max() + 2, 2 * rows.max() + 2] == [x0, y0, x1, y1]
    starts = {track.start_s for track in tracks}
    assert starts <= {0.0, 1.0}, "detection looks once a second"


def test_the_same_pictures_give_the_same_tracks_and_others_give_others(tracker: GroundedTracker) -> None:
    first, again, other = seeing(tracker, film(0)), seeing(tracker, film(0)), seeing(tracker, film(1))
    assert first == again
    assert [track.boxes for track in first.tracks] != [track.boxes for track in other.tracks]
    together = tracker.annotate([TrackRequest(film(1), PHRASES), TrackRequest(film(0), PHRASES)])
    assert list(together) == [other, first]


def test_nothing_to_look_at_or_for_is_an_empty_answer(tracker: GroundedTracker) -> None:
    blind = ArrayMedia("clip", Sound(np.zeros((1, 16000), np.float32), 16000))
    assert seeing(tracker, blind) == seeing(tracker, film(0), []) == Seeing([], [], [])


def test_a_clip_that_does_not_fit_into_memory_is_refused_and_costs_no_other(tracker: GroundedTracker) -> None:
    library: Any = tracker.segmenter
    encoder = library.predictor.image_encoder if hasattr(library, "predictor") else library.model.vision_encoder
    before = seeing(tracker, film(0))

    def short_of_memory(module: Any, args: Any) -> None:
        hook.remove()
        raise torch.OutOfMemoryError("CUDA out of memory")

    hook = encoder.register_forward_pre_hook(short_of_memory)
    refused, done = tracker.annotate([TrackRequest(film(0), PHRASES), TrackRequest(film(0), PHRASES)])
    assert refused == Rejected("out_of_memory", "8 pictures of (60, 90) px: CUDA out of memory")
    assert done == before


def test_what_is_found_later_begins_later_unless_it_overlaps_a_track(tracker: GroundedTracker) -> None:
    """Masks of noise cover nearly all of a picture, so that every box overlaps one a little."""
    loose, strict = again(tracker, max_tracks=24, same_thing=0.5), again(tracker, max_tracks=24, same_thing=0.0001)
    assert {track.start_s for track in seeing(loose, film(0, 5)).tracks} == {0.0, 1.0}
    assert {track.start_s for track in seeing(strict, film(0, 5)).tracks} == {0.0}


def test_no_more_tracks_than_asked_for_and_those_are_the_surest_of_the_first_picture(tracker: GroundedTracker) -> None:
    surest = tracker.detector.detect(pictures(0)[:1], PHRASES)
    tracks = seeing(again(tracker, max_tracks=2), film(0)).tracks
    assert not isinstance(surest, Rejected)
    assert [track.phrase for track in tracks] == [found.phrase for found in surest[0][:2]]


@pytest.mark.parametrize(("kind", "maker"), KINDS)
def test_missing_weights_say_which_of_the_two(
    kind: type[GroundedTracker], maker: Callable[..., Path], detector: Path, tmp_path: Path
) -> None:
    segmenter, empty = maker(tmp_path / "sam2"), tmp_path / "empty"
    empty.mkdir()
    for at, part in ((tmp_path / "nobody", "model must be a folder that exists .*nobody"), (empty, "cannot load .*empty")):
        with pytest.raises(ModelError, match=rf"^the detector \(parameter `detector_model`\): .*{part}") as told:
            make(kind, segmenter, at).load()
        assert "\n" not in str(told.value)
    for at, part in ((tmp_path / "nobody", "model must be a folder that exists .*nobody"), (empty, "empty")):
        with pytest.raises(ModelError, match=rf"^the segmenter \(parameter `model`\): .*{part}") as told:
            make(kind, at, detector).load()
        assert "\n" not in str(told.value)


def test_both_are_registered_and_say_what_they_are(tracker: GroundedTracker) -> None:
    assert backend_class("tracker", "grounded_sam2") is GroundedSam2
    assert backend_class("tracker", "grounded_sam2_hf") is GroundedSam2Hf
    assert len(tracker.model.partition("@")[2].split("+")) == 2
    assert tracker.lacks() == []


def test_a_worker_without_a_gpu_needs_memory_for_its_batch(tracker: GroundedTracker) -> None:
    assert tracker.resources == Resources(cpus=1.0, gpus=0.0, memory_gb=pytest.approx(2.0 + 1.3 * 8))
    kind = type(tracker)
    assert kind(kind.Params()).resources == Resources(cpus=1.0, gpus=1.0, memory_gb=4.0)


def test_our_package_training_is_ours_beside_that_of_sam2() -> None:
    """Its wheel brings a top-level `training` of its own; its predictor loads none of it, and ours is what is found."""
    script = (
        "import sys, sam2.sam2_video_predictor, sam2.build_sam; before = [name for name in sys.modules if 'training' == name];"
        "import training; print(before, training.__file__)"
    )
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    ours = Path(__file__).resolve().parents[3] / "training" / "__init__.py"
    assert ended.stdout.split() == ["[]", str(ours)]
