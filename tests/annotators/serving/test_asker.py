"""Questions to a server over a real socket: what is sent, what is paid, what is kept, and what goes wrong."""

import logging
import pickle
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from annotators.chat.request import Reply, VideoPart
from annotators.media import Frames
from annotators.serving.asker import ServedAsker
from annotators.serving.gate import LocalGate, TollBook
from annotators.serving.params import ServerParams
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from schemas.errors import BudgetError, Rejected, ServerError
from schemas.storage import Storage
from tests.annotators.serving.asking import SECRET, Heard, asked, asking, question, sound
from tests.serving.standin import Faults, Standin, completion


def test_replies_come_back_in_the_order_of_the_questions() -> None:
    with Standin(answer=lambda body: body["messages"][0]["content"][-1]["text"]) as server, asking(server) as asker:
        replies = asker.ask([question(text=f"say {number}") for number in range(40)])
    assert replies == [Reply((f"say {number}",)) for number in range(40)]


def test_media_comes_first_and_is_the_same_for_every_question_about_a_clip() -> None:
    heard = sound()
    with Standin() as server, asking(server) as asker:
        asker.ask([question(text=text, media=(heard,)) for text in ("one", "two")])
        bodies = [served.body for served in asked(server)]
    contents = [body["messages"][0]["content"] for body in bodies]
    assert [part["type"] for part in contents[0]] == ["input_audio", "text"]
    assert contents[0][0] == contents[1][0]
    assert {content[-1]["text"] for content in contents} == {"one", "two"}


def test_other_sound_makes_another_request() -> None:
    with Standin() as server, asking(server) as asker:
        asker.ask([question(media=(sound(1),)), question(media=(sound(2),))])
        sent = [served.body["messages"][0]["content"][0]["input_audio"]["data"] for served in asked(server)]
    assert len(set(sent)) == 2


def test_pictures_are_sent_as_frames_or_as_a_video_without_sound(tmp_path: Path) -> None:
    import base64

    import av

    pixels = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), dtype=np.uint8)
    seen = VideoPart(Frames(pixels, np.arange(6) / 2, 1.0), 2.0)
    with Standin() as server, asking(server) as asker, asking(server, video_as="mp4") as other:
        asker.ask([question(media=(seen,))])
        other.ask([question(media=(seen,))])
        frames, video = (served.body["messages"][0]["content"] for served in asked(server))
    assert [part["type"] for part in frames] == ["image_url"] * 6 + ["text"]
    assert [part["type"] for part in video] == ["video_url", "text"]
    file = tmp_path / "sent.mp4"
    file.write_bytes(base64.b64decode(video[0]["video_url"]["url"].partition(",")[2]))
    with av.open(str(file)) as container:
        assert not container.streams.audio
        assert sum(1 for _ in container.decode(video=0)) == 6


def test_a_reply_that_does_not_validate_is_asked_for_again_with_the_error() -> None:
    texts = iter(['{"what": "dog"}', '```json\n{"what": "dog", "times": 2}\n```'])
    with Standin(answer=lambda body: next(texts)) as server, asking(server) as asker:
        (reply,) = asker.ask([question(schema=Heard)])
        again = server.served[1].body["messages"]
        (used,) = asker.take_usage()
    assert isinstance(reply, Reply)
    assert reply.values == (Heard(what="dog", times=2),)
    assert [message["role"] for message in again] == ["user", "assistant", "user"]
    assert "times: Field required" in again[2]["content"]
    assert used.num_calls == 2  # both were billed


def test_after_all_re_asks_a_reply_that_does_not_validate_is_rejected() -> None:
    with Standin(answer=lambda body: "I hear a dog.") as server, asking(server, reasks=1) as asker:
        (reply,) = asker.ask([question(schema=Heard)])
    assert isinstance(reply, Rejected)
    assert reply.code == "unparsable_json"
    assert len(server.served) == 2


def test_a_reply_that_was_cut_off_is_never_an_answer() -> None:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    script = [(200, {}, completion(body, ['{"what": "dog", "times": 2}'], finish="length"))]
    with Standin(script=script) as server, asking(server) as asker:
        (reply,) = asker.ask([question(schema=Heard)])
    assert isinstance(reply, Rejected)
    assert reply.code == "truncated"


def test_a_forced_tool_call_carries_the_schema_where_structured_output_is_missing() -> None:
    with Standin() as server, asking(server, structured="tool") as asker:
        (reply,) = asker.ask([question(schema=Heard)])
        body = server.served[0].body
    assert isinstance(reply, Reply)
    assert isinstance(reply.values[0], Heard)
    assert body["tool_choice"]["function"]["name"] == body["tools"][0]["function"]["name"]
    assert "response_format" not in body


@pytest.mark.parametrize(("honours_n", "num_requests"), [(True, 1), (False, 3)])
def test_samples_are_one_request_only_where_the_server_honours_n(honours_n: bool, num_requests: int) -> None:
    with Standin(honours_n=honours_n) as server, asking(server) as asker:
        (reply,) = asker.ask([question(samples=3, temperature=1.0)])
        sent = [served.body for served in asked(server)]
    assert isinstance(reply, Reply)
    assert len(reply.texts) == 3
    assert len(sent) == num_requests
    assert len({body["seed"] for body in sent}) == num_requests


def test_a_server_that_ignores_schemas_is_found_out_and_asked_in_words() -> None:
    def deaf(body: dict[str, object]) -> str:
        return '{"what": "dog", "times": 1}' if "response_format" not in body else "Sure!"

    with Standin(answer=deaf) as server, asking(server, structured="auto") as asker:
        (reply,) = asker.ask([question(schema=Heard)])
    assert isinstance(reply, Reply)
    assert "response_format" not in server.served[-1].body
    assert "JSON Schema" in server.served[-1].body["messages"][0]["content"][-1]["text"]


def test_a_model_that_refuses_sound_is_one_clear_line() -> None:
    script = [(400, {}, {"error": {"message": "audio input is not supported"}})]
    with Standin(script=script) as server, asking(server) as asker, pytest.raises(ServerError, match="must take sound"):
        asker.ask([question(media=(sound(),))])


def test_one_refused_request_costs_one_answer() -> None:
    script = [(400, {}, {"error": {"message": "too long"}})]
    with Standin(script=script) as server, asking(server, max_in_flight=1) as asker:
        first, second = asker.ask([question(text="a"), question(text="b")])
    assert isinstance(first, Rejected)
    assert (first.code, "too long" in first.message) == ("request_refused", True)
    assert isinstance(second, Reply)


@pytest.mark.parametrize(("status", "words"), [(401, "refuses the key"), (404, "does not know the model")])
def test_a_server_that_cannot_be_used_ends_the_batch(status: int, words: str) -> None:
    script = [(status, {}, {"error": {"message": f"Incorrect API key provided: {SECRET}"}})] * 3
    with Standin(script=script) as server, asking(server) as asker, pytest.raises(ServerError, match=words) as caught:
        asker.ask([question()])
    assert SECRET not in str(caught.value)


def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    with Standin() as server:
        pass
    with asking(server, max_retries=0) as asker, pytest.raises(ServerError, match="cannot be reached") as caught:
        asker.ask([question()])
    assert server.url in str(caught.value)


def test_an_error_of_the_server_is_tried_again_and_then_given_up() -> None:
    with Standin(faults=Faults(internal=1.0)) as server, asking(server, max_retries=1) as asker:
        (reply,) = asker.ask([question()])
    assert isinstance(reply, Rejected)
    assert reply.code == "server_error"
    assert [served.status for served in server.served] == [500, 500]


def test_nobody_sends_while_the_server_asked_for_quiet() -> None:
    script = [(429, {"retry-after-ms": "400"}, {"error": {"message": "slow down"}})]
    site = Site(gate=LocalGate())
    with Standin(script=script) as server, asking(server, site) as one, asking(server, site) as two:
        threads = [threading.Thread(target=one.ask, args=([question(text="first")],))]
        threads[0].start()
        while not server.quiet_windows:
            time.sleep(0.005)
        time.sleep(0.02)  # the 429 has arrived
        threads.append(threading.Thread(target=two.ask, args=([question(text=f"{n}") for n in range(20)],)))
        threads[1].start()
        for thread in threads:
            thread.join()
        begin, end = server.quiet_windows[0]
        inside = [served for served in server.served if begin < served.arrived < end]
    assert len(server.served) == 22
    assert inside == []


def test_the_key_reaches_the_server_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site = Site(replies=ReplyStore(Storage(str(tmp_path))))
    with Standin(faults=Faults(internal=0.2, seed=1)) as server, asking(server, site) as asker:
        asker.ask([question(text=f"{n}") for n in range(5)])
        assert server.served[0].headers["authorization"] == f"Bearer {SECRET}"
        written = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
        told = f"{asker.params!r} {asker.model} {asker.take_usage()} {written}"
    assert SECRET not in told
    assert SECRET not in caplog.text


def test_the_ledger_is_what_the_server_billed() -> None:
    faults = Faults(too_many=0.1, internal=0.05, bad_json=0.1, retry_after_s=0.01, seed=3)
    with Standin(faults=faults) as server, asking(server, model="gpt-4.1-nano") as asker:
        replies = asker.ask([question(f"clip{n % 7}", f"question {n}", schema=Heard) for n in range(60)])
        used = asker.take_usage()
        assert asker.take_usage() == []
    assert len(replies) == 60
    billed = (sum(u.num_calls for u in used), sum(u.prompt_tokens for u in used), sum(u.completion_tokens for u in used))
    assert billed == server.billed
    prompt, completed = server.billed[1:]
    assert sum(u.usd or 0 for u in used) == pytest.approx(prompt * 0.10e-6 + completed * 0.40e-6)
    assert {u.clip_id for u in used} == {f"clip{n}" for n in range(7)}


def test_a_killed_cell_pays_nothing_twice_and_still_has_everything_on_its_ledger(tmp_path: Path) -> None:
    store = ReplyStore(Storage(str(tmp_path)))
    questions = [question(f"clip{n}", f"question {n}") for n in range(8)]

    def ask(cell: str) -> tuple[int, int]:
        site = Site(replies=store)
        site.begin(cell)
        with asking(server, site) as asker:
            asker.ask(questions)
            used = asker.take_usage()
        return sum(u.num_calls for u in used), sum(u.num_reused for u in used)

    with Standin() as server:
        assert ask("caption-1/0") == (8, 0)
        assert ask("caption-1/0") == (8, 0)  # the first try was killed before it could commit: the cost is this cell's
        assert ask("caption-2/0") == (0, 8)  # another recipe finds the replies, and they cost it nothing
    assert len(server.served) == 8


def test_the_same_question_twice_in_a_batch_is_paid_once() -> None:
    with Standin() as server, asking(server) as asker:
        one, two = asker.ask([question("a"), question("b")])
        used = asker.take_usage()
    assert one == two
    assert len(server.served) == 1
    assert sorted((u.clip_id, u.num_calls, u.num_reused) for u in used) == [("a", 1, 0), ("b", 0, 1)]


def test_the_budget_is_never_exceeded_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    budget = 0.004
    site = Site(gate=LocalGate(TollBook(budget)), replies=ReplyStore(Storage(str(tmp_path))))
    questions = [question(text=f"question {n} " + "word " * 200, max_tokens=200) for n in range(60)]
    with Standin() as server:
        with asking(server, site, model="gpt-4.1", max_in_flight=4) as asker, pytest.raises(BudgetError, match="a new budget"):
            asker.ask(questions)
        replies, prompt, completed = server.billed
        assert 0 < prompt * 2e-6 + completed * 8e-6 <= budget
        assert len(list(tmp_path.rglob("*.json"))) == replies
        richer = Site(replies=site.replies)
        with asking(server, richer, model="gpt-4.1") as asker:
            asker.ask(questions)
        assert server.billed[0] == 60


def test_a_budget_for_a_model_without_a_price_is_refused() -> None:
    site = Site(gate=LocalGate(TollBook(1.0)))
    with Standin() as server, asking(server, site) as asker, pytest.raises(BudgetError, match="price"):
        asker.ask([question()])
    assert not server.served


def test_a_user_sets_prices_of_his_own(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("priced_on: 2030-01-01\nmodels: {tiny: {input: 1000000, cached: 0, output: 0}}\n")
    with Standin() as server, asking(server, prices=str(prices)) as asker:
        asker.ask([question()])
        (used,) = asker.take_usage()
    assert (used.usd, used.priced_on) == (used.prompt_tokens, "2030-01-01")


def test_requests_per_minute_hold_for_two_workers_together() -> None:
    site = Site(gate=LocalGate())
    with Standin() as server:
        askers = [asking(server, site, requests_per_minute=1200) for _ in range(2)]
        with askers[0] as one, askers[1] as two:
            started = time.monotonic()
            threads = [
                threading.Thread(target=asker.ask, args=([question(text=f"{name}{n}") for n in range(20)],))
                for name, asker in (("a", one), ("b", two))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - started
    assert len(server.served) == 40
    assert seconds >= (40 - 20) / 20 * 0.95  # 20 a second, after one second's worth


def test_no_more_requests_are_in_flight_than_there_are_slots() -> None:
    with Standin(faults=Faults(latency_s=0.01)) as server, asking(server, max_in_flight=5) as asker:
        asker.ask([question(text=f"{n}") for n in range(40)])
    assert server.most_at_once == 5


def test_an_asker_travels_to_a_worker_before_it_is_opened_and_leaves_nothing_running() -> None:
    before = set(threading.enumerate())  # others may end of themselves meanwhile
    with Standin() as server:
        asker = pickle.loads(pickle.dumps(ServedAsker(ServerParams(model="tiny", base_url=server.url))))
        asker.connect(Site())
        asker.open()
        assert asker.ask([question()])
        asker.close()
    assert set(threading.enumerate()) <= before


def test_openai_without_a_key_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ServerError, match="OPENAI_API_KEY"):
        ServedAsker(ServerParams(model="gpt-4.1-nano")).open()
