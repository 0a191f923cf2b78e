"""OpenAI's Batch API when it does not do what it should: one clear line, no key in it, and patience where it helps."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotators.serving.batch.openai_api import OpenAIBatches
from annotators.serving.batch.outbox import Asked
from annotators.serving.batch.record import Record
from annotators.serving.batch.results import read_result
from annotators.serving.params import ServerParams
from schemas.errors import ServerError
from tests.annotators.serving.asking import SECRET
from tests.annotators.serving.batch.collecting import batching
from tests.serving.batch_api import BatchStandin
from tests.serving.standin import Standin, completion

ASKED = Asked(key="k", shard=0, num_bytes=10, tokens=7, usd=None)


def record(batch_id: str) -> Record:
    return Record(number=3, asked_of="openai", asked=(ASKED,), file_id="file-0", uploaded_at=0.0, batch_id=batch_id)


@pytest.fixture
def server() -> Iterator[BatchStandin]:
    with BatchStandin() as standin:
        yield standin


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_server_that_cannot_be_used_is_one_clear_line(status: int, tmp_path: Path) -> None:
    class Refusing(Standin):
        async def _reply(self, *_: object) -> tuple[int, dict[str, str], object]:
            return status, {}, {"error": {"message": f"Incorrect API key {SECRET}\nsecond line", "code": "c"}}

    with Refusing() as server:
        batches = OpenAIBatches(batching(server, tmp_path))
        with pytest.raises(ServerError, match=f"HTTP {status}") as caught:
            batches.upload("name", [b"{}\n"])
        batches.close()
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_openai_without_a_key_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ServerError, match="OPENAI_API_KEY"):
        OpenAIBatches(ServerParams(model="gpt-4.1-nano"))


def test_a_batch_that_the_server_does_not_know_names_its_record(server: BatchStandin, tmp_path: Path) -> None:
    batches = OpenAIBatches(batching(server, tmp_path))
    with pytest.raises(ServerError, match=r"must know batch batch-9.*000003\.json"):
        batches.look(record("batch-9"))
    batches.close()


def test_a_server_that_is_silent_for_a_while_is_waited_for_and_one_that_stays_silent_is_not(tmp_path: Path) -> None:
    with BatchStandin() as server:
        params = batching(server, tmp_path, max_retries=0, patience_s=0.2)
        batches = OpenAIBatches(params)
        file_id = batches.upload("name", [b'{"custom_id": "k", "body": {"messages": [], "model": "tiny"}}\n'])
        batch_id = batches.create("name", file_id, 0.0)
        port = server.port
    assert batches.look(record(batch_id)).said == "the server does not answer"
    with pytest.raises(ServerError, match="cannot be reached"):
        for _ in range(1000):
            assert batches.look(record(batch_id)).state == "running"
    with BatchStandin(port=port, files=server.files, batches=server.batches):
        assert batches.look(record(batch_id)).said == "in_progress"
    batches.close()


def test_a_key_that_the_server_repeats_in_a_reply_or_an_error_does_not_come_in(server: BatchStandin, tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": "Hello."}], "model": "tiny"}
    server.script += [
        (200, {}, completion(body, [f"A dog says {SECRET}."])),
        (400, {}, {"error": {"message": f"you sent {SECRET}", "code": SECRET}}),
    ]
    batches = OpenAIBatches(batching(server, tmp_path))
    lines = [json.dumps({"custom_id": name, "body": body}).encode() + b"\n" for name in ("a", "b")]
    batch_id = batches.create("name", batches.upload("name", lines), 0.0)
    while batches.look(record(batch_id)).state == "running":
        pass
    results = [read_result(line) for line in batches.results(record(batch_id))]
    batches.close()
    assert SECRET not in repr(results)
    assert "A dog says …." in repr(results)
    assert "you sent …" in repr(results)
