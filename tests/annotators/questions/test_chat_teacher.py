"""Teachers over a real socket: what they are shown, what they are asked, and what their samples come to."""

import json
from typing import Any

import pytest

from annotators.questions.chat_teacher import ServedTeacher
from annotators.questions.mute import SilentVideo
from annotators.questions.roles import Asked, Drawn
from schemas.errors import Rejected
from tests.annotators.chat.clips import asked, at, clip
from tests.annotators.questions.asking import COUNT, bounces, in_turn, teach
from tests.annotators.questions.test_parsing import SEEN_EVENT, step
from tests.serving.standin import Standin, completion

WHICH = Asked("clip-1/q01", "Which of these sounds is heard?", ("a tone", "a hit"))
pytestmark = pytest.mark.usefixtures("_no_memory_of_servers")


def reply(answer: object, *claims: Any) -> str:
    return json.dumps({"steps": [step(*(claims or [SEEN_EVENT]))], "answer": answer})


def drawn(answers: Any) -> list[Drawn]:
    assert not isinstance(answers, Rejected), answers
    return list(answers)


def test_a_teacher_is_shown_pictures_and_what_was_seen_and_not_a_sound() -> None:
    with Standin(answer=lambda _: reply("B")) as server, at(server, ServedTeacher, num_samples=3) as teacher:
        (answers,) = teacher.annotate([teach(COUNT, WHICH, seen=bounces(1.0))])
        bodies = asked(server.served)
    assert len(bodies) == 2
    for body, question in zip(bodies, (COUNT, WHICH), strict=True):
        system, user = (message["content"] for message in body["messages"])
        kinds = [part["type"] for part in user]
        assert set(kinds[:-1]) == {"image_url"}
        assert "hear nothing" in system
        text = user[-1]["text"]
        assert 't00: "red ball"' in text
        assert "M0: impact of track t00 at 1.00 s" in text
        assert text.endswith(
            f"Question: {question.text}\n" + "\n".join(f"{'ABC'[i]}. {c}" for i, c in enumerate(question.choices))
        )
    first = drawn(answers)[0]
    assert [sample.answer_index for sample in first.samples] == [1, 1, 1]
    chain = first.samples[0].chain
    assert chain is not None
    assert ([claim.type for claim in chain.claims], chain.caption_cot) == (["event"], "The answer is “three”.")


def test_samples_are_one_request_with_what_was_set_recorded() -> None:
    with Standin(answer=lambda _: reply("B")) as server, at(server, ServedTeacher, num_samples=4, seed=9) as teacher:
        (answers,) = teacher.annotate([teach(COUNT)])
        (body,) = asked(server.served)
    assert (body["n"], body["temperature"], body["seed"]) == (4, 0.7, 9)
    (one,) = drawn(answers)
    assert (one.temperature, one.seed, len(one.samples)) == (0.7, 9, 4)
    assert "response_format" not in body


def test_a_server_that_ignores_n_is_asked_for_every_sample() -> None:
    with Standin(answer=lambda _: reply("B"), honours_n=False) as server, at(server, ServedTeacher, num_samples=4) as teacher:
        (answers,) = teacher.annotate([teach(COUNT)])
        seeds = [body["seed"] for body in asked(server.served)]
    assert sorted(seeds) == [0, 1, 2, 3]
    assert len(drawn(answers)[0].samples) == 4


def test_at_temperature_zero_one_reply_stands_for_all_samples() -> None:
    with Standin(answer=lambda _: reply("B")) as server, at(server, ServedTeacher, temperature=0.0) as teacher:
        (answers,) = teacher.annotate([teach(COUNT)])
        (body,) = asked(server.served)
    assert body["n"] == 1
    assert [sample.answer_index for sample in drawn(answers)[0].samples] == [1] * 5


def test_what_does_not_parse_is_never_asked_again_and_has_no_answer() -> None:
    replies = in_turn(
        reply("B"), "I think it is B.", reply("E"), '{"answer": "B"}', reply("B", SEEN_EVENT | {"basis": "heard"})
    )
    with Standin(answer=replies) as server, at(server, ServedTeacher) as teacher:
        (answers,) = teacher.annotate([teach(COUNT, seen=bounces(1.0))])
        assert len(asked(server.served)) == 1
    samples = drawn(answers)[0].samples
    assert [sample.answer_index for sample in samples] == [1, None, None, 1, 1]
    assert [sample.chain is not None for sample in samples] == [True, False, False, False, False]
    assert samples[1].text == "I think it is B."


def test_one_sample_that_is_cut_off_costs_itself_and_not_the_others() -> None:
    body = {"model": "tiny", "messages": []}
    mixed = completion(body, [reply("B")] * 3)
    mixed["choices"][1]["finish_reason"] = "length"
    probe = completion(body, ["a", "b"])
    with (
        Standin(script=[(200, {}, probe), (200, {}, mixed)]) as server,
        at(server, ServedTeacher, num_samples=3, max_in_flight=1) as teacher,
    ):
        (answers,) = teacher.annotate([teach(COUNT)])
    assert [sample.answer_index for sample in drawn(answers)[0].samples] == [1, None, 1]


def test_a_question_whose_samples_are_all_cut_off_has_no_answer_and_is_no_failure() -> None:
    body = {"model": "tiny", "messages": []}
    script: list[tuple[int, dict[str, str], Any]] = [
        (200, {}, completion(body, ["a", "b"])),
        (200, {}, completion(body, ["{"] * 3, "length")),
    ]
    with Standin(script=script) as server, at(server, ServedTeacher, num_samples=3, max_in_flight=1) as teacher:
        (answers,) = teacher.annotate([teach(COUNT)])
    samples = drawn(answers)[0].samples
    assert [sample.answer_index for sample in samples] == [None] * 3
    assert "cut off" in samples[0].text


def test_a_server_that_refuses_the_request_fails_the_clip() -> None:
    probe = completion({"model": "tiny", "messages": []}, ["a", "b"])
    script: list[tuple[int, dict[str, str], Any]] = [(200, {}, probe), (400, {}, {"error": {"message": "too long"}})]
    with Standin(script=script) as server, at(server, ServedTeacher) as teacher:
        (answers,) = teacher.annotate([teach(COUNT)])
    assert isinstance(answers, Rejected)
    assert answers.code == "request_refused"


def test_a_clip_without_pictures_is_refused() -> None:
    with Standin() as server, at(server, ServedTeacher) as teacher:
        blind = teach(COUNT)
        request = type(blind)(SilentVideo(clip(has_video=False)), blind.questions, [], [], None, None)
        (answers,) = teacher.annotate([request])
        assert server.served == []
    assert isinstance(answers, Rejected)
    assert answers.code == "decode_failed"


def test_a_plan_knows_what_a_clip_will_cost() -> None:
    teacher = ServedTeacher(ServedTeacher.Params())
    estimate = teacher.estimate(8.0, has_video=True)
    assert estimate is not None
    assert (estimate.num_calls, estimate.completion_tokens) == (2, 2 * 5 * 400)
    nothing = teacher.estimate(8.0, has_video=False)
    assert nothing is not None
    assert nothing.num_calls == 0
