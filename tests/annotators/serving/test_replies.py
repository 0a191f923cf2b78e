"""Paid replies outlive kills and damage, and are never seen by halves."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from annotators.chat.structured import RawReply
from annotators.serving.prices import Tokens
from annotators.serving.replies import PaidReply, ReplyStore, reply_key
from schemas.storage import Storage

PAID = PaidReply(RawReply(("a dog \ud800 \x00 «é»",), ("stop",)), Tokens(7, 1, 2, 3), 0.25, "caption-1/0", 0.5)
KEY = "ab" + "0" * 62
WRITER = """
import sys
from annotators.chat.structured import RawReply
from annotators.serving.prices import Tokens
from annotators.serving.replies import PaidReply, ReplyStore
from schemas.storage import Storage
store, name = ReplyStore(Storage(sys.argv[1])), sys.argv[2]
for number in range(10**9):
    text = f"{name} {number} " * 20_000
    store.put(f"{number % 3:064d}", PaidReply(RawReply((text,), ("stop",)), Tokens(number), 0.0, name))
    print(number, flush=True)
"""


def test_a_reply_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    store = ReplyStore(Storage(str(tmp_path)))
    assert store.get(KEY) is None
    store.put(KEY, PAID)
    assert store.get(KEY) == PAID
    assert ReplyStore(Storage(str(tmp_path))).get(KEY) == PAID


@pytest.mark.parametrize("damage", [b"", b"\x00" * 200, b"[]", b"null", b'{"texts": ["a"]}', b"\xff", b'{"texts": ["a'])
def test_a_damaged_file_is_a_reply_that_was_never_asked_for(damage: bytes, tmp_path: Path) -> None:
    store = ReplyStore(Storage(str(tmp_path)))
    store.put(KEY, PAID)
    (tmp_path / store.path(KEY)).write_bytes(damage)
    assert store.get(KEY) is None
    store.put(KEY, PAID)
    assert store.get(KEY) == PAID


def test_readers_see_whole_replies_while_two_workers_write_the_same_ones_and_are_killed(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=subprocess.PIPE) for name in ("one", "two")
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        store, seen, until = ReplyStore(Storage(str(tmp_path))), set(), time.monotonic() + 1.0
        while time.monotonic() < until:
            for number in range(3):
                file = tmp_path / store.path(f"{number:064d}")
                if file.exists():
                    seen.add(json.loads(file.read_bytes())["billed_to"])  # raises if it is half of one
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
    assert seen == {"one", "two"}
    for number in range(3):
        reply = store.get(f"{number:064d}")
        assert reply is not None
        assert reply.raw.texts[0] == f"{reply.billed_to} {reply.tokens.prompt} " * 20_000


def test_the_key_is_that_of_the_whole_request() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "seed": 0}
    assert reply_key(body) == reply_key(dict(reversed(body.items())))
    others = [
        body | {"seed": 1},
        body | {"model": "n"},
        body | {"messages": [{"role": "user", "content": "y"}]},
        body | {"n": 1},
    ]
    assert len({reply_key(other) for other in [body, *others]}) == 5
