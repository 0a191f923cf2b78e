"""Answerers over a real socket: the same question with a sound, with another, and with none."""

import json
from typing import Any

import numpy as np
import pytest

from annotators.media import ArrayMedia, Media, Sound
from annotators.questions.chat_answerer import ServedAnswerer
from annotators.questions.mute import Silence
from annotators.questions.roles import AnswerRequest
from schemas.errors import Rejected
from tests.annotators.chat.clips import asked, at, clip
from tests.annotators.questions.asking import COUNT, in_turn
from tests.serving.standin import Standin

pytestmark = pytest.mark.usefixtures("_no_memory_of_servers")


def by_sound(body: dict[str, Any]) -> str:
    """Right with a sound that is none other than silence, else another choice."""
    sounds = [part for part in body["messages"][0]["content"] if part["type"] == "input_audio"]
    hears = bool(sounds) and set(sounds[0]["input_audio"]["data"][100:1000]) != {"A"}
    return json.dumps({"heard": "three hits" if hears else "nothing", "answer": "B" if hears else "A"})


def test_the_same_question_is_put_with_each_sound_and_with_none() -> None:
    given: list[Media | None] = [clip(), clip("clip-2", seed=1), Silence("clip-1", 2.0), None]
    with Standin(answer=by_sound) as server, at(server, ServedAnswerer, num_samples=2) as answerer:
        answers = answerer.annotate([AnswerRequest("clip-1", media, (COUNT,)) for media in given])
        contents = [body["messages"][0]["content"] for body in asked(server.served)]
    picked = [[sample.answer_index for sample in one[0].samples] for one in answers if not isinstance(one, Rejected)]
    assert picked == [[1, 1], [1, 1], [0, 0], [0, 0]]
    assert sorted(len(content) for content in contents) == [1, 2, 2, 2]
    assert len({content[-1]["text"] for content in contents}) == 1
    assert COUNT.text in contents[0][-1]["text"]
    assert "B. three" in contents[0][-1]["text"]


def test_what_does_not_parse_is_a_wrong_answer_and_not_asked_again() -> None:
    with Standin(answer=in_turn('{"answer": "B"}', "B", '{"answer": ["B"]}')) as server, at(server, ServedAnswerer) as answerer:
        (answers,) = answerer.annotate([AnswerRequest("clip-1", clip(), (COUNT,))])
        assert len(asked(server.served)) == 1
    assert not isinstance(answers, Rejected)
    assert [sample.answer_index for sample in answers[0].samples] == [1, None, None]


def test_a_clip_without_sound_is_refused_and_no_sound_at_all_is_not() -> None:
    mute = ArrayMedia("x", Sound(np.zeros((1, 0), np.float32), 16_000))
    with Standin(answer=by_sound) as server, at(server, ServedAnswerer, temperature=0.0) as answerer:
        refused, answered = answerer.annotate([AnswerRequest("x", mute, (COUNT,)), AnswerRequest("x", None, (COUNT,))])
    assert isinstance(refused, Rejected)
    assert refused.code == "decode_failed"
    assert not isinstance(answered, Rejected)
    assert [sample.answer_index for sample in answered[0].samples] == [0, 0, 0]


def test_a_plan_counts_three_sounds_and_none_for_every_question() -> None:
    estimate = ServedAnswerer(ServedAnswerer.Params()).estimate(10.0, has_video=True)
    assert estimate is not None
    assert (estimate.num_calls, estimate.audio_s) == (8, 60.0)
