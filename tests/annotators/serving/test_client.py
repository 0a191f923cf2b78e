"""What goes wrong between a request and its reply, over a real socket: nothing is lost, nothing storms, nothing hangs."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from annotators.chat.request import Reply
from annotators.serving.gate import LocalGate, TollBook
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from schemas.errors import Rejected, ServerError
from schemas.storage import Storage
from tests.annotators.serving.asking import SECRET, Heard, asking, question
from tests.serving.standin import Faults, Standin, completion

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
SLOW_DOWN = {"error": {"message": "slow down"}}


def test_nothing_is_lost_when_much_goes_wrong() -> None:
    faults = Faults(too_many=0.1, internal=0.1, bad_json=0.1, dropped=0.1, retry_after_s=0.01, latency_s=0.002, seed=5)
    with Standin(faults=faults) as server, asking(server, max_retries=20, reasks=8) as asker:
        replies = asker.ask([question("clip", f"question {n}", schema=Heard) for n in range(300)])
        used = asker.take_usage()
    assert [reply for reply in replies if not isinstance(reply, Reply)] == []
    assert {served.status for served in server.served} == {200, 429, 500, 0}
    assert sum(u.num_calls for u in used) == server.billed[0]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_connection_that_breaks_each_time_costs_one_answer_and_not_the_build(share: float) -> None:
    with Standin(faults=Faults(dropped=1.0)) as server, asking(server, max_retries=1) as asker:
        server._random.choice = lambda ends: ends[round(share)]  # type: ignore[method-assign,assignment]
        (reply,) = asker.ask([question()])
    assert isinstance(reply, Rejected)
    assert (reply.code, "connection broke" in reply.message) == ("server_error", True)
    assert len(server.served) == 2


def test_a_reply_that_trickles_in_too_slowly_is_given_up() -> None:
    with Standin(faults=Faults(latency_s=5.0)) as server, asking(server, timeout_s=0.2, max_retries=1) as asker:
        started = time.monotonic()
        (reply,) = asker.ask([question()])
        seconds = time.monotonic() - started
    assert isinstance(reply, Rejected)
    assert (reply.code, "no reply within 0.2 s" in reply.message) == ("server_error", True)
    assert seconds < 2.0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"\xff\xfe\x00",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": [1, 2]}}]}',
        b'{"choices": [{"message": {"tool_calls": [{}]}}]}',
        b"[" * 100_000,
        b'{"choices": ' + b"9" * 5000 + b"}",
        b"null",
    ],
)
def test_what_is_no_chat_completion_is_asked_again(raw: bytes) -> None:
    with Standin(script=[(200, {}, raw)]) as server, asking(server) as asker:
        (reply,) = asker.ask([question()])
    assert isinstance(reply, Reply)
    assert len(server.served) == 2


@pytest.mark.parametrize(
    "usage",
    [None, [], "many", {"prompt_tokens": -5, "completion_tokens": 1e400}, {"prompt_tokens": "7"}, {"prompt_tokens": 10**30}],
)
def test_a_usage_that_makes_no_sense_is_no_usage(usage: Any) -> None:
    answer = completion(BODY, ["a dog"]) | {"usage": usage}
    script = [(200, {}, str(answer).replace("'", '"').replace("None", "null").replace("inf", "1e999").encode())]
    with Standin(script=script) as server, asking(server, model="gpt-4.1") as asker:
        (reply,) = asker.ask([question()])
        (used,) = asker.take_usage()
    assert reply == Reply(("a dog",))
    assert (used.num_calls, used.prompt_tokens, used.completion_tokens, used.usd) == (1, 0, 0, 0.0)


@pytest.mark.parametrize("form", ["milliseconds", "seconds", "date", "milliseconds that are none"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_in_every_form(form: str, status: int) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0)  # such a date has whole seconds
    headers = {
        "milliseconds": {"retry-after-ms": "300", "retry-after": "60"},
        "seconds": {"retry-after": "1"},
        "date": {"retry-after": format_datetime(until, usegmt=True)},
        "milliseconds that are none": {"retry-after-ms": "soon", "retry-after": "1"},
    }[form]
    with Standin(script=[(status, headers, SLOW_DOWN)]) as server, asking(server) as asker:
        assert isinstance(asker.ask([question()])[0], Reply)
    first, second = (served.arrived for served in server.served)
    assert second - first < 2.6
    if form == "date":
        assert datetime.now(UTC) >= until
    else:
        assert second - first >= (0.3 if form == "milliseconds" else 0.9)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after-ms": "x"}, {"retry-after": "-3"}])
def test_a_429_that_does_not_say_how_long_is_obeyed_all_the_same(headers: dict[str, str]) -> None:
    with Standin(script=[(429, headers, SLOW_DOWN)]) as server, asking(server) as asker:
        assert isinstance(asker.ask([question()])[0], Reply)
    assert len(server.served) == 2


def test_pauses_grow_while_a_server_only_says_no() -> None:
    with Standin(script=[(429, {}, SLOW_DOWN)] * 2) as server, asking(server) as asker:
        asker.ask([question()])
    first, second, third = (served.arrived for served in server.served)
    assert second - first == pytest.approx(0.5, abs=0.2)
    assert third - second == pytest.approx(1.0, abs=0.3)


def test_a_server_that_asks_to_wait_longer_than_we_are_willing_to_ends_the_batch_at_once() -> None:
    script = [(429, {"retry-after": "86400"}, SLOW_DOWN)]
    started = time.monotonic()
    said = r"asks to wait 86400 s, more than `patience_s` \(600 s\)"
    with Standin(script=script) as server, asking(server, max_in_flight=1) as asker, pytest.raises(ServerError, match=said):
        asker.ask([question(text=f"{n}") for n in range(5)])
    assert time.monotonic() - started < 2
    assert len(server.served) == 1


def test_patience_begins_when_the_server_first_says_no() -> None:
    """Waiting for our own limit is not being held back: five a second, so the last waits for a second before it is sent."""
    script = [(200, {}, completion(BODY, ["fine"]))] * 5 + [(429, {"retry-after-ms": "50"}, SLOW_DOWN)]
    with Standin(script=script) as server, asking(server, patience_s=0.5, requests_per_minute=300) as asker:
        replies = asker.ask([question(text=f"{n}") for n in range(6)])
    assert all(isinstance(reply, Reply) for reply in replies)


def test_a_server_that_only_says_no_costs_the_answers_and_not_the_build() -> None:
    script = [(429, {"retry-after-ms": "60"}, SLOW_DOWN)] * 9
    with Standin(script=script) as server, asking(server, patience_s=0.3) as asker:
        (reply,) = asker.ask([question()])
    assert isinstance(reply, Rejected)
    assert "held back for 0.3 s: HTTP 429: slow down" in reply.message


def test_a_quota_that_is_used_up_ends_the_batch() -> None:
    said = {"error": {"message": "You exceeded your current quota. " * 20, "code": "insufficient_quota"}}
    with Standin(script=[(429, {}, said)]) as server, asking(server) as asker, pytest.raises(ServerError, match="quota"):
        asker.ask([question()])


def test_a_refused_key_is_heard_by_all_who_wait_for_their_turn() -> None:
    """One a second: waiting for the turns of 30 would take half a minute."""
    script: list[Any] = [(401, {}, {"error": {"message": f"Incorrect API key provided: {SECRET}"}})] * 30
    started = time.monotonic()
    refused = pytest.raises(ServerError, match="refuses the key")
    with Standin(script=script) as server, asking(server, requests_per_minute=60) as asker, refused:
        asker.ask([question(text=f"{n}") for n in range(30)])
    assert time.monotonic() - started < 3
    assert len(server.served) == 1


def test_a_filtered_question_is_refused_and_not_invalid() -> None:
    said = {"error": {"message": "filtered", "code": "content_filter"}}
    with Standin(script=[(400, {}, said)]) as server, asking(server) as asker:
        (reply,) = asker.ask([question()])
    assert isinstance(reply, Rejected)
    assert reply.code == "refused"


def test_a_model_that_declines_is_refused_and_not_an_answer() -> None:
    answer = completion(BODY, ["x"])
    answer["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    with Standin(script=[(200, {}, answer)]) as server, asking(server) as asker:
        (reply,) = asker.ask([question(schema=Heard)])
    assert isinstance(reply, Rejected)
    assert (reply.code, "I cannot help" in reply.message) == ("refused", True)


@pytest.mark.parametrize("status", [400, 403, 500, 429])
def test_the_key_is_in_no_error_whatever_the_server_says(status: int, tmp_path: Path) -> None:
    said = {"error": {"message": f"\x00 your key \x1b[31m{SECRET}\x1b[0m is {SECRET}"}}
    site = Site(replies=ReplyStore(Storage(str(tmp_path))))
    with Standin(script=[(status, {}, said)] * 9) as server, asking(server, site, max_retries=0, patience_s=0.1) as asker:
        try:
            told = str(asker.ask([question()]))
        except ServerError as error:
            told = str(error)
    assert SECRET not in told
    assert "your key" in told
    assert not set(told) & set("\x00\x1b\n")


def test_a_request_whose_fate_is_unknown_counts_against_the_budget() -> None:
    """The server may have answered and billed it."""
    book = TollBook(1.0)
    with (
        Standin(faults=Faults(dropped=1.0)) as server,
        asking(server, Site(gate=LocalGate(book)), model="gpt-4.1", max_retries=1) as asker,
    ):
        asker.ask([question(max_tokens=1000)])
    assert book.spent_usd == pytest.approx(2 * 1000 * 8e-6, rel=0.2)


def test_replies_under_way_are_stored_when_the_budget_ends(tmp_path: Path) -> None:
    """With 30 ms of latency and 8 slots, replies are still under way when the first request finds no money left."""
    site = Site(gate=LocalGate(TollBook(0.008)), replies=ReplyStore(Storage(str(tmp_path))))
    with Standin(faults=Faults(latency_s=0.03)) as server:
        with asking(server, site, model="gpt-4.1", max_in_flight=8) as asker, pytest.raises(Exception, match="budget"):
            asker.ask([question(text=f"{n}", max_tokens=80) for n in range(400)])
        assert 8 < server.billed[0] < 400
        assert len(list(tmp_path.rglob("*.json"))) == server.billed[0]


def test_an_interrupted_batch_stores_what_is_under_way_and_sends_nothing_more(tmp_path: Path) -> None:
    """As Ctrl-C does: the asker is closed while its batch is running."""
    site = Site(replies=ReplyStore(Storage(str(tmp_path))))
    outcome: list[BaseException] = []
    with Standin(faults=Faults(latency_s=0.2)) as server:
        with asking(server, site, max_in_flight=3) as asker:

            def ask() -> None:
                try:
                    asker.ask([question(text=f"{n}") for n in range(30)])
                except ServerError as error:
                    outcome.append(error)

            thread = threading.Thread(target=ask)
            thread.start()
            time.sleep(0.1)
        thread.join(5)
    assert not thread.is_alive()
    assert "interrupted" in str(outcome[0])
    assert server.billed[0] == 3
    assert len(list(tmp_path.rglob("*.json"))) == 3
