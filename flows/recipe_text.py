"""Recipes as text: YAML in, plain mappings out, `--set` on top, and every mistake as one line that says where it is.

This file knows YAML and pydantic's errors, not what a recipe means. A key that is given twice is an error here, because YAML
would silently keep the last one.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from flows.recipe_secrets import masked
from schemas.errors import RecipeError, unknown

M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} is given twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def parse_recipe(text: str, name: str) -> dict[str, Any]:
    """YAML text as a mapping. `name` is what messages call it. An empty text is an empty recipe."""
    parsed = _parse(text, name)
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise RecipeError(f"{name} must be a mapping of keys to values, got {_short(parsed)}")
    return parsed


def _parse(text: str, name: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        raise RecipeError(f"{where}: {error.problem or error.context or 'not valid YAML'}") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"{name} is not valid YAML: {' '.join(str(error).split())}") from None


def with_overrides(recipe: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The mapping with every `a.b=value` laid over it; values are YAML, so `3`, `true` and `[a, b]` are what they look like."""
    changed = dict(recipe)
    for override in overrides:
        path, equals, text = override.partition("=")
        keys = [key.strip() for key in path.split(".")]
        if not equals or not all(keys):
            raise RecipeError(f"--set must look like a.b=value, got {masked(override)!r}")
        place = changed
        for depth, key in enumerate(keys[:-1], start=1):
            inner = place.get(key)
            if inner is not None and not isinstance(inner, dict):
                raise RecipeError(f"--set {masked(override)}: {'.'.join(keys[:depth])} is a value, not a section")
            place[key] = place = dict(inner or {})
        place[keys[-1]] = _parse(text, f"--set {masked(override)}")
    return changed


def validated(model: type[M], given: Any, path: str = "") -> M:
    """`model` from what was given at a path of the recipe; RecipeError with the first mistake."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise RecipeError(_mistake(model, error, path)) from None


def _mistake(model: type[BaseModel], error: ValidationError, path: str) -> str:
    """One line about one mistake. A key that does not exist comes first: others may follow from it."""
    mistakes = error.errors(include_url=False)
    mistake = next((found for found in mistakes if found["type"] == "extra_forbidden"), mistakes[0])
    location, kind = mistake["loc"], mistake["type"]
    keys = [key for key in (path, *map(str, location)) if key]
    if kind == "extra_forbidden":
        section = ".".join(keys[:-1])
        return f"{section}{': ' if section else ''}{unknown('key', keys[-1], _known_keys(model, location[:-1]))}"
    if kind in ("model_type", "dict_type"):
        told = "must be a section of keys and values"
    elif kind == "missing":
        return f"{'.'.join(keys)} is required"
    elif kind == "value_error":
        return f"{'.'.join(keys)}: {mistake['msg'].removeprefix('Value error, ')}"
    else:
        told = re.sub(r"^\w+ should", "must", mistake["msg"])
    return f"{'.'.join(keys)} {told}, got {_short(mistake['input'])}"


def _known_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The field names of the model at a location. Steps through lists and mappings are keys that no model has."""
    for key in location:
        if field := model.model_fields.get(str(key)):
            model = _model_within(field.annotation) or model
    return list(model.model_fields)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_within(inner))), None)


def _short(value: Any) -> str:
    text = masked(repr(value))
    return text if len(text) <= 80 else text[:79] + "…"
