"""A real vLLM engine that hears, on a tiny random Qwen2-Audio; and models that cannot be had."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

pytest.importorskip("vllm")

from annotators.chat.audio_captioner import EngineAudioCaptioner
from annotators.chat.request import Reply
from annotators.engine.asker import EngineAsker
from annotators.engine.params import EngineParams
from annotators.roles import AudioRequest
from schemas.errors import ModelError, Rejected
from tests.annotators.engine.engines import (
    MARKS,
    ON_CPU,
    Answer,
    clip,
    furthest,
    likelihoods,
    listening,
)

pytestmark = MARKS


@pytest.fixture(scope="module")
def listener(checkpoints: Path) -> Iterator[EngineAudioCaptioner]:
    params = EngineAudioCaptioner.Params(model=str(checkpoints / "audio"), temperature=1.0, **ON_CPU)
    captioner = EngineAudioCaptioner(params)
    captioner.load()
    yield captioner
    captioner.close()


@pytest.fixture(scope="module")
def hears(listener: EngineAudioCaptioner) -> EngineAsker:
    assert isinstance(listener.asker, EngineAsker)
    return listener.asker


def test_an_audio_captioner_answers_both_questions_or_says_why_not(listener: EngineAudioCaptioner) -> None:
    items = [AudioRequest(clip(seed), [], []) for seed in range(12)]
    answers = listener.annotate(items)
    captions = [answer for answer in answers if not isinstance(answer, Rejected)]
    codes = {answer.code for answer in answers if isinstance(answer, Rejected)}
    assert len(answers) == len(items)
    assert captions, answers
    assert codes <= {"empty_reply", "truncated"}
    assert all([said.question for said in answer] == ["content", "temporal"] for answer in captions)
    assert listener.model == f"audio@{listener.model.partition('@')[2]}"


def test_every_sample_asked_for_comes_and_the_seed_decides_which(hears: EngineAsker) -> None:
    def texts(seed: int) -> tuple[str, ...]:
        (reply,) = hears.ask([listening(1, samples=4, temperature=1.0, seed=seed, max_tokens=400)])
        assert isinstance(reply, Reply)
        return reply.texts

    first = texts(seed=3)
    assert len(first) == 4
    assert len(set(first)) > 1
    assert texts(seed=3) == first
    assert texts(seed=4) != first


def test_a_reply_under_a_schema_validates_and_is_not_padded_with_whitespace(hears: EngineAsker) -> None:
    asked = [listening(seed, schema=Answer, temperature=1.0, seed=seed, max_tokens=400) for seed in range(6)]
    for reply in hears.ask(asked):
        assert isinstance(reply, Reply)
        (value,) = reply.values
        assert isinstance(value, Answer)
        assert reply.texts[0].startswith('{"heard":"')


def test_a_reply_that_does_not_validate_is_asked_for_again_and_then_refused(hears: EngineAsker) -> None:
    class Impossible(BaseModel):
        """The grammar allows it, the validator never."""

        answer: Literal["yes"]

        def model_post_init(self, _: object) -> None:
            raise ValueError("no answer is good enough")

    good, bad = listening(0, schema=Answer, max_tokens=400, temperature=1.0), listening(0, schema=Impossible, max_tokens=400)
    reply, refusal = hears.ask([good, bad])
    assert isinstance(reply, Reply)
    assert isinstance(refusal, Rejected)
    assert refusal.code == "unparsable_json"
    assert "after 2 re-asks" in refusal.message


def test_what_a_clip_is_asked_beside_does_not_change_its_answer(hears: EngineAsker) -> None:
    requests = [listening(seed, text="Say what is heard, " + "and when, " * seed) for seed in range(5)]
    together = likelihoods(hears, requests)
    for request, beside in zip(requests, together, strict=True):
        (alone,) = likelihoods(hears, [request])
        assert list(alone) == list(beside)
        assert furthest(alone, beside) < 1e-4


def test_a_prompt_that_is_too_long_is_refused_and_the_others_are_answered(hears: EngineAsker) -> None:
    fits = [listening(seed, temperature=1.0, seed=seed, max_tokens=400) for seed in range(4)]
    alone = hears.ask(fits)
    replies = hears.ask([*fits[:3], listening(0, text="and then " * 3000), fits[3]])
    refused = replies.pop(3)
    assert isinstance(refused, Rejected)
    assert refused.code == "request_refused"
    assert "maximum context length is 2048 tokens" in refused.message
    assert replies == alone


def test_what_is_said_depends_on_the_sound(hears: EngineAsker) -> None:
    same, again, other = likelihoods(hears, [listening(1), listening(1), listening(2)])
    assert furthest(same, again) < 1e-4
    assert furthest(same, other) > 1e-2


@pytest.mark.parametrize("model", ["nobody/nothing", "/nowhere/at/all"])
def test_missing_weights_are_one_clear_line(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asker = EngineAsker(EngineParams(model=model, **ON_CPU), "audio")
    with pytest.raises(ModelError, match=model) as caught:
        asker.open()
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot load") as caught:
        EngineAsker(EngineParams(model=str(tmp_path), **ON_CPU), "audio").open()
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_hear_is_not_taken_for_a_listener(checkpoints: Path) -> None:
    with pytest.raises(ModelError, match="must take audio"):
        EngineAsker(EngineParams(model=str(checkpoints / "text"), **ON_CPU), "audio").open()
