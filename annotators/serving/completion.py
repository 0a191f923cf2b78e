"""What a chat completion says: texts and what was billed, or the refusal of the request. Needs no client.

Who reads answers that others fetched (files of batches) does without the official client, whose import takes half a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotators.chat.structured import RawReply
from annotators.serving.prices import Tokens
from schemas.errors import Rejected

_INVALID = (400, 413, 415, 422)


@dataclass(frozen=True)
class Answered:
    """A reply with what the server billed for it. `seconds`: from sending to the reply."""

    raw: RawReply
    tokens: Tokens
    seconds: float


def read_completion(answer: Any, seconds: float, key: str = "") -> Answered:
    """A chat completion as it came, but for `key` where a server repeats it: replies are published.

    Raises ValueError, KeyError, IndexError, TypeError or AttributeError if it is none.
    """
    choices = [_choice(choice) for choice in answer["choices"]]
    if not choices:
        raise ValueError("a reply has at least one choice")
    texts = tuple(text.replace(key, "…") if key else text for text, _ in choices)
    raw = RawReply(texts, tuple(finish for _, finish in choices))
    return Answered(raw, Tokens.billed(answer.get("usage")), seconds)


def refusal(status: int, code: object, said: str) -> Rejected | None:
    """The refusal of one request, as invalid or by a filter; None where it may be answered another time."""
    if status not in _INVALID:
        return None
    is_filtered = code in ("content_filter", "content_policy_violation")
    return Rejected("refused" if is_filtered else "request_refused", f"HTTP {status}: {said}")


def _choice(choice: Mapping[str, Any]) -> tuple[str, str]:
    """Text and finish reason. The arguments of a forced tool call are the text; a refusal ends like a filtered reply."""
    message, finish = choice["message"], str(choice.get("finish_reason") or "stop")
    if calls := message.get("tool_calls"):
        text = calls[0]["function"]["arguments"]
    elif refusal := message.get("refusal"):
        text, finish = refusal, "content_filter"
    else:
        text = message.get("content") or ""
    if not isinstance(text, str):
        raise TypeError(f"a reply is text, got {type(text).__name__}")
    return text, finish
