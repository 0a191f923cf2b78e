"""Reading replies: whatever a model sends, it becomes an answer, a question or a refusal, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from annotators.chat.request import ChatRequest, Reply
from annotators.chat.structured import RawReply, json_object, plain_text, read_reply, spoken, strict_schema
from annotators.chat.written import Written
from schemas.errors import Rejected


class Inner(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    name: str = Field(max_length=9)
    level: float | None


class Answer(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    what: str
    times: int = Field(ge=0)
    inner: list[Inner] = Field(max_length=2)


ASKED = ChatRequest("c", "what?", schema=Answer)
GOOD = {"what": "dog", "times": 2, "inner": [{"name": "bark", "level": None}]}


def read(text: str, finish: str = "stop", reasks: int = 2, asked: ChatRequest = ASKED) -> Reply | ChatRequest | Rejected:
    return read_reply(asked, RawReply((text,), (finish,)), reasks)


@pytest.mark.parametrize(
    "around",
    ["{}", "```json\n{}\n```", "<think>{{1}}</think>{}", "Here you are: {} Good luck!", "\ufeff{}", '{} {{"what": "cat"}}'],
)
def test_the_object_is_found_in_what_models_put_around_it(around: str) -> None:
    reply = read(around.format(json.dumps(GOOD)))
    assert isinstance(reply, Reply)
    assert reply.values == (Answer.model_validate(GOOD),)


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "I hear a dog.",
        "x" * 100_000,
        "{" * 100_000,
        '{"what":' * 50_000,
        '{"what": "dog", "times": ' + "9" * 5000 + ', "inner": []}',
        '{"what": "dog", "times": NaN, "inner": []}',
        '{"what": "dog", "times": 1e999, "inner": []}',
        '{"what": "dog", "times": 1, "inner": [{"name": "a", "level": Infinity}]}',
        '{"what": "dog", "times": -1, "inner": []}',
        '{"what": "dog", "times": "many", "inner": []}',
        '{"what": {"what": "dog"}, "times": 1, "inner": []}',
        '{"what": "dog", "times": 1, "inner": [{"name": "a", "level": 1}], "what": null}',
        '[{"what": "dog"}]',
        "null",
        "\x00\x00{",
        '{"what": "\ud800", "times": "x"}',
    ],
)
def test_junk_is_asked_again_with_the_mistake_and_then_refused(junk: str) -> None:
    again = read(junk)
    assert isinstance(again, ChatRequest)
    ((shown, told),) = again.turns
    assert len(shown) <= 4000
    assert len(told) < 800
    (shown + told).encode()  # it goes to a server
    refused = read(junk, asked=again, reasks=1)
    assert isinstance(refused, Rejected)
    assert refused.code == "unparsable_json"
    assert len(refused.message) < 1200
    refused.message.encode()  # it goes into a table


LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
KEYS = st.text() | st.sampled_from(["what", "times", "inner"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@settings(max_examples=300, deadline=None)
@given(st.text() | VALUES.map(json.dumps))
def test_no_reply_raises(text: str) -> None:
    outcome = read(text)
    assert isinstance(outcome, Reply | ChatRequest)


def test_control_and_direction_characters_do_not_come_in_by_escapes() -> None:
    hostile = r'{"what": "a\u0000\u202eb\ud800\u001b[31m\u2028 ", "times": 1, "inner": []}'
    reply = read(hostile)
    assert isinstance(reply, Reply)
    assert reply.values[0].model_dump()["what"] == "ab[31m"


@given(st.text())
def test_plain_text_can_be_stored_and_is_plain_already(text: str) -> None:
    plain = plain_text(text)
    plain.encode()
    assert plain_text(plain) == plain
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in plain)


def test_words_in_other_scripts_stay_as_they_are() -> None:
    for text in ("Ein Hund bellt laut.", "犬が吠える。", "كلب ينبح", "🐕 barks\ntwice\t!"):
        assert plain_text(text) == text


@pytest.mark.parametrize(("finish", "code"), [("length", "truncated"), ("content_filter", "refused")])
def test_an_answer_that_was_cut_off_or_filtered_is_none_even_if_it_validates(finish: str, code: str) -> None:
    outcome = read(json.dumps(GOOD), finish)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


def test_thoughts_are_no_part_of_what_is_said() -> None:
    assert spoken("<think>It may be a dog.</think>\n\nA dog barks.") == "A dog barks."
    assert json_object('<think>{"what": 1}</think>{"what": 2}') == '{"what": 2}'


def test_a_schema_and_several_samples_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="asked for once"):
        ChatRequest("c", "x", schema=Answer, samples=2)


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node] + [inner for value in node.values() for inner in nodes(value)]
    return [inner for item in node for inner in nodes(item)] if isinstance(node, list) else []


@pytest.mark.parametrize("model", [Answer, Written])
def test_schemas_are_what_strict_output_takes(model: type[BaseModel]) -> None:
    schema = strict_schema(model)
    for node in nodes(schema):
        if isinstance(node.get("properties"), dict):
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
        assert not {"title", "default", "maxLength", "minLength", "exclusiveMinimum"} & set(node) or "text" in node
