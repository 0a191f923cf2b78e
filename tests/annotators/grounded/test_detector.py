"""Grounding DINO through transformers on tiny random weights: which phrase a box gets, and that batches change nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.grounded.detector import Found, GroundingDino, _found
from annotators.grounded.params import GroundedParams
from schemas.errors import Rejected
from tests.annotators.grounded.trackers import PHRASES, pictures

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.models
SIZE = (90, 60)


def finder(folder: Path, **more: Any) -> GroundingDino:
    given = {"detector_model": str(folder), "min_score": 0.05} | more
    made = GroundingDino(GroundedParams.model_validate(given), "cpu", batch_size=4)
    made.load()
    return made


@pytest.fixture(scope="module")
def dino(detector: Path) -> Iterator[GroundingDino]:
    made = finder(detector)
    yield made
    made.close()


def found_in(dino: GroundingDino, seed: int, phrases: list[str] = PHRASES, count: int = 4) -> list[list[Found]]:
    found = dino.detect(pictures(seed, count), phrases)
    assert not isinstance(found, Rejected), found
    return found


def assert_same(one: list[Found], other: list[Found]) -> None:
    assert [found.phrase for found in one] == [found.phrase for found in other]
    assert [found.score for found in one] == pytest.approx([found.score for found in other], abs=1e-4)
    assert np.stack([found.box for found in one]) == pytest.approx(np.stack([found.box for found in other]), abs=1e-2)


def test_boxes_lie_in_the_picture_the_surest_first_and_none_is_found_twice(dino: GroundingDino) -> None:
    for found in found_in(dino, 0):
        assert found
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        for one in found:
            assert one.phrase in PHRASES
            assert 0.05 <= one.score <= 1
            x0, y0, x1, y1 = one.box
            assert 0 <= x0 < x1 <= SIZE[0]
            assert 0 <= y0 < y1 <= SIZE[1]


def test_boxes_are_those_of_the_library_and_no_score_is_above_its(detector: Path) -> None:
    """Its score is the largest over all tokens; ours over those of one phrase, so it may be lower."""
    dino = finder(detector, max_overlap=0.999)
    picture, (found,) = pictures(0, 1), found_in(dino, 0, count=1)
    inputs = dino._processor(images=list(picture), text=["a dog. a red car."], return_tensors="pt")
    with torch.inference_mode():
        outputs = dino._model(**inputs)
    (theirs,) = dino._processor.post_process_grounded_object_detection(outputs, threshold=0.05, target_sizes=[SIZE[::-1]])
    boxes, scores = theirs["boxes"].numpy(), theirs["scores"].numpy()
    boxes = np.stack([boxes[:, 0].clip(0), boxes[:, 1].clip(0), boxes[:, 2].clip(max=90), boxes[:, 3].clip(max=60)], axis=1)
    for one in found:
        nearest = int(np.abs(boxes - one.box).max(axis=1).argmin())
        assert boxes[nearest] == pytest.approx(one.box, abs=1e-3)
        assert one.score <= scores[nearest] + 1e-5


def test_the_tokens_of_a_phrase_are_where_the_model_itself_looks_for_them(dino: GroundingDino) -> None:
    from transformers.models.grounding_dino.modeling_grounding_dino import build_label_maps

    phrases = ["a dog", "red", "a bouncing ball", "dog's bell"]
    ids = dino._processor.tokenizer(" ".join(f"{phrase}." for phrase in phrases), return_tensors="pt")["input_ids"]
    (labels,) = build_label_maps(torch.zeros(1, 1, dino._model.config.max_text_len), ids)
    spans = dino._spans(phrases)
    assert len(labels) == len(phrases)
    for label, span in zip(labels, spans, strict=True):
        assert torch.nonzero(label)[:, 0].tolist() == list(range(span.start, span.stop))
        assert span.stop > span.start


def test_the_same_pictures_give_the_same_boxes_and_others_give_others(dino: GroundingDino) -> None:
    first, again, other = found_in(dino, 0), found_in(dino, 0), found_in(dino, 1)
    assert [[one.score for one in found] for found in first] == [[one.score for one in found] for found in again]
    for one, two in zip(first, other, strict=True):
        assert [found.score for found in one] != [found.score for found in two]


def test_other_words_give_other_scores(dino: GroundingDino) -> None:
    (dogs,), (drums,) = found_in(dino, 0, ["dog"], 1), found_in(dino, 0, ["drum"], 1)
    assert {one.phrase for one in dogs} == {"dog"}
    assert {one.phrase for one in drums} == {"drum"}
    assert [one.score for one in dogs] != [one.score for one in drums]


def test_a_batch_of_pictures_is_what_each_gives_alone_also_in_halves(dino: GroundingDino) -> None:
    together = found_in(dino, 2)
    alone = [dino.detect(picture[None], PHRASES) for picture in pictures(2, 4)]
    sizes: list[int] = []

    def short_of_memory(module: Any, args: Any, kwargs: Any) -> None:
        sizes.append(kwargs["pixel_values"].shape[0])
        if sizes[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = dino._model.register_forward_pre_hook(short_of_memory, with_kwargs=True)
    try:
        halved = found_in(dino, 2)
    finally:
        hook.remove()
    assert sizes == [4, 2, 1, 1, 2, 1, 1]
    for one, other, half in zip(together, alone, halved, strict=True):
        assert not isinstance(other, Rejected)
        assert_same(one, other[0])
        assert_same(one, half)


def test_a_picture_that_does_not_fit_alone_is_refused(dino: GroundingDino) -> None:
    def short_of_memory(module: Any, args: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    hook = dino._model.register_forward_pre_hook(short_of_memory)
    try:
        refused = dino.detect(pictures(0, 2), PHRASES)
    finally:
        hook.remove()
    assert refused == Rejected("out_of_memory", "CUDA out of memory")


def test_more_phrases_than_the_model_reads_go_into_several_prompts(dino: GroundingDino) -> None:
    phrases = [
        f"{colour} {thing}" for colour in ("red", "big", "old") for thing in ("dog", "cat", "car", "door", "drum", "bell")
    ]
    prompts = dino._prompts(phrases)
    assert len(prompts) > 1
    assert [phrase for prompt in prompts for phrase in prompt] == phrases
    for prompt in prompts:
        ids = dino._processor.tokenizer(" ".join(f"{phrase}." for phrase in prompt))["input_ids"]
        assert len(ids) <= dino._model.config.max_text_len == 64
        assert [dino._processor.tokenizer.decode(ids[span]) for span in dino._spans(prompt)] == list(prompt)
    assert {one.phrase for found in found_in(dino, 0, phrases, 1) for one in found} <= set(phrases)


def test_phrases_are_asked_once_in_lower_case_and_only_if_the_model_can_read_them(dino: GroundingDino) -> None:
    assert dino._prompts(["A  Dog.", "a dog", " . ", "", "☃", "\u200b", "who? a cat"]) == [("a dog", "who a cat")]
    assert found_in(dino, 0, ["☃", "\u200b"], 2) == [[], []], "nothing to look for"


def test_of_a_phrase_that_is_too_long_the_last_words_are_looked_for(dino: GroundingDino) -> None:
    ((phrase,),) = dino._prompts([" ".join(["red"] * 80 + ["dog"])])
    assert phrase == " ".join(["red"] * 60 + ["dog"]), "64 tokens: two around the prompt, a full stop, and these"
    assert {one.phrase for one in found_in(dino, 0, [phrase], 1)[0]} <= {phrase}


def test_a_box_has_the_phrase_whose_tokens_fit_best_and_stays_in_the_picture() -> None:
    probabilities = np.array([[0.0, 0.2, 0.9, 0.0, 0.1], [0.0, 0.1, 0.1, 0.0, 0.2], [0.0, 0.4, 0.0, 0.0, 0.5]], np.float32)
    centres = np.array([[0.5, 0.5, 0.2, 0.4], [0.5, 0.5, 0.2, 0.2], [0.0, 0.0, 0.5, 0.5]])
    found = _found(["a dog", "car"], [slice(1, 3), slice(4, 5)], probabilities, centres, 0.35, (100, 50))
    assert [(one.phrase, one.box.tolist()) for one in found] == [("a dog", [40, 15, 60, 35]), ("car", [0, 0, 25, 12.5])]


def test_of_boxes_that_overlap_too_much_the_surest_is_kept_whatever_its_phrase() -> None:
    dino = GroundingDino(GroundedParams(max_overlap=0.5), "cpu", batch_size=1)
    sure, same, beside = (
        Found("dog", np.array([0.0, 0, 10, 10]), 0.6),
        Found("cat", np.array([0.0, 0, 10, 9]), 0.7),
        Found("dog", np.array([0.0, 6, 10, 16]), 0.5),
    )
    assert dino._apart([sure, same, beside]) == [same, beside]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_smaller_number_format_finds_something_too(detector: Path, dtype: str) -> None:
    found = found_in(finder(detector, detector_dtype=dtype), 0)
    assert all(found)
    assert all(np.isfinite(one.score) for of_picture in found for one in of_picture)
