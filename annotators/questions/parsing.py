"""An answer, and a chain of thought, out of a model's words. Strict about the answer, claim by claim about the chain.

Several samples of one question are asked for without a grammar and never again, so what a model writes is taken as it is: a
sample whose answer cannot be read has none. A claim that is not well formed, or cites what was not given, is left out; a step
left without claims finds no support later, and goes.
"""

import json
import re
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from pydantic import BaseModel, ValidationError

from annotators.chat.structured import json_object
from annotators.chat.written import Written, WrittenClaim, WrittenStep, reasoned
from schemas.reasoning import Reasoned

MOST_CHOICES = len(ascii_uppercase)
MOST_STEPS, MOST_CLAIMS = 10, 8  # of a chain, of a step: `Written`'s own limits; what is beyond them is left out
_LETTER = re.compile(r"\(?([A-Za-z])\)?[.:]?")
# A reply was given, and is no answer: the question then has samples that do not parse. Any other refusal is the clip's failure.
NO_ANSWER = frozenset({"truncated", "refused", "empty_reply", "unparsable_json"})


def lettered(choices: Sequence[str]) -> str:
    """One choice per line, each behind its letter. ValueError for more choices than letters."""
    return "\n".join(f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase[: len(choices)], choices, strict=True))


def reply_object(text: str) -> dict[str, Any] | None:
    """The JSON object within a reply; None if there is none."""
    try:
        found = json.loads(json_object(text))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def answer_index(given: object, choices: Sequence[str]) -> int | None:
    """The choice that an answer names: by letter ("B", "(b)", "B."), by index from 0, or in its own words. Else None."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given if 0 <= given < len(choices) else None
    if not isinstance(given, str):
        return None
    said = given.strip()
    same = [index for index, choice in enumerate(choices) if said.casefold() == choice.strip().casefold()]
    if same:
        return same[0] if len(same) == 1 else None
    letter, _, words = said.partition(". ")
    if words and words.strip().casefold() not in [choice.strip().casefold() for choice in choices]:
        return None
    found = _LETTER.fullmatch(letter)
    index = ascii_uppercase.index(found[1].upper()) if found else len(choices)
    if index >= len(choices) or (words and words.strip().casefold() != choices[index].strip().casefold()):
        return None
    return index


def read_chain(reply: dict[str, Any], schema: type[Written], caption_cot: str, duration_s: float) -> Reasoned | None:
    """The steps of a reply with those of their claims that `schema` allows; None where no claim is left to check.

    Without a grammar models leave out what is null and add fields of their own: neither is held against them.
    """
    given = reply.get("steps")
    steps: list[dict[str, Any]] = []
    for step in given if isinstance(given, list) else []:
        try:
            bare = WrittenStep.model_validate(_fields(WrittenStep, step) | {"claims": []}).model_dump()
        except (ValidationError, TypeError):
            continue
        claims = step.get("claims")
        known = (
            [_fields(WrittenClaim, claim) for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []
        )
        grounded = [claim for claim in known if _written(schema, [bare | {"claims": [claim]}], caption_cot)]
        steps.append(bare | {"claims": grounded[:MOST_CLAIMS]})
    written = _written(schema, steps[:MOST_STEPS], caption_cot)
    return reasoned(written, duration_s) if written else None


def _fields(model: type[BaseModel], given: Any) -> dict[str, Any]:
    """All fields of a model and no others, None where they were not given. TypeError for what is no object."""
    if not isinstance(given, dict):
        raise TypeError(f"a {model.__name__} is an object, got {given!r:.40}")
    return {name: given.get(name, False if name == "is_avoidance" else None) for name in model.model_fields}


def _written(schema: type[Written], steps: Sequence[dict[str, Any]], caption_cot: str) -> Written | None:
    try:
        return schema.model_validate({"steps": steps, "caption_cot": caption_cot})
    except ValidationError:
        return None
