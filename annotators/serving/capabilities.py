"""What a server can do, found out by asking it: compatible servers accept fields that they then ignore.

transformers' server takes `n` and `response_format` and honours neither; vLLM takes video that OpenAI refuses. OpenAI's own
models are known and not asked. Only what the questions at hand need is probed, once per server and process, with requests of a
few tokens that go through the same limits and ledger as all others. They are not kept in the dataset: they tell about a server.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from annotators.chat.request import AudioPart, ChatRequest, Part, Reply, VideoPart
from annotators.chat.structured import RawReply, read_reply
from annotators.media import Frames, Sound
from annotators.serving.client import OPENAI_URL
from annotators.serving.params import SchemaMode, ServerParams
from annotators.serving.wire import Wire, reads_pictures, reads_sound
from schemas.errors import Rejected, ServerError

Send = Callable[[ChatRequest, Mapping[str, Any]], Awaitable[RawReply | Rejected]]
_OPENAI_AUDIO = ("gpt-audio", "gpt-4o-audio", "gpt-4o-mini-audio")


class _Answer(BaseModel):
    """What nobody would answer who is not held to it."""

    sum: Literal["marmalade"]


@dataclass
class Capabilities:
    """None: not asked yet."""

    honours_n: bool | None = None
    structured: SchemaMode | None = None
    video_as: Literal["frames", "mp4"] | None = None
    hears: bool | None = None
    why_deaf: str | None = None  # what the server said


_KNOWN: dict[tuple[str, str], Capabilities] = {}


async def find_capabilities(params: ServerParams, url: str, requests: Sequence[ChatRequest], send: Send) -> Capabilities:
    """What these requests need to know. ServerError if the model takes no sound or pictures and they have some."""
    known = _KNOWN.setdefault((url, params.model), _of(params, url))
    probe = _Probe(params, url, send)
    if params.structured == "auto" and known.structured is None and any(request.schema for request in requests):
        known.structured = await probe.structured()
    if known.honours_n is None and any(request.samples > 1 for request in requests):
        known.honours_n = await probe.honours_n()
    if known.hears is None and any(map(reads_sound, requests)):
        refusal = await probe.refusal(AudioPart(Sound(np.zeros((1, 8000), np.float32), 16000)), "frames")
        known.hears, known.why_deaf = refusal is None, refusal
    if known.hears is False and any(map(reads_sound, requests)):
        why = known.why_deaf or "its kind does not listen"
        raise ServerError(f"{params.model} at {url} must take sound (input_audio); name a model that listens: {why}")
    if params.video_as == "auto" and known.video_as is None and any(map(reads_pictures, requests)):
        known.video_as = await probe.video_as()
    return known


def _of(params: ServerParams, url: str) -> Capabilities:
    """What is known beforehand. `vllm run-batch` cannot be asked, but it is known; what a model does not take, it refuses."""
    if params.batch == "vllm":
        return Capabilities(honours_n=True, structured="json_schema", video_as="mp4", hears=True)
    return _of_openai(params.model) if url == OPENAI_URL else Capabilities()


def _of_openai(model: str) -> Capabilities:
    """OpenAI's models take frames, not videos; those that hear have no structured output but function calling."""
    hears = model.startswith(_OPENAI_AUDIO)
    return Capabilities(honours_n=True, structured="tool" if hears else "json_schema", video_as="frames", hears=hears)


class _Probe:
    def __init__(self, params: ServerParams, url: str, send: Send) -> None:
        self._params, self._url, self._send = params, url, send

    async def structured(self) -> SchemaMode:
        """By grammar if the server does that, else by a forced tool call, else in words."""
        request = ChatRequest("", "What is two plus two? Answer in JSON.", schema=_Answer, max_tokens=64)
        modes: tuple[SchemaMode, ...] = ("json_schema", "tool")
        for mode in modes:
            raw = await self._ask(request, mode, "frames")
            if not isinstance(raw, Rejected) and isinstance(read_reply(request, raw, reasks=0), Reply):
                return mode
        return "text"

    async def honours_n(self) -> bool:
        raw = await self._ask(ChatRequest("", "Say one word.", samples=2, temperature=1.0, max_tokens=1), "text", "frames")
        return not isinstance(raw, Rejected) and len(raw.texts) == 2

    async def video_as(self) -> Literal["frames", "mp4"]:
        """A video keeps its times, so it is preferred to single pictures."""
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 255, (4, 64, 64, 3), dtype=np.uint8)
        part = VideoPart(Frames(pixels, np.arange(4) / 2.0, 1.0), 2.0)
        if await self.refusal(part, "mp4") is None:
            return "mp4"
        if (refusal := await self.refusal(part, "frames")) is None:
            return "frames"
        model = f"{self._params.model} at {self._url}"
        raise ServerError(f"{model} must take pictures (video_url or image_url); name a model that sees: {refusal}")

    async def refusal(self, part: Part, video_as: Literal["frames", "mp4"]) -> str | None:
        """What the server says against this kind of media, None if it takes it."""
        raw = await self._ask(ChatRequest("", "Say one word.", media=(part,), max_tokens=1), "text", video_as)
        return raw.message if isinstance(raw, Rejected) else None

    async def _ask(self, request: ChatRequest, mode: SchemaMode, video_as: Literal["frames", "mp4"]) -> RawReply | Rejected:
        return await self._send(request, Wire(self._params.model, mode, video_as).body(request))
