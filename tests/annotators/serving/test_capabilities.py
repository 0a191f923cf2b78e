"""What a server can do is found out by asking it, and believed only when it did it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotators.chat.request import Reply, VideoPart
from annotators.media import Frames
from annotators.serving import capabilities
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from schemas.errors import ServerError
from schemas.storage import Storage
from tests.annotators.serving.asking import Heard, asked, asking, question, sound
from tests.serving.standin import Standin, fitting

UNSUPPORTED = (400, {}, {"error": {"message": "not supported here"}})


def without(*fields: str) -> Any:
    """A server that takes these fields and ignores them."""

    def answer(body: dict[str, Any]) -> str:
        return fitting({name: value for name, value in body.items() if name not in fields})

    return answer


def seen() -> VideoPart:
    return VideoPart(Frames(np.zeros((4, 32, 32, 3), np.uint8), np.arange(4) / 2, 1.0), 2.0)


@pytest.mark.parametrize(
    ("script", "ignored", "field"),
    [
        ([], (), "response_format"),
        ([UNSUPPORTED], (), "tools"),
        ([], ("response_format",), "tools"),
        ([UNSUPPORTED, UNSUPPORTED], (), None),
    ],
)
def test_json_is_asked_for_by_grammar_else_by_a_tool_call_else_in_words(
    script: list[Any], ignored: tuple[str, ...], field: str
) -> None:
    with Standin(answer=without(*ignored), script=list(script)) as server, asking(server, structured="auto") as asker:
        asker.ask([question(schema=Heard)])
        body = asked(server)[0].body
    assert {"response_format", "tools"} & set(body) == ({field} if field else set())
    assert ("JSON Schema" in body["messages"][0]["content"][-1]["text"]) == (field is None)


def test_a_server_that_answers_in_json_of_its_own_accord_does_not_pass_for_one_with_grammars() -> None:
    def eager(body: dict[str, Any]) -> str:
        return '{"sum": 4}'

    with Standin(answer=eager) as server, asking(server, structured="auto", reasks=0) as asker:
        asker.ask([question(schema=Heard)])
        assert not {"response_format", "tools"} & set(asked(server)[0].body)


def test_each_thing_is_probed_once_and_only_when_it_is_needed() -> None:
    with Standin() as server, asking(server, structured="auto", video_as="auto") as asker:
        asker.ask([question()])
        assert len(server.served) == 1
        asker.ask([question(text="b", media=(sound(),), schema=Heard)])
        assert len(server.served) == 4  # the schema and the sound were probed
        asker.ask([question(text="c", media=(sound(),), schema=Heard)])
        assert len(server.served) == 5


def test_probes_are_on_the_ledger() -> None:
    with Standin() as server, asking(server, structured="auto") as asker:
        asker.ask([question(media=(sound(),), schema=Heard)])
        used = asker.take_usage()
    assert sum(u.num_calls for u in used) == server.billed[0] == 3
    assert sum(u.prompt_tokens for u in used) == server.billed[1]


def test_what_another_server_under_the_same_name_could_do_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(replies=ReplyStore(Storage(str(tmp_path))))
    with Standin() as able, asking(able, site, structured="auto") as asker:
        asker.ask([question(schema=Heard)])
    monkeypatch.setattr(capabilities, "_KNOWN", {})
    with Standin(answer=without("response_format", "tools")) as deaf, asking(deaf, site, structured="auto") as asker:
        asker.ask([question(text="another", schema=Heard)])
        assert "response_format" not in asked(deaf)[0].body


@pytest.mark.parametrize(("script", "kinds"), [([], {"video_url"}), ([UNSUPPORTED], {"image_url"})])
def test_pictures_are_a_video_where_the_server_takes_one(script: list[Any], kinds: set[str]) -> None:
    with Standin(script=list(script)) as server, asking(server, video_as="auto") as asker:
        asker.ask([question(media=(seen(),))])
        parts = asked(server)[0].body["messages"][0]["content"]
    assert {part["type"] for part in parts} == kinds | {"text"}


def test_a_model_that_sees_nothing_is_one_clear_line() -> None:
    refused = pytest.raises(ServerError, match=r"must take pictures .*: HTTP 400: not supported here")
    with Standin(script=[UNSUPPORTED] * 2) as server, asking(server, video_as="auto") as asker, refused:
        asker.ask([question(media=(seen(),))])


def test_openai_s_models_are_known_and_not_asked() -> None:
    for model, structured, hears in (("gpt-4.1-nano", "json_schema", False), ("gpt-audio-mini", "tool", True)):
        known = capabilities._of_openai(model)
        assert (known.structured, known.hears, known.video_as, known.honours_n) == (structured, hears, "frames", True)


def test_samples_from_a_server_that_ignores_n_differ_in_their_seed_and_are_all_there() -> None:
    with Standin(honours_n=False, answer=lambda body: f"seed {body['seed']}") as server, asking(server) as asker:
        (reply,) = asker.ask([question(samples=4, temperature=0.7, seed=10)])
    assert isinstance(reply, Reply)
    assert sorted(reply.texts) == ["seed 10", "seed 11", "seed 12", "seed 13"]
