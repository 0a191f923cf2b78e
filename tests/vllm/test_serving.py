"""The serving client against real vLLM servers: what they honour, what they refuse, what they bill."""

from typing import Any

import pytest

pytest.importorskip("vllm")

from annotators.chat.audio_captioner import ServedAudioCaptioner
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.video_captioner import ServedVideoCaptioner
from annotators.roles import AudioRequest, VideoRequest
from annotators.serving import capabilities
from annotators.serving.asker import ServedAsker
from annotators.serving.capabilities import Capabilities
from annotators.serving.params import ServerParams
from schemas.errors import Rejected, ServerError
from tests.annotators.engine.engines import Answer, clip, listening, watching
from tests.vllm.server import VllmServer

pytestmark = pytest.mark.vllm


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")


def ask(server: VllmServer, *requests: ChatRequest, **params: Any) -> list[Reply | Rejected]:
    asker = ServedAsker(ServerParams(model=server.model, base_url=server.url, **params))
    asker.open()
    try:
        return asker.ask(requests)
    finally:
        asker.close()


def found(server: VllmServer) -> Capabilities:
    return capabilities._KNOWN[server.url, server.model]


def test_a_server_that_hears_is_found_to_hear_to_draw_samples_and_to_hold_to_a_schema(audio_server: VllmServer) -> None:
    drawn, held = ask(
        audio_server,
        listening(1, samples=3, temperature=1.0, max_tokens=400),
        listening(1, schema=Answer, temperature=1.0, max_tokens=400),
    )
    assert isinstance(drawn, Reply)
    assert len(drawn.texts) == 3
    assert isinstance(held, Reply)
    assert isinstance(held.values[0], Answer)
    known = found(audio_server)
    assert (known.honours_n, known.structured, known.hears) == (True, "json_schema", True)


def test_a_server_that_does_not_see_is_one_clear_line(audio_server: VllmServer) -> None:
    with pytest.raises(ServerError, match="must take pictures") as caught:
        ask(audio_server, watching(1))
    assert "\n" not in str(caught.value)


def test_a_server_that_sees_is_sent_videos_and_one_that_does_not_hear_is_one_clear_line(video_server: VllmServer) -> None:
    reply, frames = ask(video_server, watching(1, temperature=1.0, max_tokens=400), watching(2, schema=Answer, max_tokens=400))
    assert isinstance(reply, Reply)
    assert isinstance(frames, Reply | Rejected)
    assert found(video_server).video_as == "mp4"
    with pytest.raises(ServerError, match="must take sound"):
        ask(video_server, listening(1))


def test_a_seed_repeats_a_reply_and_another_seed_does_not(audio_server: VllmServer) -> None:
    first, again, other = ask(
        audio_server, *(listening(1, temperature=1.0, seed=seed, max_tokens=400, samples=4) for seed in (1, 1, 2))
    )
    assert isinstance(first, Reply)
    assert first == again
    assert first != other


def test_a_prompt_that_is_too_long_is_refused_and_the_others_are_answered(audio_server: VllmServer) -> None:
    short, long = listening(1, temperature=1.0, max_tokens=400), listening(1, text="and then " * 3000)
    replies = ask(audio_server, short, long, short)
    assert isinstance(replies[0], Reply)
    assert isinstance(replies[2], Reply)
    refused = replies[1]
    assert isinstance(refused, Rejected)
    assert refused.code == "request_refused"
    assert "maximum context length" in refused.message


def test_a_name_that_the_server_does_not_have_is_one_clear_line(audio_server: VllmServer) -> None:
    asker = ServedAsker(ServerParams(model="gpt-nothing", base_url=audio_server.url, structured="text"))
    asker.open()
    try:
        with pytest.raises(ServerError, match="gpt-nothing") as caught:
            asker.ask([ChatRequest("a", "Hello.")])
    finally:
        asker.close()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_captions_from_a_server_are_billed_by_the_token(modality: str, request: pytest.FixtureRequest) -> None:
    server: VllmServer = request.getfixturevalue(f"{modality}_server")
    clips = [clip(seed) for seed in range(6)]
    asked: dict[str, Any] = {"model": server.model, "base_url": server.url, "temperature": 1.0}
    captioner: ServedAudioCaptioner | ServedVideoCaptioner
    items: list[Any]
    if modality == "audio":
        captioner, items = ServedAudioCaptioner(ServedAudioCaptioner.Params(**asked)), [AudioRequest(c, [], []) for c in clips]
    else:
        captioner, items = ServedVideoCaptioner(ServedVideoCaptioner.Params(**asked)), [VideoRequest(c, [], []) for c in clips]
    captioner.load()
    answers = captioner.annotate(items)
    usage = captioner.take_usage()
    captioner.close()
    assert any(not isinstance(answer, Rejected) for answer in answers), answers
    assert {answer.code for answer in answers if isinstance(answer, Rejected)} <= {"empty_reply", "truncated"}
    of_clips = [used for used in usage if used.clip_id]
    assert {used.clip_id for used in of_clips} == {c.clip_id for c in clips}
    assert sum(used.num_calls for used in of_clips) == 2 * len(clips)
    assert all(used.prompt_tokens > 0 and used.completion_tokens > 0 and used.usd is None for used in of_clips)
