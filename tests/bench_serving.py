"""How fast one worker asks, and whether it loses, overpays or misbehaves: `make bench-serving`.

The server is a stand-in in a process of its own. The bare official client with as many requests in flight is measured beside
ours in the same run. "Inside a quiet window" is measured without the limiter: hooks of the HTTP client note when a 429 came in
and when a request went out.
"""

import asyncio
import json
import multiprocessing as mp
import os
import platform
import statistics
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any

import openai
from pydantic import BaseModel

from annotators.chat.request import ChatRequest, Reply
from annotators.serving.asker import ServedAsker
from annotators.serving.params import ServerParams
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from schemas.storage import Storage
from tests.serving.standin import Faults, Standin

RUNS, REQUESTS, IN_FLIGHT, RETRY_AFTER_S = 5, 2000, 64, 0.02
TEXT = "Which sound comes first, and how often? " * 10


class Heard(BaseModel):
    what: str
    times: int


def serve(faults: Faults, pipe: Connection) -> None:
    """The stand-in, until the other end says stop; then its account of what it billed."""
    with Standin(faults=faults, keeps_bodies=False) as server:
        pipe.send(server.url)
        pipe.recv()
        pipe.send((server.billed, [served.status for served in server.served]))


def bare(url: str) -> float:
    """Requests per second of the official client alone."""

    async def ask() -> float:
        client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
        numbers = iter(range(REQUESTS))

        async def one_after_another() -> None:
            for number in numbers:
                messages: Any = [{"role": "user", "content": f"{number} {TEXT}"}]
                await client.chat.completions.create(model="tiny", messages=messages)

        started = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))
        seconds = time.perf_counter() - started
        await client.close()
        return REQUESTS / seconds

    return asyncio.run(ask())


def ours(url: str, is_stored: bool) -> tuple[float, list[str], int, tuple[int, int, int]]:
    """(requests per second, why requests were lost, requests sent inside a quiet window, what the ledger says was billed)."""
    params = ServerParams(model="tiny", base_url=url, structured="json_schema", max_in_flight=IN_FLIGHT, max_retries=20)
    with tempfile.TemporaryDirectory() as folder:
        asker = ServedAsker(params)
        asker.connect(Site(replies=ReplyStore(Storage(folder)) if is_stored else None))
        asker.open()
        sent, windows = watched(asker)
        started = time.perf_counter()
        replies = asker.ask([ChatRequest("clip", f"{number} {TEXT}", schema=Heard) for number in range(REQUESTS)])
        seconds = time.perf_counter() - started
        used = asker.take_usage()
        asker.close()
    inside = sum(any(begin < moment < end for begin, end in windows) for moment in sent)
    lost = [reply.code for reply in replies if not isinstance(reply, Reply)]
    billed = (sum(u.num_calls for u in used), sum(u.prompt_tokens for u in used), sum(u.completion_tokens for u in used))
    return REQUESTS / seconds, lost, inside, billed


def watched(asker: ServedAsker) -> tuple[list[float], list[tuple[float, float]]]:
    """Moments at which the HTTP client sends, and the quiet windows as they reach it."""
    sent: list[float] = []
    windows: list[tuple[float, float]] = []

    async def on_request(request: Any) -> None:
        sent.append(time.monotonic())

    async def on_response(response: Any) -> None:
        if response.status_code == 429:
            now = time.monotonic()
            windows.append((now, now + float(response.headers["retry-after-ms"]) / 1000))

    assert asker._opened is not None
    http = asker._opened.client._openai._client
    http.event_hooks = {"request": [on_request], "response": [on_response]}
    return sent, windows


def measure(name: str, faults: Faults, is_stored: bool = True) -> None:
    """One line: median and spread of RUNS runs."""
    rates, why_lost = [], Counter[str]()
    told: dict[str, Any] = {"lost": 0, "inside quiet windows": 0, "ledger differs": 0, "429s": 0}
    for run in range(RUNS):
        faults.seed = run
        here, there = mp.Pipe()
        process = mp.get_context("spawn").Process(target=serve, args=(faults, there), daemon=True)
        process.start()
        url = here.recv()
        if name.startswith("bare"):
            rates.append(bare(url))
        else:
            rate, lost, inside, billed = ours(url, is_stored)
            rates.append(rate)
            here.send("stop")
            server_billed, statuses = here.recv()
            told["lost"] += len(lost)
            why_lost.update(lost)
            told["inside quiet windows"] += inside
            told["ledger differs"] += billed != server_billed
            told["429s"] += statuses.count(429)
        process.kill()
        process.join()
    told = {} if name.startswith("bare") else told | dict(why_lost)
    print(
        f"{name:44} {statistics.median(rates):6.0f} /s  ({min(rates):.0f}–{max(rates):.0f})  {json.dumps(told) if told else ''}"
    )


def main() -> None:
    print(f"python -m tests.bench_serving: {RUNS} runs of {REQUESTS} requests, {IN_FLIGHT} in flight,", end=" ")
    print(f"Retry-After {RETRY_AFTER_S} s")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, openai {openai.__version__}")
    faulty: dict[str, Any] = {"too_many": 0.05, "internal": 0.01, "bad_json": 0.01, "retry_after_s": RETRY_AFTER_S}
    measure("bare openai client, 0 ms", Faults())
    measure("ours, 0 ms, replies not stored", Faults(), is_stored=False)
    measure("ours, 0 ms", Faults())
    measure("ours, 0 ms, 5 % 429, 1 % 500, 1 % bad JSON", Faults(**faulty))
    measure("bare openai client, 20 ms", Faults(latency_s=0.02))
    measure("ours, 20 ms", Faults(latency_s=0.02))
    measure("ours, 20 ms, 5 % 429, 1 % 500, 1 % bad JSON", Faults(latency_s=0.02, **faulty))


if __name__ == "__main__":
    main()
