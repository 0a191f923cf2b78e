"""Listeners over a real socket: each claim both ways round, and only a model that tells the two apart has decided."""

import itertools
import json
from typing import Any

import numpy as np
import pytest

from annotators.chat.listener import ServedListener, statements_about
from annotators.media import ArrayMedia, Sound
from annotators.roles import Inquiry
from annotators.wording import claim_text, negation_text
from schemas.errors import Rejected
from schemas.reasoning import Stated
from tests.annotators.chat.clips import asked, at, clip
from tests.serving.standin import Standin, completion

EVENT = Stated(step_index=0, type="event", basis="heard", text="as the model put it", subject="impact", start_s=0.5, end_s=1.0)
COUNT = EVENT.model_copy(update={"type": "count", "value": 2.0})
SEEN = EVENT.model_copy(update={"basis": "seen"})
SOURCE = EVENT.model_copy(update={"type": "source", "object": "t00"})


def inquiry(*claims: Stated, media: ArrayMedia | None = None) -> Inquiry:
    return Inquiry(media or clip(), claims, [], [], 48, 32)


def statement(body: dict[str, Any]) -> str:
    text: str = body["messages"][0]["content"][-1]["text"]
    return text.partition("Statement: ")[2].partition("\n")[0]


def saying(to_claim: str, to_opposite: str) -> Any:
    """A model that answers this to a claim and to its opposite."""

    def answer(body: dict[str, Any]) -> str:
        given = to_claim if statement(body) == claim_text(EVENT) else to_opposite
        return json.dumps({"heard": f"I hear {given}", "answer": given})

    return answer


@pytest.mark.parametrize(("one", "other"), list(itertools.product(["yes", "no", "cannot_tell"], repeat=2)))
def test_only_one_yes_and_one_no_decide(one: str, other: str) -> None:
    with Standin(answer=saying(one, other)) as server, at(server, ServedListener, confidence=0.9) as listener:
        (answers,) = listener.annotate([inquiry(EVENT)])
        statements = [statement(body) for body in asked(server.served)]
    assert not isinstance(answers, Rejected)
    (judged,) = answers
    expected = {("yes", "no"): ("supported", 0.9), ("no", "yes"): ("refuted", 0.1)}.get((one, other), ("unverifiable", 0.5))
    assert (judged.verdict, judged.score) == (expected[0], pytest.approx(expected[1]))
    assert [(e.name, e.quote) for e in judged.evidence] == [("asked", f"I hear {one}"), ("asked_opposite", f"I hear {other}")]
    assert sorted(statements) == sorted([claim_text(EVENT), str(negation_text(EVENT))])
    assert EVENT.text not in statements  # how a model put it gives a true claim away


def test_a_listener_is_sent_the_sound_once_encoded_before_every_statement() -> None:
    with Standin(answer=saying("yes", "no")) as server, at(server, ServedListener) as listener:
        listener.annotate([inquiry(EVENT, COUNT)])
        contents = [body["messages"][0]["content"] for body in asked(server.served)]
    assert len(contents) == 4
    assert [[part["type"] for part in content] for content in contents] == [["input_audio", "text"]] * 4
    assert len({json.dumps(content[0]) for content in contents}) == 1


def test_other_sound_is_another_question() -> None:
    with Standin(answer=saying("yes", "no")) as server, at(server, ServedListener) as listener:
        listener.annotate([inquiry(EVENT), inquiry(EVENT, media=clip("clip-2", seed=1))])
        sent = {json.dumps(body["messages"][0]["content"][0]) for body in asked(server.served)}
    assert len(sent) == 2


def test_what_cannot_be_heard_is_left_undecided_without_asking_and_answers_stay_in_order() -> None:
    with Standin(answer=saying("yes", "no")) as server, at(server, ServedListener) as listener:
        (answers,) = listener.annotate([inquiry(SEEN, EVENT, SOURCE, EVENT)])
        assert len(asked(server.served)) == 2  # the same claim twice is asked once
        (nothing,) = listener.annotate([inquiry()])
    assert not isinstance(answers, Rejected)
    assert [judged.verdict for judged in answers] == ["unverifiable", "supported", "unverifiable", "supported"]
    assert "rests on the picture" in answers[0].reason
    assert "no opposite" in answers[2].reason
    assert nothing == []
    assert statements_about(SEEN) == statements_about(SOURCE) == ()


def test_one_failed_reply_leaves_its_claim_undecided_and_says_why() -> None:
    def half(body: dict[str, Any]) -> str:
        return saying("yes", "no")(body) if statement(body) == claim_text(EVENT) else "I think not."

    with Standin(answer=half) as server, at(server, ServedListener, reasks=0) as listener:
        (answers,) = listener.annotate([inquiry(EVENT)])
    assert not isinstance(answers, Rejected)
    assert (answers[0].verdict, answers[0].score) == ("unverifiable", 0.5)
    assert answers[0].reason == "answered yes to the claim and unparsable_json to its opposite"
    assert [evidence.name for evidence in answers[0].evidence] == ["asked"]


def test_a_clip_for_which_every_reply_failed_is_a_failure_and_not_a_table_of_undecided_claims() -> None:
    with Standin(answer=lambda _: "noise") as server, at(server, ServedListener, reasks=0) as listener:
        (answers,) = listener.annotate([inquiry(EVENT, SEEN)])
    assert isinstance(answers, Rejected)
    assert answers.code == "unparsable_json"


def test_a_clip_without_sound_is_a_failure() -> None:
    silent = ArrayMedia("x", Sound(np.zeros((1, 0), np.float32), 16000))
    with Standin() as server, at(server, ServedListener) as listener:
        answers = listener.annotate([inquiry(EVENT, media=silent), inquiry(SEEN, media=silent)])
    assert isinstance(answers[0], Rejected)
    assert not isinstance(answers[1], Rejected)  # there was nothing to ask
    assert not server.served


@pytest.mark.parametrize("reply", ['{"heard": "x", "answer": "maybe"}', '{"heard": 5, "answer": "yes"}', '{"answer": "yes"}'])
def test_an_answer_beside_the_three_words_is_none(reply: str) -> None:
    with Standin(answer=lambda _: reply) as server, at(server, ServedListener, reasks=1) as listener:
        (answers,) = listener.annotate([inquiry(EVENT)])
        assert len(asked(server.served)) == 4
    assert isinstance(answers, Rejected)


def test_a_refusing_or_truncated_model_decides_nothing() -> None:
    body = {"model": "tiny", "messages": []}
    yes = '{"heard": "a hit", "answer": "yes"}'
    script = [(200, {}, completion(body, [yes], finish)) for finish in ("stop", "content_filter", "length", "stop", "stop")]
    with Standin(script=script) as server, at(server, ServedListener, max_in_flight=1) as listener:
        (answers,) = listener.annotate([inquiry(EVENT, COUNT)])
    assert not isinstance(answers, Rejected)
    assert {judged.verdict for judged in answers} == {"unverifiable"}
