"""Batches from the first file to the last reply: everything is asked once, paid once, and never more than the budget."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotators.chat.request import Reply
from annotators.serving.batch.filling import Filling
from annotators.serving.batch.openai_api import OpenAIBatches
from annotators.serving.batch.record import BatchFolder
from annotators.serving.gate import LocalGate, TollBook
from annotators.serving.replies import reply_key
from schemas.errors import BudgetError, Rejected, ServerError
from tests.annotators.serving.asking import Heard, question, sound
from tests.annotators.serving.batch.collecting import CELLS, answers, batching, collect, fill, folder_of
from tests.serving.batch_api import BatchStandin, Mishaps
from tests.serving.standin import completion


@pytest.fixture
def server() -> Iterator[BatchStandin]:
    with BatchStandin() as standin:
        yield standin


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return folder_of(tmp_path / "root")


def questions(number: int = 6) -> list[Any]:
    return [question(f"clip{n}", f"Question {n}?", max_tokens=100) for n in range(number)]


def texts(server: BatchStandin) -> list[str]:
    """The questions that came in batches."""
    return [one.body["messages"][-1]["content"][-1]["text"] for one in server.in_batches]


def test_replies_of_a_batch_are_found_by_the_cells_and_cost_half(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    collect(folder, params, questions(4), shard=0)
    collect(folder, params, questions(6), shard=1)  # four of them are the other shard's, too
    fill(folder, params)
    assert sorted(texts(server)) == [f"Question {n}?" for n in range(6)]
    replies, paid = answers(folder, params, questions(4), shard=0)
    _, more = answers(folder, params, questions(6), shard=1)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert server.directly == []
    assert [used.num_calls for used in paid + more] == [1, 1, 1, 1, 0, 0, 0, 0, 1, 1]
    assert [used.num_reused for used in more] == [1, 1, 1, 1, 0, 0]
    _, prompt, completed = server.billed
    usd = sum(used.usd or 0.0 for used in paid + more)
    assert usd == pytest.approx(0.5 * (prompt * 1.0 + completed * 10.0) / 1e6, rel=1e-9)
    (record,) = folder.records()
    assert record.usd == pytest.approx(usd, rel=1e-9)


def test_a_batch_is_asked_in_the_words_of_the_client(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    asked = [
        question("a", media=(sound(1),), schema=Heard, system="Listen."),
        question("b", samples=3, temperature=0.7, seed=5),
        question("c", 'What is \u2028 \U0001f600 «é»?\n\nAnd "this"?'),
    ]
    collect(folder, batching(server, tmp_path), asked)
    fill(folder, batching(server, tmp_path))
    answers(folder_of(tmp_path / "elsewhere"), batching(server, tmp_path, batch="off"), asked)
    by_file, sent = ({reply_key(one.body) for one in some if one.body["max_completion_tokens"] > 64} for some in (
        server.in_batches, server.directly,
    ))  # fmt: skip
    assert by_file == sent
    assert len(sent) == 3


def test_files_hold_no_more_requests_and_bytes_than_they_may(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    collect(folder, batching(server, tmp_path), questions(7))
    listening = [question(f"heard{n}", f"{n}?", media=(sound(n),)) for n in range(4)]
    collect(folder, batching(server, tmp_path), listening, shard=1)
    params = batching(server, tmp_path, batch_requests=5, batch_mb=0.05)  # half a second is 21 kB, and more in base64
    fill(folder, params)
    files = [server.files[batch["input_file_id"]] for batch in server.batches.values()]
    assert max(map(len, files)) <= 50_000
    assert [len(file.splitlines()) for file in files] == [5, 4, 2]
    assert all(json.loads(line)["url"] == "/v1/chat/completions" for file in files for line in file.splitlines())
    assert len({json.loads(line)["custom_id"] for file in files for line in file.splitlines()}) == 11


def test_what_is_larger_than_a_file_may_be_is_asked_directly(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path, batch_mb=0.01)
    asked = [question("long", media=(sound(),)), question("short")]
    collect(folder, params, asked)
    fill(folder, params)
    assert len(server.in_batches) == 1
    replies, _ = answers(folder, params, asked)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len([one for one in server.directly if one.body["max_completion_tokens"] > 64]) == 1


def test_what_expired_goes_into_another_batch_and_then_the_direct_way(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    server.mishaps = Mishaps(num_expired=2, answered_before_expiry=2)
    collect(folder, params, questions(6))
    fill(folder, params)
    assert [record.num_answered for record in folder.records()] == [2, 2]
    assert len(texts(server)) == len(set(texts(server))) == 4, "what was answered is not asked again"
    replies, paid = answers(folder, params, questions(6))
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len(server.directly) == 2
    assert sum(used.num_calls for used in paid) == server.billed[0] == 6


def test_a_refused_request_is_not_put_into_another_batch_and_a_failed_one_is(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    too_long = (400, {}, {"error": {"message": "maximum context length", "code": "context_length_exceeded"}})
    server.script = [too_long, (500, {}, {"error": {"message": "a bad moment"}}), (200, {}, {"choices": []})]
    collect(folder, params, questions(5))
    fill(folder, params)
    first, second = folder.records()
    assert sorted(code for code, _ in first.left.values()) == ["request_refused", "server_error", "server_error"]
    assert {one.key for one in second.asked} == {key for key, (code, _) in first.left.items() if code == "server_error"}
    server.script = [too_long]
    replies, _ = answers(folder, params, questions(5))
    assert [reply.code for reply in replies if isinstance(reply, Rejected)] == ["request_refused"]
    assert len(server.directly) == 1


def test_a_batch_that_is_not_taken_is_one_clear_line_and_can_be_asked_again(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    server.mishaps = Mishaps(num_refused=1)
    collect(folder, params, questions())
    with pytest.raises(ServerError, match="model is not supported by the Batch API") as caught:
        fill(folder, params)
    assert "\n" not in str(caught.value)
    assert folder.records() == []
    fill(folder, params)
    assert len(texts(server)) == 6


def test_where_there_is_no_room_a_batch_waits_for_the_others(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path, batch_requests=2)
    collect(folder, params, questions(6))
    with_room = Filling(folder, 0, params, LocalGate(), OpenAIBatches(params))
    assert with_room.advance().num_open == 3
    with_room.advance()  # the first steps of all three
    server.mishaps = Mishaps(num_full=1)
    collect(folder, params, [question("late")], shard=1)
    fill(folder, params)
    assert len(texts(server)) == len(set(texts(server))) == 7
    assert len(server.batches) == 5, "the one without room was made again"


def test_no_room_although_nothing_else_waits_is_one_clear_line(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    server.mishaps = Mishaps(num_full=9)
    collect(folder, batching(server, tmp_path), questions())
    with pytest.raises(ServerError, match="Enqueued token limit reached"):
        fill(folder, batching(server, tmp_path))


@pytest.mark.parametrize("mishaps", [Mishaps(num_lost_replies=1), Mishaps(num_busy=1), Mishaps(num_lost_replies=1, num_busy=1)])
def test_a_broken_answer_never_makes_two_batches_of_one_file(
    mishaps: Mishaps, server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    server.mishaps = mishaps
    collect(folder, batching(server, tmp_path), questions())
    fill(folder, batching(server, tmp_path, max_retries=2))
    assert len(server.batches) == 1
    assert server.billed[0] == 6


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


class Dying(OpenAIBatches):
    """Its process ends right before or after the first call of a method."""

    method, is_after = "", False

    def _die(self, name: str, is_after: bool) -> None:
        if (name, is_after) == (self.method, self.is_after):
            raise Killed

    def upload(self, *given: Any) -> str:
        self._die("upload", False)
        file_id = super().upload(*given)
        self._die("upload", True)
        return file_id

    def create(self, *given: Any) -> str:
        self._die("create", False)
        batch_id = super().create(*given)
        self._die("create", True)
        return batch_id

    def look(self, *given: Any) -> Any:
        self._die("look", False)
        look = super().look(*given)
        self._die("look", True)
        return look

    def results(self, *given: Any) -> Iterator[bytes]:
        self._die("results", False)
        for number, line in enumerate(super().results(*given)):
            if number == 3:
                self._die("results", True)
            yield line


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("method", ["upload", "create", "look", "results"])
def test_a_build_that_is_killed_anywhere_goes_on_and_pays_nothing_twice(
    method: str, is_after: bool, server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    collect(folder, params, questions())
    dying = Dying(params)
    dying.method, dying.is_after = method, is_after
    with pytest.raises(Killed):
        fill(folder, params, server=dying)
    fill(folder, params)
    assert len(server.batches) == 1
    assert sorted(texts(server)) == [f"Question {n}?" for n in range(6)]
    _, paid = answers(folder, params, questions())
    assert sum(used.num_calls for used in paid) == server.billed[0] == 6


def test_the_batch_of_a_file_is_found_among_many(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path, batch_requests=1)
    collect(folder, params, questions(5))
    fill(folder, params)
    first = folder.records()[0]
    with_all = OpenAIBatches(params)
    assert with_all.find(first.file_id, first.uploaded_at) == first.batch_id
    assert with_all.find("file-none", first.uploaded_at) is None
    with_all.close()


def test_no_more_is_sent_than_the_budget_allows_and_what_is_left_over_pays_for_more(
    server: BatchStandin, folder: BatchFolder, tmp_path: Path
) -> None:
    params = batching(server, tmp_path)
    collect(folder, params, questions(8))
    most = sum(one.usd or 0.0 for one in folder.asked(0)) / 8 * 0.5
    book = TollBook(3.5 * most)
    fill(folder, params, LocalGate(book))
    assert max(len(record.asked) for record in folder.records()) == 3
    assert len(texts(server)) == 8
    assert book.spent_usd == pytest.approx(sum(record.usd or 0.0 for record in folder.records()), rel=1e-9)
    assert book.spent_usd <= 3.5 * most


def test_a_budget_for_not_even_one_request_sends_nothing(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path)
    collect(folder, params, questions())
    with pytest.raises(BudgetError):
        fill(folder, params, LocalGate(TollBook(1e-6)))
    assert server.batches == {}
    assert server.files == {}


def test_re_asks_are_asked_directly(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path)
    asked = [question(f"clip{n}", f"{n}?", schema=Heard) for n in range(3)]
    server.script = [(200, {}, completion({"messages": [], "model": "tiny"}, ["no JSON"]))]
    collect(folder, params, asked)
    fill(folder, params)
    collect(folder, params, asked, turn=1)
    assert folder.asked(1) == []
    replies, paid = answers(folder, params, asked)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len([one for one in server.directly if len(one.body["messages"]) == 3]) == 1
    assert sum(used.num_calls for used in paid) == 4


def test_of_two_builds_one_hears_that_the_other_is_asking(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    params = batching(server, tmp_path)
    collect(folder, params, questions())
    one, two = (Filling(folder, 0, params, LocalGate(), OpenAIBatches(params)) for _ in range(2))
    one.advance()
    with pytest.raises(ServerError, match=f"one build at a time may ask in batches for {CELLS}"):
        two.advance()
    assert len(server.batches) == 1


def test_requests_are_dropped_and_records_stay(server: BatchStandin, folder: BatchFolder, tmp_path: Path) -> None:
    collect(folder, batching(server, tmp_path), questions())
    fill(folder, batching(server, tmp_path))
    folder.drop_requests()
    assert folder.collected(0) == set()
    assert [path for path in (tmp_path / "root" / "batches").rglob("*.json*") if "requests" in path.parts] == []
    assert len(folder.records()) == 1
