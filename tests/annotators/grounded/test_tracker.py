"""Both trackers through the real libraries on tiny random weights: what is found and followed depends on the pictures alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.grounded.detector import Found, _found
from annotators.grounded.masks import mask_of
from annotators.grounded.tracker import GroundedSam2, GroundedSam2Hf, GroundedTracker
from annotators.media import ArrayMedia, Frames, Sound
from annotators.registry import backend_class
from annotators.roles import Seeing, TrackRequest
from schemas.errors import ModelError, Rejected
from tests.checkpoints import grounding_dino, sam2

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.models,
    # of sam2 (its CUDA extension, sdpa kernels) and of transformers' processors
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
]

FPS = 4.0
PHRASES = ["a dog", "a red car"]
KINDS: list[tuple[type[GroundedTracker], Callable[..., Path]]] = [(GroundedSam2, sam2.make), (GroundedSam2Hf, sam2.make_hf)]


def film(seed: int, count: int = 8, scale: float = 2.0) -> ArrayMedia:
    pixels = np.random.default_rng(seed).integers(0, 255, (count, 60, 90, 3), dtype=np.uint8)
    sound = Sound(np.zeros((1, int(16000 * count / FPS)), np.float32), 16000)
    return ArrayMedia("clip", sound, Frames(pixels, np.arange(count) / FPS, scale))


def make(kind: type[GroundedTracker], segmenter: Path, detector: Path, **more: Any) -> GroundedTracker:
    given = {
        "model": str(segmenter), "detector_model": str(detector), "dtype": "float32", "device": "cpu", "fps": FPS,
        "min_score": 0.05, "detect_every_s": 1.0, "max_tracks": 6,
    }  # fmt: skip
    return kind(kind.Params.model_validate(given | more))


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grounding_dino.make(tmp_path_factory.mktemp("dino"))


@pytest.fixture(scope="module", params=KINDS, ids=lambda pair: pair[0].__name__)
def tracker(request: pytest.FixtureRequest, detector: Path, tmp_path_factory: pytest.TempPathFactory) -> GroundedTracker:
    kind, maker = request.param
    made = make(kind, maker(tmp_path_factory.mktemp("sam2")), detector)
    made.load()
    return made


def seeing(tracker: GroundedTracker, media: ArrayMedia, phrases: list[str] = PHRASES) -> Seeing:
    (answer,) = tracker.annotate([TrackRequest(media, phrases)])
    assert isinstance(answer, Seeing), answer
    return answer


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


def test_what_does_not_fit_into_memory_is_refused_and_costs_no_other(
    tracker: GroundedTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = type(tracker.segmenter).open

    def short_of_memory(self: Any, pictures: Any) -> Any:
        if len(pictures) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, pictures)

    monkeypatch.setattr(type(tracker.segmenter), "open", short_of_memory)
    refused, done = tracker.annotate([TrackRequest(film(0, 8), PHRASES), TrackRequest(film(0, 4), PHRASES)])
    assert isinstance(refused, Rejected)
    assert refused.code == "out_of_memory"
    assert isinstance(done, Seeing)


def test_a_batch_of_pictures_is_what_each_gives_alone_also_in_halves(tracker: GroundedTracker) -> None:
    finder = tracker.detector
    pictures = film(2).stored_frames.pixels[:4]  # type: ignore[union-attr]
    together = finder.detect(pictures, PHRASES)
    alone = [finder.detect(picture[None], PHRASES)[0] for picture in pictures]  # type: ignore[index]
    sizes: list[int] = []

    def short_of_memory(module: Any, args: Any, kwargs: Any) -> None:
        sizes.append(kwargs["pixel_values"].shape[0])
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = finder._model.register_forward_pre_hook(short_of_memory, with_kwargs=True)
    try:
        halved = finder.detect(pictures, PHRASES)
    finally:
        hook.remove()
    assert sizes[0] == 4
    for one, other, half in zip(together, alone, halved, strict=True):  # type: ignore[arg-type]
        assert [found.phrase for found in one] == [found.phrase for found in other] == [found.phrase for found in half]
        assert [found.score for found in one] == pytest.approx([found.score for found in other], abs=1e-4)


def test_more_phrases_than_the_model_reads_go_into_several_prompts(tracker: GroundedTracker) -> None:
    phrases = [f"a {colour} ball" for colour in ("red", "dog", "cat", "car", "door", "drum", "stick", "bell")] * 4
    prompts = tracker.detector._prompts([*phrases, " . "])
    assert len(prompts) > 1
    assert [phrase for prompt in prompts for phrase in prompt] == phrases
    ids = tracker.detector._processor.tokenizer(" ".join(f"{phrase}." for phrase in prompts[0]))["input_ids"]
    assert len(ids) <= 64
    spans = tracker.detector._spans(prompts[0])
    assert [tracker.detector._processor.tokenizer.decode(ids[span]) for span in spans] == list(prompts[0])


def test_a_box_has_the_phrase_whose_tokens_fit_best_and_stays_in_the_picture() -> None:
    probabilities = np.array([[0.0, 0.2, 0.9, 0.0, 0.1], [0.0, 0.1, 0.1, 0.0, 0.2], [0.0, 0.4, 0.0, 0.0, 0.5]], np.float32)
    centres = np.array([[0.5, 0.5, 0.2, 0.4], [0.5, 0.5, 0.2, 0.2], [0.0, 0.0, 0.5, 0.5]])
    found = _found(["a dog", "car"], [slice(1, 3), slice(4, 5)], probabilities, centres, 0.35, (100, 50))
    assert [(one.phrase, one.box.tolist()) for one in found] == [("a dog", [40, 15, 60, 35]), ("car", [0, 0, 25, 12.5])]
    assert isinstance(found[0], Found)


@pytest.mark.parametrize(("kind", "maker"), KINDS)
def test_missing_weights_say_which_of_the_two(
    kind: type[GroundedTracker], maker: Callable[..., Path], detector: Path, tmp_path: Path
) -> None:
    segmenter = maker(tmp_path / "sam2")
    with pytest.raises(ModelError, match=r"model must be a folder that exists .*nobody"):
        make(kind, segmenter, tmp_path / "nobody").load()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot load the detector"):
        make(kind, segmenter, tmp_path / "empty").load()
    with pytest.raises(ModelError, match=r"must hold one SAM 2 checkpoint|transformers cannot load .*empty"):
        make(kind, tmp_path / "empty", detector).load()


def test_a_damaged_checkpoint_of_the_package_is_one_line(detector: Path, tmp_path: Path) -> None:
    folder = sam2.make(tmp_path)
    (folder / "sam2.pt").write_bytes((folder / "sam2.pt").read_bytes()[:1000])
    with pytest.raises(ModelError, match="sam2 cannot load") as told:
        make(GroundedSam2, folder, detector).load()
    assert "\n" not in str(told.value)
    (folder / "config.yaml").unlink()
    with pytest.raises(ModelError, match=r"sam2\.pt must be one of sam2.*, or have its config\.yaml beside it"):
        make(GroundedSam2, folder, detector).load()


def test_both_are_registered_and_say_what_they_are(tracker: GroundedTracker) -> None:
    assert backend_class("tracker", "grounded_sam2") is GroundedSam2
    assert backend_class("tracker", "grounded_sam2_hf") is GroundedSam2Hf
    assert len(tracker.model.partition("@")[2].split("+")) == 2
    assert tracker.lacks() == []


def test_our_training_package_is_ours_beside_that_of_sam2() -> None:
    """The wheel of sam2 brings a top-level `training` of its own; nothing of ours may meet it."""
    script = "import sam2, training, pathlib; print(pathlib.Path(training.__file__).read_text()[:3], training.__path__[0])"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert "site-packages" not in ended.stdout
