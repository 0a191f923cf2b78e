"""Keys that somebody wrote into a recipe: refused with the way that is right, and never repeated in a message.

A recipe is kept in run records, in Prefect's database and beside releases. Keys of servers come from the environment only,
and a recipe names the variable. Found by the name of the field, or by what keys of well-known services look like.
"""

import re
from collections.abc import Mapping
from typing import Any

from schemas.errors import RecipeError

_NAMED_AS_KEY = re.compile(r"(?:^|_)(?:api_?key|key|token|secret|password|passwd|authorization|credentials?)$", re.IGNORECASE)
_LOOKS_LIKE_KEY = re.compile(
    r"\b(?:sk|pk|rk|hf|gh[opsu]|xox[abp]|glpat)[-_][\w-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bBearer\s+\S{8,}|\beyJ[\w-]{20,}"
)


def refuse_keys(given: Any, path: str = "") -> None:
    """RecipeError if there is a key anywhere in the plain values of a recipe."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            place = f"{path}.{name}" if path else str(name)
            if isinstance(value, str) and value and _NAMED_AS_KEY.search(str(name)):
                raise RecipeError(_told(place))
            refuse_keys(value, place)
    elif isinstance(given, list | tuple):
        for value in given:
            refuse_keys(value, path)
    elif isinstance(given, str) and _LOOKS_LIKE_KEY.search(given):
        raise RecipeError(_told(path))


def masked(text: str) -> str:
    """A text for a message, without what looks like a key."""
    return _LOOKS_LIKE_KEY.sub("…", text)


def _told(place: str) -> str:
    return (
        f"{masked(place)}: a recipe must not hold a key, it is kept in run records; put the key into an environment variable "
        "(OPENAI_API_KEY, or the one that `api_key_env` names)"
    )
