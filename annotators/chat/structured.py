"""Reading replies: what a model gave becomes an answer, a question asked again, or a refusal. Pure, for every asker.

A schema reaches the model in whatever way its server honours (grammar, forced tool call, or only in words), and the reply is
never trusted: it is validated here, and what does not validate is asked again with the error.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from annotators.chat.request import ChatRequest, Reply
from schemas.errors import Rejected

# What OpenAI's strict mode and vLLM's grammars both take; everything else is checked by validation only.
_KEYWORDS = frozenset(
    {"$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "items", "maximum", "maxItems",
     "minimum", "minItems", "properties", "required", "type"}
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_LONGEST_QUOTE = 4000  # characters of a wrong reply that the model is shown again, and pays for


@dataclass(frozen=True)
class RawReply:
    """`texts`: one per sample. `finish`: why each ended, in OpenAI's words (stop | length | content_filter | …)."""

    texts: tuple[str, ...]
    finish: tuple[str, ...]


def read_reply(request: ChatRequest, raw: RawReply, reasks: int) -> Reply | ChatRequest | Rejected:
    """The reply, or the question to ask next, or why there is no answer once it was asked again `reasks` times.

    Of several samples, one that was cut off or declined is an empty text beside the others.
    """
    if request.samples > 1 and "stop" in raw.finish:
        return Reply(tuple(plain_text(text) if why == "stop" else "" for text, why in zip(raw.texts, raw.finish, strict=True)))
    if "length" in raw.finish:
        return Rejected("truncated", f"the reply was cut off at {request.max_tokens} tokens: {_short(raw.texts[-1])}")
    if "content_filter" in raw.finish:
        return Rejected("refused", f"the model declined to answer: {_short(raw.texts[0])}")
    texts = tuple(plain_text(text) for text in raw.texts)
    if request.schema is None:
        return Reply(texts)
    try:
        return Reply(texts, (request.schema.model_validate_json(json_object(texts[0])),))
    except ValidationError as error:
        wrong = _mistakes(error)
    if len(request.turns) >= reasks:
        return Rejected("unparsable_json", f"after {len(request.turns)} re-asks: {wrong}; the reply was {_short(texts[0])}")
    again = f"That reply is not valid: {wrong}. Answer again with one JSON object that fits the schema, and nothing else."
    return replace(request, turns=(*request.turns, (texts[0][:_LONGEST_QUOTE], again)))


def ask_in_rounds(
    requests: Sequence[ChatRequest], generate: Callable[[Sequence[ChatRequest]], Sequence[RawReply | Rejected]], reasks: int
) -> list[Reply | Rejected]:
    """One outcome per request, in order, from a model that answers many: what does not validate is asked again together."""
    asked: dict[int, ChatRequest] = dict(enumerate(requests))
    outcomes: dict[int, Reply | Rejected] = {}
    while asked:
        again: dict[int, ChatRequest] = {}
        for (number, request), raw in zip(asked.items(), generate(list(asked.values())), strict=True):
            outcome = raw if isinstance(raw, Rejected) else read_reply(request, raw, reasks)
            if isinstance(outcome, ChatRequest):
                again[number] = outcome
            else:
                outcomes[number] = outcome
        asked = again
    return [outcomes[number] for number in range(len(requests))]


def plain_text(text: str) -> str:
    """Without control and direction characters and halves of surrogate pairs, which no table can or should hold, and without
    surrounding space."""
    return _CONTROL.sub("", text).strip()


def spoken(text: str) -> str:
    """A reply without the thoughts that a reasoning model puts before it."""
    return text.rpartition("</think>")[2].strip()


def json_object(text: str) -> str:
    """The JSON object within a reply, its strings plain: models put fences, thoughts and good wishes around it."""
    body = spoken(text)
    begin = body.find("{")
    if begin < 0:
        return body
    try:
        found, _ = json.JSONDecoder().raw_decode(body, begin)
        return json.dumps(_plain(found))
    except (ValueError, RecursionError):
        return body[begin:]  # so that the error the model is shown is about its object


def _plain(node: Any) -> Any:
    if isinstance(node, str):
        return plain_text(node)
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return {plain_text(key): _plain(value) for key, value in node.items()} if isinstance(node, dict) else node


@lru_cache(maxsize=64)
def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of a model as strict structured output takes it: every property required, none beside them."""
    strict: dict[str, Any] = _strict(model.model_json_schema())
    return strict


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    kept = {key: value for key, value in node.items() if key in _KEYWORDS}
    for key in ("properties", "$defs"):  # their keys are names, not keywords
        if key in kept:
            kept[key] = {name: _strict(inner) for name, inner in kept[key].items()}
    for key in ("items", "anyOf"):
        if key in kept:
            kept[key] = _strict(kept[key])
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


def _mistakes(error: ValidationError) -> str:
    """The first three mistakes, each with the field it is about."""
    told = [
        f"{'.'.join(map(str, mistake['loc'])) or 'the reply'}: {mistake['msg'].removeprefix('Value error, ')}"
        for mistake in error.errors(include_url=False)[:3]
    ]
    return "; ".join(told)[:600]


def _short(text: str) -> str:
    said = plain_text(text)
    return repr(said if len(said) <= 120 else said[:119] + "…")
