"""Questions to a model behind a server: the asker that every served backend shares.

Puts together what its neighbours do: `wire` writes the body, `replies` knows what was paid already, `client` sends,
`structured` reads, `ledger` counts. The stage calls it from one thread; the event loop has a thread of its own for as long as
the asker is open.
"""

import asyncio
import math
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from annotators.base import CallEstimate, Resources
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.structured import RawReply, read_reply
from annotators.serving.batch.no_server import NoServer
from annotators.serving.capabilities import Capabilities, find_capabilities
from annotators.serving.client import Client
from annotators.serving.expected import audio_seconds, audio_tokens, most_audio_tokens, most_prompt_tokens, prompt_tokens
from annotators.serving.gate import Toll
from annotators.serving.ledger import Ledger
from annotators.serving.params import ServerParams
from annotators.serving.prices import Tokens, price_list
from annotators.serving.replies import PaidReply, ReplyStore, reply_key
from annotators.serving.wire import Wire
from annotators.site import Site
from schemas.accounting import Used
from schemas.errors import AudiocotError, Rejected, ServerError

T = TypeVar("T")
_FILE_THREADS = 8  # replies are written beside the event loop: a new file takes longer than a fast server's reply


@dataclass
class _Open:
    """What exists between `open` and `close`."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    files: ThreadPoolExecutor
    client: Client | NoServer
    site: Site


class ServedAsker:
    """Picklable until it is opened."""

    def __init__(self, params: ServerParams) -> None:
        self.params = params
        prices = price_list(params.prices)
        self._price = prices.of(params.model)
        self._usual_share = prices.batch_share if params.batch == "openai" else 1.0
        self._ledger = Ledger(self._price, prices.priced_on)
        self._site: Site | None = None  # its locks do not travel to a worker
        self._in_flight: dict[str, asyncio.Task[PaidReply | Rejected]] = {}
        self._counted: tuple[int, set[str]] = (0, set())
        self._opened: _Open | None = None

    @property
    def model(self) -> str:
        return f"{self.params.model}@served"

    @property
    def resources(self) -> Resources:
        return Resources()

    @property
    def batch_size(self) -> int:
        return self.params.clips_per_batch

    def connect(self, site: Site) -> None:
        self._site = site

    def open(self) -> None:
        site = self._site or Site()
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name=f"asks {self.params.model}", daemon=True)
        thread.start()
        try:
            client = asyncio.run_coroutine_threadsafe(self._make_client(site), loop).result()
        except BaseException:
            _stop(loop, thread)
            raise
        self._opened = _Open(loop, thread, ThreadPoolExecutor(_FILE_THREADS), client, site)

    async def _make_client(self, site: Site) -> Client | NoServer:
        has_server = self.params.batch != "vllm" or self.params.base_url is not None
        return Client(self.params, site.gate, self._price) if has_server else NoServer(site)

    def close(self) -> None:
        if self._opened is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._finish(self._opened.client), self._opened.loop).result()
        finally:
            opened, self._opened = self._opened, None
            _stop(opened.loop, opened.thread)
            opened.files.shutdown()

    async def _finish(self, client: Client | NoServer) -> None:
        """What is under way when a build is interrupted is paid for: it comes in and is stored, and nothing more is sent."""
        client.refuse(ServerError(f"asking {self.params.model} was interrupted"))
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
        await client.close()

    def ask(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        """ServerError and BudgetError end the batch, after what was under way has come in and is stored: it is paid for."""
        return self._run(self._ask_all(requests))

    def take_usage(self) -> Sequence[Used]:
        """Probes of a cell whose requests go into an outbox are handed over with the next cell: its own rows are not kept."""
        is_collecting = self._opened is not None and self._opened.site.outbox is not None
        return () if is_collecting else self._ledger.take()

    def estimate(self, requests: Sequence[ChatRequest], reply_tokens: float) -> CallEstimate | None:
        prompts = [prompt_tokens(request, self.params.model) for request in requests]
        replies = reply_tokens * sum(request.samples for request in requests)
        audio = sum(audio_tokens(request, self.params.model) for request in requests)
        tokens = Tokens(prompt=round(sum(prompts)), audio=round(audio), completion=round(replies))
        heard_s = sum(map(audio_seconds, requests))
        usd = tokens.usd(self._price)
        return CallEstimate(len(requests), sum(prompts), replies, heard_s, usd and usd * self._usual_share)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._opened is not None, "open comes before ask"
        return asyncio.run_coroutine_threadsafe(work, self._opened.loop).result()

    async def _ask_all(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        assert self._opened is not None
        found = await find_capabilities(self.params, self._opened.client.url, requests, self._probe)
        wire = Wire(
            self.params.model,
            self.params.structured if self.params.structured != "auto" else found.structured or "text",
            self.params.video_as if self.params.video_as != "auto" else found.video_as or "frames",
        )
        outcomes = await asyncio.gather(*(self._ask(request, wire, found) for request in requests), return_exceptions=True)
        for kind in (AudiocotError, BaseException):  # a reason that the user can mend comes first
            if errors := [outcome for outcome in outcomes if isinstance(outcome, kind)]:
                raise errors[0]
        return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]

    async def _ask(self, request: ChatRequest, wire: Wire, found: Capabilities) -> Reply | Rejected:
        asked: ChatRequest | Reply | Rejected = request
        while isinstance(asked, ChatRequest):
            raw = await self._samples(asked, wire, found)
            asked = raw if isinstance(raw, Rejected) else read_reply(asked, raw, self.params.reasks)
        return asked

    async def _samples(self, request: ChatRequest, wire: Wire, found: Capabilities) -> RawReply | Rejected:
        if request.samples == 1 or found.honours_n:
            return await self._raw(request, wire.body(request))
        bodies = [wire.body(request, seed=request.seed + number, samples=1) for number in range(request.samples)]
        raws = await asyncio.gather(*(self._raw(request, body) for body in bodies))
        if refused := [raw for raw in raws if isinstance(raw, Rejected)]:
            return refused[0]
        given = [raw for raw in raws if not isinstance(raw, Rejected)]
        return RawReply(sum((raw.texts for raw in given), ()), sum((raw.finish for raw in given), ()))

    async def _raw(self, request: ChatRequest, body: Mapping[str, Any]) -> RawReply | Rejected:
        """The reply to one body, paid for at most once."""
        key = reply_key(body)
        if key not in self._in_flight:
            self._in_flight[key] = asyncio.get_running_loop().create_task(self._paid(key, request, body))
            self._in_flight[key].add_done_callback(lambda _: self._in_flight.pop(key))
        paid = await asyncio.shield(self._in_flight[key])  # an interruption ends the wait, not the request
        if isinstance(paid, Rejected):
            return paid
        if self._opened is not None and self._opened.site.outbox is None:
            self._count(key, request, paid)
        return paid.raw

    async def _paid(self, key: str, request: ChatRequest, body: Mapping[str, Any]) -> PaidReply | Rejected:
        assert self._opened is not None
        site = self._opened.site
        if site.replies and (found := await self._found(site.replies, key)):
            return found
        if site.outbox is not None:
            return site.outbox.defer(key, body, self._toll(request), is_reask=bool(request.turns))
        answered = await self._opened.client.complete(body, self._toll(request))
        if isinstance(answered, Rejected):
            return answered
        paid = PaidReply(answered.raw, answered.tokens, answered.seconds, site.cell)
        if site.replies:
            await asyncio.get_running_loop().run_in_executor(self._opened.files, site.replies.put, key, paid)
        return paid

    async def _found(self, store: ReplyStore, key: str) -> PaidReply | None:
        """To look for a file on a local disk costs less than to hand it to a thread; an object store would hold up the loop."""
        assert self._opened is not None
        if store.storage.is_local:
            return store.get(key)
        return await asyncio.get_running_loop().run_in_executor(self._opened.files, store.get, key)

    async def _probe(self, request: ChatRequest, body: Mapping[str, Any]) -> RawReply | Rejected:
        """Never from the store: what another server under the same name could do, this one may not."""
        assert self._opened is not None
        answered = await self._opened.client.complete(body, self._toll(request))
        if isinstance(answered, Rejected):
            return answered
        self._ledger.add(request.clip_id, answered.tokens, audio_seconds(request), answered.seconds)
        return answered.raw

    def _count(self, key: str, request: ChatRequest, paid: PaidReply) -> None:
        """What this cell paid counts once, also where a killed worker paid it; what others paid is only reused."""
        assert self._opened is not None
        site, (visit, keys) = self._opened.site, self._counted
        if visit != site.visit:
            keys = set()
            self._counted = site.visit, keys
        if paid.billed_to != site.cell or key in keys:
            self._ledger.reuse(request.clip_id)
            return
        keys.add(key)
        self._ledger.add(request.clip_id, paid.tokens, audio_seconds(request), paid.seconds, paid.share)

    def _toll(self, request: ChatRequest) -> Toll:
        model, replies = self.params.model, request.samples * request.max_tokens
        most = Tokens(most_prompt_tokens(request, model), audio=most_audio_tokens(request, model), completion=replies)
        return Toll(math.ceil(prompt_tokens(request, model)) + replies, most.usd(self._price))


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """Ends with no thread left, those included that libraries hand their blocking calls to."""
    asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
