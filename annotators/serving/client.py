"""One server: sends chat completions, and owns what happens when they fail.

Rates, pauses and money are the turnstile's, what an answer says is `completion`'s; here it is sorted into reply, refusal of
this one request (`Rejected`), or a server that cannot be used at all (`ServerError`, which ends the build: no other request
would fare better). The official client does the talking with its own retries off, because two layers that both retry make
storms. What became of a request whose connection broke is unknown: against the budget it counts as if it had been answered at
full length.
"""

import asyncio
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NoReturn

import aiohttp
import openai

from annotators.chat.structured import plain_text
from annotators.serving.completion import Answered, read_completion, refusal
from annotators.serving.gate import UNUSED, Gate, Limits, Toll
from annotators.serving.params import ServerParams
from annotators.serving.prices import Price
from annotators.serving.turnstile import Turnstile
from schemas.errors import Rejected, ServerError

OPENAI_URL = "https://api.openai.com/v1"
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 30.0
_LONGEST_CONNECT_S = 20.0
UNUSABLE = {  # what an HTTP status says about a server as a whole
    401: "refuses the key",
    402: "wants to be paid",
    403: "forbids it",
    404: "does not know the model or the address",
    405: "is no such server",
}


class Client:
    """Belongs to one event loop. `price` None: the model has no price, and what it costs is unknown."""

    def __init__(self, params: ServerParams, gate: Gate, price: Price | None) -> None:
        self._params = params
        self._price = price
        self.url, self._key = address(params)
        # aiohttp's pool costs the same for any number of connections, that of httpx looks at all of them for every request
        self._openai = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=openai.Timeout(params.timeout_s, connect=min(_LONGEST_CONNECT_S, params.timeout_s)),
            http_client=openai.DefaultAioHttpClient(),
        )
        rates = Limits(params.requests_per_minute, params.tokens_per_minute)
        self._turnstile = Turnstile(gate, f"{params.model} at {self.url}", rates, params.max_in_flight)

    async def complete(self, body: Mapping[str, Any], toll: Toll) -> Answered | Rejected:
        """One chat completion. ServerError if the server cannot be used, BudgetError if it may not be."""
        failures, holds, held_since = 0, 0, 0.0
        while True:
            outcome = await self._once(body, toll)
            if isinstance(outcome, Answered | Rejected):
                return outcome
            if outcome.kind == "too early":
                continue
            if outcome.kind == "held back":
                held_since = held_since if holds else time.monotonic()
                await self._hold(outcome, holds)
                holds += 1
                if time.monotonic() > held_since + self._params.patience_s:
                    return Rejected("server_error", f"held back for {self._params.patience_s:g} s: {outcome.said}")
                continue
            failures += 1
            if failures > self._params.max_retries:
                if outcome.kind == "unreachable":
                    self._break(f"cannot be reached: {outcome.said}; is it running?")
                return Rejected("server_error", f"{failures} tries: {outcome.said}")
            await asyncio.sleep(random.uniform(0, backoff_s(failures - 1)))  # noqa: S311 (full jitter: no two retry together)

    async def _hold(self, outcome: "_Trouble", holds: int) -> None:
        """Stop everyone for as long as the server said, or longer each time where it did not say."""
        pause_s = backoff_s(holds) if outcome.pause_s is None else outcome.pause_s
        await self._turnstile.pause(pause_s)
        if pause_s > self._params.patience_s:
            patience_s = f"{self._params.patience_s:g} s"
            self._break(f"asks to wait {pause_s:.0f} s, more than `patience_s` ({patience_s}); build later: {outcome.said}")

    async def _once(self, body: Mapping[str, Any], toll: Toll) -> "Answered | Rejected | _Trouble":
        await self._turnstile.enter(toll)
        used = UNUSED
        try:
            if self._turnstile.is_paused:
                return _Trouble("too early")
            used, started = toll, time.perf_counter()  # until it is known what the server did, it did everything
            async with asyncio.timeout(self._params.timeout_s):
                answer = await self._openai.post("/chat/completions", cast_to=object, body=body)
            answered = self._read(answer, time.perf_counter() - started)
            if isinstance(answered, Answered):
                tokens = answered.tokens
                used = Toll(tokens.prompt + tokens.completion, tokens.usd(self._price))
            return answered
        except openai.APIStatusError as error:
            used = UNUSED  # an error is not billed
            return self._sort(error)
        except (openai.APIConnectionError, aiohttp.ClientError, TimeoutError) as error:
            trouble = self._broken_connection(error)
            used = UNUSED if trouble.kind == "unreachable" else toll
            return trouble
        except (ValueError, RecursionError) as error:
            return _Trouble("failed", f"not JSON: {self._plain(error)[:100]}")
        finally:
            await self._turnstile.leave(toll, used)

    def _broken_connection(self, error: BaseException) -> "_Trouble":
        """What aiohttp itself said counts: on the way through the client a refused connection becomes a timeout."""
        causes = [error]
        while (cause := causes[-1].__cause__) is not None:
            causes.append(cause)
        if any(isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for cause in causes):
            return _Trouble("unreachable", self._plain(causes[-1]))
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return _Trouble("failed", f"no reply within {self._params.timeout_s:g} s")
        return _Trouble("failed", f"the connection broke: {self._plain(causes[-1])}")

    def _read(self, answer: Any, seconds: float) -> "Answered | _Trouble":
        try:
            return read_completion(answer, seconds, self._key)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            return _Trouble("failed", f"not a chat completion ({type(error).__name__}): {self._plain(answer)[:100]!r}")

    def _sort(self, error: openai.APIStatusError) -> "Rejected | _Trouble":
        status = error.status_code
        said = self._plain(error).removeprefix(f"Error code: {status} - ")
        if status == 429 and "insufficient_quota" in (error.code, error.type):
            self._break("says that the quota of this key is used up")
        if status in UNUSABLE:
            # 401 quotes the key: what the server says is left out
            self._break(f"{UNUSABLE[status]} (HTTP {status}{'' if status == 401 else ': ' + said})")
        if refused := refusal(status, error.code, said):
            return refused
        pause_s = _retry_after(error.response.headers)
        kind: _Kind = "held back" if status == 429 or pause_s is not None else "failed"
        return _Trouble(kind, f"HTTP {status}: {said}", pause_s)

    def _break(self, how: str) -> NoReturn:
        """The server cannot be used: those who wait for their turn hear it at once."""
        error = ServerError(f"{self._who} {how}")
        self._turnstile.refuse(error)
        raise error from None

    @property
    def _who(self) -> str:
        return f"the server of {self._params.model} at {self.url}"

    def _plain(self, error: object) -> str:
        """One line without the key."""
        said = " ".join(plain_text(str(error)).split()) or type(error).__name__
        return (said.replace(self._key, "…") if self._key else said)[:300]

    async def close(self) -> None:
        await self._openai.close()

    def refuse(self, error: Exception) -> None:
        """Send nothing more; what is under way still comes in."""
        self._turnstile.refuse(error)


_Kind = Literal["too early", "held back", "failed", "unreachable"]


@dataclass(frozen=True)
class _Trouble:
    """What may be tried again. `pause_s`: how long the server asks everyone to wait, None if it does not say."""

    kind: _Kind
    said: str = ""
    pause_s: float | None = None


def address(params: ServerParams) -> tuple[str, str]:
    """URL and key of the server. ServerError if it is OpenAI and there is no key."""
    key = os.environ.get(params.api_key_env, "")
    url = (params.base_url or OPENAI_URL).rstrip("/")
    if not key and url == OPENAI_URL:
        raise ServerError(f"OpenAI needs a key in the environment variable {params.api_key_env}, which is not set")
    return url, key


def backoff_s(failures: int) -> float:
    """The longest wait after so many failures in a row."""
    return float(min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**failures))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by OpenAI's retry-after-ms or by Retry-After (seconds or a date); None without a readable one."""
    for name, unit_s in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit_s)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
