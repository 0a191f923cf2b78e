"""Object reasoners over a real socket: what comes out is about one thing, and says who makes a sound in steps of its own."""

import json
from typing import Any

import pytest

from annotators.chat.structured import strict_schema
from annotators.chat.written import grounded_in
from annotators.objects.chains.asking import ServedObjectReasoner, about_one_thing
from annotators.objects.chains.case_text import case_text
from annotators.registry import backend_class
from schemas.errors import Rejected
from schemas.reasoning import Reasoned
from tests.annotators.chat.clips import asked, at
from tests.annotators.objects.chains.making import case
from tests.serving.standin import Standin

EVENT = {
    "evidence": ["S0"], "type": "event", "basis": "heard", "subject": "impact", "object": None, "start_s": 1.0, "end_s": 1.1,
    "attribute": None, "relation": None, "value": None, "text": "A hit is heard at one second.",
}  # fmt: skip
SOURCE = EVENT | {
    "type": "source",
    "basis": "inferred",
    "object": "t00",
    "evidence": ["o00", "S0"],
    "text": "It makes the hits.",
}
OTHERS = SOURCE | {"subject": "tone", "object": "t01", "evidence": ["o01", "S3"], "text": "The other makes the tone."}
AVOIDED = EVENT | {"evidence": ["S3"], "subject": "tone", "start_s": 5.0, "end_s": 7.0, "text": "A tone is heard."}


def step(*claims: dict[str, Any], avoid: bool = False) -> dict[str, Any]:
    return {"text": "something is said", "aspect": "spatial", "is_avoidance": avoid, "claims": list(claims)}


def chain(*steps: dict[str, Any]) -> str:
    return json.dumps({"steps": list(steps), "caption_cot": "Generate the sound of the left ball alone. Avoid the tone."})


GOOD = (step(EVENT), step(SOURCE), step(AVOIDED, avoid=True), step(OTHERS, avoid=True))


def test_a_reply_about_the_thing_becomes_a_chain() -> None:
    with Standin(answer=lambda _: chain(*GOOD)) as server, at(server, ServedObjectReasoner) as reasoner:
        (made,) = reasoner.annotate([case()])
        (body,) = asked(server.served)
    assert isinstance(made, Reasoned)
    assert [(claim.step_index, claim.type, claim.object) for claim in made.claims] == [
        (0, "event", None), (1, "source", "t00"), (2, "event", None), (3, "source", "t01"),
    ]  # fmt: skip
    system, user = (message["content"] for message in body["messages"])
    assert "of that thing alone" in system
    assert "at most 68 words" in system
    assert user[-1]["text"] == case_text(case())
    assert reasoner.prompt_id is not None
    assert reasoner.prompt_id.startswith("reason_object.v1@")


@pytest.mark.parametrize(
    ("steps", "mistake"),
    [
        ((step(EVENT),), "must make a source claim about the thing, whose tracks are t00"),
        ((step(EVENT, SOURCE),), "step 1 makes a source claim and others"),
        ((step(EVENT), step(OTHERS)), "about what t01 makes, which is not the thing"),
        ((step(EVENT), step(SOURCE), step(SOURCE, avoid=True)), "avoids what t00 makes, which is the thing"),
        ((step(EVENT), step(SOURCE | {"object": "t09"})), "the object of a source claim is a track, got 't09'"),
        ((step(EVENT | {"evidence": ["o07"]}), step(SOURCE)), "there is no evidence 'o07'"),
    ],
)
def test_a_chain_about_another_thing_is_asked_again(steps: tuple[dict[str, Any], ...], mistake: str) -> None:
    replies = iter([chain(*steps), chain(*GOOD)])
    with Standin(answer=lambda _: next(replies)) as server, at(server, ServedObjectReasoner) as reasoner:
        (made,) = reasoner.annotate([case()])
        _, second = asked(server.served)
    assert isinstance(made, Reasoned)
    assert mistake in second["messages"][-1]["content"]


def test_a_model_that_keeps_speaking_of_another_thing_is_refused() -> None:
    text = chain(step(EVENT), step(OTHERS))
    with Standin(answer=lambda _: text) as server, at(server, ServedObjectReasoner, reasks=1) as reasoner:
        (made,) = reasoner.annotate([case()])
    assert isinstance(made, Rejected)
    assert made.code == "unparsable_json"


def test_a_thing_whose_tracks_are_not_shown_needs_no_source_claim() -> None:
    written = about_one_thing(case(tracks=[]), 68).model_validate_json(chain(step(EVENT)))
    assert [claim.type for one in written.steps for claim in one.claims] == ["event"]


def test_the_schema_is_that_of_all_written_chains_so_that_engines_know_its_grammar() -> None:
    assert strict_schema(about_one_thing(case(), 68)) == strict_schema(grounded_in({}, (), 9.0, 68))


def test_all_things_share_the_schema_and_all_of_the_prompt_but_its_last_line() -> None:
    about = [case("o00"), case("o01")]
    with Standin(answer=lambda body: chain(*GOOD)) as server, at(server, ServedObjectReasoner, reasks=0) as reasoner:
        reasoner.annotate(about)
        one, two = asked(server.served)
    assert one["response_format"] == two["response_format"]
    assert one["messages"][0] == two["messages"][0]
    texts = sorted(body["messages"][1]["content"][-1]["text"] for body in (one, two))
    (begin, last), (other_begin, other_last) = (text.rsplit("\n", 1) for text in texts)
    assert begin == other_begin
    assert last == 'Write about o00, "red round region".'
    assert other_last == 'Write about o01, "red round region".'


def test_a_plan_counts_two_things_of_a_clip_with_a_picture_and_none_without() -> None:
    reasoner = ServedObjectReasoner(ServedObjectReasoner.Params(model="gpt-4.1-nano"))
    seen, unseen = reasoner.estimate(10.0, has_video=True), reasoner.estimate(10.0, has_video=False)
    assert seen is not None
    assert unseen is not None
    assert (seen.num_calls, unseen.num_calls) == (2, 0)


@pytest.mark.parametrize("backend", ["openai", "vllm"])
def test_both_transports_ask_with_the_same_prompt(backend: str) -> None:
    made = backend_class("object_reasoner", backend)
    assert made(made.Params()).prompt_id == ServedObjectReasoner(ServedObjectReasoner.Params()).prompt_id
