"""A line of a batch's answer: the reply to one request, or why there is none.

OpenAI puts errors into a file of their own, with the error in the response's body or beside it (expired requests have no
response at all); vLLM puts them among the replies, with the error beside the response, as an object or as a sentence.
"""

import json
from collections.abc import Mapping
from typing import Any

from annotators.chat.structured import plain_text
from annotators.serving.completion import Answered, read_completion, refusal
from schemas.errors import Rejected

_LONGEST = 300


def read_result(line: bytes | str) -> tuple[str, Answered | Rejected] | None:
    """The key with its reply or refusal; None if the line is no result, as where a killed program wrote half of one."""
    try:
        result = json.loads(line)
        key = result["custom_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (key, _outcome(result)) if isinstance(key, str) else None


def may_be_tried_again(left: Rejected) -> bool:
    """Whether nothing was wrong with the request itself."""
    return left.code == "server_error"


def _outcome(result: Mapping[str, Any]) -> Answered | Rejected:
    response = result.get("response")
    if not isinstance(response, Mapping):
        code, said = _error(result)
        return Rejected("server_error", f"the batch has no reply ({code or 'no code'}): {said}")
    status = response.get("status_code")
    if status == 200:
        try:
            return read_completion(response["body"], 0.0)  # how long it took is not told
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            return Rejected("server_error", f"the batch has no chat completion ({type(error).__name__})")
    code, said = _error(result)
    refused = refusal(status, code, said) if isinstance(status, int) else None
    return refused or Rejected("server_error", f"HTTP {status} in a batch: {said}")


def _error(result: Mapping[str, Any]) -> tuple[str | None, str]:
    """Code and message, wherever they are."""
    response = result.get("response")
    body = response.get("body") if isinstance(response, Mapping) else None
    found = [place.get("error") for place in (body, result) if isinstance(place, Mapping)]
    error = next((error for error in found if error), None)
    while isinstance(error, Mapping) and isinstance(error.get("error"), Mapping):
        error = error["error"]
    if not isinstance(error, Mapping):
        return None, _plain(error)
    code = error.get("code")
    return code if isinstance(code, str) else None, _plain(error.get("message"))


def _plain(said: object) -> str:
    """One line."""
    return " ".join(plain_text(str(said or "no reason given")).split())[:_LONGEST]
