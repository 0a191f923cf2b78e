"""A real vLLM engine that sees, on a tiny random Qwen2.5-VL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("vllm")

from annotators.chat.request import Reply
from annotators.chat.video_captioner import EngineVideoCaptioner
from annotators.engine.asker import EngineAsker
from annotators.roles import VideoRequest
from schemas.errors import Rejected
from tests.annotators.engine.engines import MARKS, ON_CPU, Answer, clip, furthest, likelihoods, watching

pytestmark = MARKS


@pytest.fixture(scope="module")
def watcher(checkpoints: Path) -> Iterator[EngineVideoCaptioner]:
    params = EngineVideoCaptioner.Params(model=str(checkpoints / "video"), temperature=1.0, **ON_CPU)
    captioner = EngineVideoCaptioner(params)
    captioner.load()
    yield captioner
    captioner.close()


@pytest.fixture(scope="module")
def sees(watcher: EngineVideoCaptioner) -> EngineAsker:
    assert isinstance(watcher.asker, EngineAsker)
    return watcher.asker


def test_a_video_captioner_answers_both_questions_or_says_why_not(watcher: EngineVideoCaptioner) -> None:
    items = [VideoRequest(clip(seed), [], []) for seed in range(6)]
    answers = watcher.annotate(items)
    captions = [answer for answer in answers if not isinstance(answer, Rejected)]
    assert len(answers) == len(items)
    assert captions, answers
    assert all(said.modality == "video" and said.text for answer in captions for said in answer)


def test_pictures_are_answered_about_in_samples_and_under_a_schema(sees: EngineAsker) -> None:
    drawn, held = sees.ask(
        [
            watching(1, samples=3, temperature=1.0, max_tokens=400, seed=5),
            watching(1, schema=Answer, temperature=1.0, max_tokens=400, seed=5),
        ]
    )
    assert isinstance(drawn, Reply)
    assert len(drawn.texts) == 3
    assert isinstance(held, Reply)
    assert isinstance(held.values[0], Answer)


def test_what_is_said_depends_on_the_pictures_and_on_their_rate(sees: EngineAsker) -> None:
    requests = [watching(1), watching(1), watching(2), watching(1, fps=0.5)]
    together = likelihoods(sees, requests)
    same, again, other, slower = together
    assert furthest(same, again) < 1e-4
    assert furthest(same, other) > 1e-2
    assert furthest(same, slower) > 1e-3, "the times of the pictures are part of what the model is given"
    for request, beside in zip(requests, together, strict=True):
        assert furthest(likelihoods(sees, [request])[0], beside) < 1e-4
