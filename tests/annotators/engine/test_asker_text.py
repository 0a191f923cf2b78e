"""A real vLLM engine for text, on a tiny random Qwen2: and what becomes of a build when it dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("vllm")

from annotators.chat.request import ChatRequest, Reply
from annotators.chat.written import Written
from annotators.engine.asker import EngineAsker
from annotators.engine.params import EngineParams
from schemas.errors import ModelError, Rejected
from tests.annotators.engine.engines import MARKS, ON_CPU, Answer, engine_processes, listening

pytestmark = MARKS


@pytest.fixture(scope="module")
def asker(checkpoints: Path) -> Iterator[EngineAsker]:
    asker = EngineAsker(EngineParams(model=str(checkpoints / "text"), **ON_CPU), None)
    asker.open()
    yield asker
    asker.close()


def test_text_is_answered_after_earlier_turns_and_media_is_refused(asker: EngineAsker) -> None:
    reply, held, with_sound, chain = asker.ask(
        [
            ChatRequest("a", "What now?", system="Be brief.", turns=(("{}", "Again."),), temperature=1.0, max_tokens=400),
            ChatRequest("a", "What now?", schema=Answer, temperature=1.0, max_tokens=400),
            listening(0),
            ChatRequest("a", "Write a chain.", schema=Written, temperature=1.0, max_tokens=1500),
        ]
    )
    assert isinstance(reply, Reply)
    assert isinstance(held, Reply)
    assert isinstance(with_sound, Rejected)
    assert with_sound.code == "request_refused"
    assert not isinstance(chain, Rejected) or chain.code in ("truncated", "unparsable_json"), "the grammar of chains compiles"


def test_an_engine_that_dies_ends_the_build_and_leaves_no_process_when_closed(asker: EngineAsker) -> None:
    """The worker has most of the memory, and is what the kernel takes first. Without its core vLLM would wait for ever."""
    (worker,) = (process for process in engine_processes() if "Worker" in process.name())
    worker.kill()
    with pytest.raises(ModelError, match="died"):
        asker.ask([ChatRequest("a", "What now?"), ChatRequest("b", "What now?")])
    asker.close()
    asker.close()
    assert engine_processes() == []
