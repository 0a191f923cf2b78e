"""Every key of a recipe with its value and meaning: the commented template, the JSON Schema and the table in the docs.

All three are read from the classes, so they cannot disagree with what the program accepts.
"""

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args

import yaml
from pydantic import BaseModel, Field, create_model

from annotators.base import Params
from annotators.registry import BACKENDS
from flows.recipe import Recipe, backend_names, is_left_out, params_model, stage_names
from pipeline.stages import STAGES

COMMENT_WIDTH = 110
HEAD = "An AudioCoT recipe with every key at its default. Delete what you do not change; `audiocot recipe render` fills it in."


@dataclass(frozen=True)
class Key:
    """One key of a recipe. `value` is plain YAML data; a section has keys of its own instead."""

    path: tuple[str, ...]
    description: str
    value: Any = None
    is_section: bool = False


def recipe_keys(recipe: Recipe) -> Iterator[Key]:
    """All keys in the order of the template, sections before what is in them."""
    for name, field in Recipe.model_fields.items():
        value = getattr(recipe, name)
        if name == "stages":
            yield Key((name,), field.description or "", is_section=True)
            for stage in stage_names():
                yield from _stage_keys(stage, recipe)
        elif isinstance(value, BaseModel):
            yield Key((name,), field.description or "", is_section=True)
            yield from _model_keys((name,), type(value), value.model_dump(mode="json"))
        else:
            yield Key((name,), field.description or "", value)


def _stage_keys(stage: str, recipe: Recipe) -> Iterator[Key]:
    path, chosen = ("stages", stage), recipe.stages[stage]
    about = (sys.modules[STAGES[stage].__module__].__doc__ or "").strip().splitlines()[0]
    yield Key(path, about, is_section=True)
    if role := STAGES[stage].role:
        names = [*BACKENDS[role], *(() if STAGES[stage].default_backend else ("null (left out)",))]
        yield Key((*path, "backend"), f"the {role}: {' | '.join(names)}", chosen.backend)
    if is_left_out(stage, recipe):
        return
    model = params_model(stage, chosen.backend)
    if model.model_fields:
        yield Key((*path, "params"), "", is_section=True)
        yield from _model_keys((*path, "params"), model, chosen.params)


def _model_keys(path: tuple[str, ...], model: type[BaseModel], values: dict[str, Any]) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        inner, told = field.annotation, field.description or ""
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield Key((*path, name), told, is_section=True)
            yield from _model_keys((*path, name), inner, values[name])
        else:
            yield Key((*path, name), told + _items(inner), values[name])


def _items(annotation: Any) -> str:
    """For a list of models: what an element looks like."""
    for inner in get_args(annotation):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            told = ", ".join(f"{name}: {field.description}" for name, field in inner.model_fields.items())
            return f"; a list of {{{told}}}"
    return ""


def recipe_template(recipe: Recipe) -> str:
    """The recipe as commented YAML. Reading it back gives the same recipe."""
    lines = [f"# {line}" for line in textwrap.wrap(HEAD, COMMENT_WIDTH)]
    for key in recipe_keys(recipe):
        indent = "  " * (len(key.path) - 1)
        if len(key.path) == 1 or (key.is_section and len(key.path) == 2):
            lines.append("")
        lines += [f"{indent}# {line}" for line in textwrap.wrap(key.description, COMMENT_WIDTH - len(indent))]
        lines.append(f"{indent}{key.path[-1]}:" + ("" if key.is_section else f" {_yaml(key.value)}"))
        if key.is_section and key.path[0] == "stages" and not _has_keys(key):
            lines[-1] += " {}"
    return "\n".join(lines) + "\n"


def _has_keys(section: Key) -> bool:
    if len(section.path) != 2:
        return True
    stage = section.path[1]
    return bool(backend_names(stage) or STAGES[stage].Params.model_fields)


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n").strip()


def rendered_recipe(recipe: Recipe) -> str:
    """The resolved recipe as YAML, without comments."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)


def recipe_table(recipe: Recipe) -> str:
    """Markdown table of all keys, for docs/recipes.md."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for key in recipe_keys(recipe):
        if key.path[-1] == "params":
            continue
        name = f"**`{'.'.join(key.path)}`**" if key.is_section else f"`{'.'.join(key.path)}`"
        value = "" if key.is_section else f"`{_yaml(key.value)}`"
        rows.append(f"| {name} | {value} | {key.description.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def recipe_schema() -> dict[str, Any]:
    """JSON Schema of a recipe file, with the parameters of every backend that can be imported here."""
    fields: dict[str, Any] = {name: (_stage_type(name), Field(None)) for name in stage_names()}
    stages = create_model("Stages", __base__=Params, **fields)
    described = Recipe.model_fields["stages"].description
    whole = create_model("Recipe", __base__=Recipe, stages=(stages, Field(None, description=described)))
    return whole.model_json_schema()


def _stage_type(name: str) -> Any:
    """One model per backend; only the default backend may be left unsaid."""
    if not (names := backend_names(name)):
        return create_model(f"{name}_stage", __base__=Params, params=(params_model(name, None), Field(None)))
    default = STAGES[name].default_backend
    variants: list[Any] = []
    if default is None:
        variants.append(create_model(f"{name}_left_out", __base__=Params, backend=(None, Field(None))))
    for backend in names:
        try:
            params = params_model(name, backend)
        except ImportError:  # its extra is not installed
            continue
        said = Field(backend) if backend == default else Field()
        fields: dict[str, Any] = {"backend": (Literal[backend], said), "params": (params, Field(None))}
        variants.append(create_model(f"{name}_{backend}", __base__=Params, **fields))
    return Union[tuple(variants)]  # noqa: UP007 (made at run time)
