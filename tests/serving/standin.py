"""A stand-in for a chat server: real HTTP on a real socket, with the faults a real one has, and its own account of everything.

It stands in for the provider, not for our code. It runs in a thread (tests) or as a process (benchmarks), counts what it
bills, and stamps every window in which it asked for no requests. Bare asyncio instead of a web framework, so that it is never
what a throughput is limited by.
"""

import asyncio
import base64
import io
import json
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[dict[str, Any]], str]
DROPPED = 0  # stands for the status of a reply that does not come


@dataclass
class Faults:
    """Shares of the requests that go wrong, and how long a 429 asks to wait."""

    latency_s: float = 0.0
    too_many: float = 0.0
    retry_after_s: float = 0.02
    internal: float = 0.0
    bad_json: float = 0.0
    dropped: float = 0.0  # the connection is closed instead of a reply: half of them before, half within it; never billed
    seed: int = 0


@dataclass
class Served:
    """One request as the server saw it. `billed`: (prompt, completion) tokens, None for an error."""

    arrived: float
    body: dict[str, Any]
    status: int
    billed: tuple[int, int] | None
    headers: dict[str, str]


@dataclass
class Standin:
    """Use as a context manager. `answer` gives a sample's text for a body; the default satisfies the schema asked for."""

    answer: Answer | None = None
    faults: Faults = field(default_factory=Faults)
    script: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)  # answered first: (status, headers, body)
    honours_n: bool = True
    port: int = 0
    keeps_bodies: bool = True
    served: list[Served] = field(default_factory=list)
    quiet_windows: list[tuple[float, float]] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.faults.seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._at_once = 0

    def __enter__(self) -> "Standin":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self.listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, limit=64 * 2**20)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def billed(self) -> tuple[int, int, int]:
        """(replies, prompt tokens, completion tokens) that were billed."""
        paid = [request.billed for request in self.served if request.billed]
        return len(paid), sum(prompt for prompt, _ in paid), sum(reply for _, reply in paid)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
                }
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                status, extra, body = await self._reply(lines[0].split()[1], headers, raw)
                self._at_once -= 1
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                told = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
                told += f"content-type: application/json\r\ncontent-length: {len(text)}\r\n"
                whole = f"HTTP/1.1 {status} X\r\n{told}\r\n".encode() + text
                if status == DROPPED:
                    writer.write(whole[: self._random.choice((0, len(whole) - 2))])
                    break
                writer.write(whole)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _reply(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], Any]:
        arrived = time.monotonic()
        body = json.loads(raw)
        if self.faults.latency_s:
            await asyncio.sleep(self.faults.latency_s)
        status, extra, answer = self.script.pop(0) if self.script else self._draw(body)
        billed = None
        if status == 200 and isinstance(answer, dict) and isinstance(usage := answer.get("usage"), dict):
            billed = (usage["prompt_tokens"], usage["completion_tokens"])
        if (wait := extra.get("retry-after-ms", "")).isdigit():
            self.quiet_windows.append((time.monotonic(), time.monotonic() + float(wait) / 1000))
        self.served.append(Served(arrived, body if self.keeps_bodies else {}, status, billed, headers))
        return status, extra, answer

    def _draw(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        luck, faults = self._random.random(), self.faults
        if luck < faults.too_many:
            return 429, {"retry-after-ms": f"{faults.retry_after_s * 1000:g}"}, {"error": {"message": "slow down"}}
        if luck < faults.too_many + faults.internal:
            return 500, {}, {"error": {"message": "a bad moment"}}
        if luck < faults.too_many + faults.internal + faults.bad_json:
            return 200, {}, completion(body, ['{"unfinished": '])
        if luck < faults.too_many + faults.internal + faults.bad_json + faults.dropped:
            return DROPPED, {}, completion(body, [fitting(body)])
        texts = [(self.answer or fitting)(body) for _ in range(body.get("n", 1) if self.honours_n else 1)]
        return 200, {}, completion(body, texts)


def completion(body: dict[str, Any], texts: list[str], finish: str = "stop") -> dict[str, Any]:
    """A chat completion with these texts, billed as providers do: one token per four characters, also of a schema, 25 per
    second of sound, and one per 28 x 28 px of a picture, of which a video has two frames in one.
    """
    parts = [part for message in body["messages"] for part in _parts(message)]
    heard = sum(_sound_tokens(part) for part in parts)
    prompt = heard + sum(map(_tokens, parts)) + len(json.dumps(asked_schema(body) or "")) // 4
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": sum(len(text) // 4 + 1 for text in texts),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": heard},
    }
    messages: list[dict[str, Any]] = [{"role": "assistant", "content": text} for text in texts]
    if "tools" in body:
        call = {"id": "c", "type": "function"}
        messages = [
            {"role": "assistant", "content": None, "tool_calls": [call | {"function": {"name": "answer", "arguments": text}}]}
            for text in texts
        ]
    choices = [{"index": i, "finish_reason": finish, "message": message} for i, message in enumerate(messages)]
    return {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"], "choices": choices, "usage": usage}


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def _sound_tokens(part: dict[str, Any]) -> int:
    return round(25 * len(part["input_audio"]["data"]) * 0.75 / 2 / 16000) if part["type"] == "input_audio" else 0


def _tokens(part: dict[str, Any]) -> int:
    if part["type"] == "text":
        return len(part["text"]) // 4 + 4
    if part["type"] == "input_audio":
        return 0
    import av  # not needed by those who send text

    data = base64.b64decode(part[part["type"]]["url"].partition(",")[2])
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        frames: int = max(1, sum(1 for _ in container.decode(stream)) // 2)
        patches: int = math.ceil(stream.width / 28) * math.ceil(stream.height / 28)
        return frames * patches


def asked_schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON schema that a body asks for, in either way."""
    if "response_format" in body:
        schema: dict[str, Any] = body["response_format"]["json_schema"]["schema"]
        return schema
    if "tools" in body:
        parameters: dict[str, Any] = body["tools"][0]["function"]["parameters"]
        return parameters
    return None


def fitting(body: dict[str, Any]) -> str:
    """JSON that fits the schema, or a sentence."""
    schema = asked_schema(body)
    return json.dumps(example(schema, schema)) if schema else "A dog barks twice, then a door closes."


def example(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """The smallest value that fits a schema."""
    if "$ref" in schema:
        return example(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][-1], root)
    match schema.get("type"):
        case "object":
            return {name: example(inner, root) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema["items"], root)] * schema.get("minItems", 1)
        case "string":
            return "a dog barks"
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
    return None
