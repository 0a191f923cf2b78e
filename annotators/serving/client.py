"""One server: sends chat completions, and owns what happens when they fail.

Rates, pauses and money are the turnstile's; here an answer is sorted into reply, refusal of this one request (`Rejected`), or a
server that cannot be used at all (`ServerError`, which ends the build: no other request would fare better). The official
client does the talking with its own retries off, because two layers that both retry make storms.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

from annotators.chat.structured import RawReply
from annotators.serving.gate import Gate, Limits, Toll
from annotators.serving.params import ServerParams
from annotators.serving.prices import Price, Tokens
from annotators.serving.turnstile import Turnstile
from schemas.errors import Rejected, ServerError

OPENAI_URL = "https://api.openai.com/v1"
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 30.0
_UNUSABLE = {401: "refuses the key", 403: "forbids it", 404: "does not know the model or the address", 405: "is no such server"}
_INVALID = (400, 413, 415, 422)


@dataclass(frozen=True)
class Answered:
    """A reply with what the server billed for it. `seconds`: from sending to the reply."""

    raw: RawReply
    tokens: Tokens
    seconds: float


class Client:
    """Belongs to one event loop. `price` None: the model has no price, and what it costs is unknown."""

    def __init__(self, params: ServerParams, gate: Gate, price: Price | None) -> None:
        self._params = params
        self._price = price
        self._key = os.environ.get(params.api_key_env, "")
        self.url = (params.base_url or OPENAI_URL).rstrip("/")
        if not self._key and self.url == OPENAI_URL:
            raise ServerError(f"OpenAI needs a key in the environment variable {params.api_key_env}, which is not set")
        # aiohttp's pool costs the same for any number of connections, that of httpx looks at all of them for every request
        self._openai = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=params.timeout_s,
            http_client=openai.DefaultAioHttpClient(),
        )
        rates = Limits(params.requests_per_minute, params.tokens_per_minute)
        self._turnstile = Turnstile(gate, f"{params.model} at {self.url}", rates, params.max_in_flight)
        self._broken: ServerError | None = None

    async def complete(self, body: Mapping[str, Any], toll: Toll) -> Answered | Rejected:
        """One chat completion. ServerError if the server cannot be used, BudgetError if it may not be."""
        failures, give_up_at = 0, time.monotonic() + self._params.patience_s
        while True:
            outcome = await self._once(body, toll)
            if isinstance(outcome, Answered | Rejected):
                return outcome
            if outcome.pause_s is not None:
                await self._turnstile.pause(outcome.pause_s)
                if time.monotonic() > give_up_at:
                    return Rejected(
                        "server_error", f"held back for {self._params.patience_s:g} s by rate limits: {outcome.said}"
                    )
                continue
            failures += 1
            if failures > self._params.max_retries:
                if outcome.is_unreachable:
                    self._broken = ServerError(f"{self._who} cannot be reached: {outcome.said}; is it running?")
                    raise self._broken
                return Rejected("server_error", f"{failures} tries: {outcome.said}")
            longest = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** (failures - 1))
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 (full jitter: no two retry together)

    async def _once(self, body: Mapping[str, Any], toll: Toll) -> "Answered | Rejected | _Trouble":
        await self._turnstile.enter(toll)
        used = Toll(0, 0.0)
        try:
            if self._broken:
                raise self._broken
            if self._turnstile.is_paused:
                return _Trouble("paused", pause_s=0.0)
            started = time.perf_counter()
            answer = await self._openai.post("/chat/completions", cast_to=object, body=body)
            answered = self._read(answer, time.perf_counter() - started)
            if isinstance(answered, Answered):
                tokens = answered.tokens
                used = Toll(tokens.prompt + tokens.completion, tokens.usd(self._price))
            return answered
        except openai.APIStatusError as error:
            return self._sort(error)
        except openai.APITimeoutError:
            return _Trouble(f"no reply within {self._params.timeout_s:g} s")
        except json.JSONDecodeError as error:
            return _Trouble(f"not JSON: {error}")
        except openai.APIConnectionError as error:
            return _Trouble(self._plain(error.__cause__ or error), is_unreachable=True)
        finally:
            await self._turnstile.leave(toll, used)

    def _read(self, answer: Any, seconds: float) -> "Answered | _Trouble":
        try:
            choices = [_choice(choice) for choice in answer["choices"]]
            raw = RawReply(tuple(text for text, _ in choices), tuple(finish for _, finish in choices))
            if choices:
                return Answered(raw, Tokens.billed(answer.get("usage")), seconds)
            return _Trouble("a reply without choices")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _Trouble(f"not a chat completion ({type(error).__name__}): {self._plain(answer)[:100]!r}")

    def _sort(self, error: openai.APIStatusError) -> "Rejected | _Trouble":
        status, said = error.status_code, self._plain(error)
        if status == 429 and "insufficient_quota" not in said:
            return _Trouble(said, pause_s=_retry_after(error.response.headers))
        if status == 429:
            self._broken = ServerError(f"{self._who} says that the quota of this key is used up")
        elif status in _UNUSABLE:
            # 401 quotes the key: what the server says is left out
            self._broken = ServerError(f"{self._who} {_UNUSABLE[status]} (HTTP {status}{'' if status == 401 else ': ' + said})")
        if self._broken:
            raise self._broken from None
        if status in _INVALID:
            return Rejected("request_refused", f"HTTP {status}: {said}")
        retry_after = _retry_after(error.response.headers, default=None) if status == 503 else None
        return _Trouble(f"HTTP {status}: {said}", pause_s=retry_after)

    @property
    def _who(self) -> str:
        return f"the server of {self._params.model} at {self.url}"

    def _plain(self, error: object) -> str:
        """One line without the key."""
        said = " ".join(str(error).split()) or type(error).__name__
        return (said.replace(self._key, "…") if self._key else said)[:300]

    async def close(self) -> None:
        await self._openai.close()


@dataclass(frozen=True)
class _Trouble:
    """What may be tried again. `pause_s`: after so long, and by nobody before."""

    said: str
    pause_s: float | None = None
    is_unreachable: bool = False


def _choice(choice: Mapping[str, Any]) -> tuple[str, str]:
    """Text and finish reason. The arguments of a forced tool call are the text; a refusal ends like a filtered reply."""
    message, finish = choice["message"], str(choice.get("finish_reason") or "stop")
    if calls := message.get("tool_calls"):
        return str(calls[0]["function"]["arguments"]), finish
    if refusal := message.get("refusal"):
        return str(refusal), "content_filter"
    return str(message.get("content") or ""), finish


def _retry_after(headers: Mapping[str, str], default: float | None = _FIRST_BACKOFF_S) -> float | None:
    """Seconds to wait by Retry-After (seconds or a date) or OpenAI's retry-after-ms."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if seconds := headers.get("retry-after"):
            return max(0.0, float(seconds))
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
        except (ValueError, TypeError):
            return default
    return default
