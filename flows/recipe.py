"""A recipe: the validated description of one dataset build, and the stages it means.

A recipe says what is made; where, how fast and on how many workers it is made are arguments of a command. Everything it does
not say has a default, so a recipe file holds only what differs. Which stages there are and what they take is not written here:
it is read from the stage and backend classes, so that a new parameter is at once a recipe key, in the template, the schema and
the docs. A stage takes parameters of its own, of its backend, or both; to the writer of a recipe they are one list.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, create_model, field_validator

from annotators.base import Params
from annotators.registry import BACKENDS, backend_class
from flows.recipe_secrets import refuse_keys
from flows.recipe_text import parse_recipe, validated, with_overrides
from pipeline.ingest import IngestParams
from pipeline.release.params import ReleaseParams
from pipeline.splits import SplitParams
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.verification.policy import Policy
from schemas.errors import RecipeError, unknown
from schemas.vocabulary import Task

DEFAULT_PRESET = "cpu"
SECTIONS = {
    "ingest": "ingest",
    "decide": "policy",
    "decide_objects": "policy",
    "decide_edits": "policy",
    "decide_questions": "policy",
}  # stages whose parameters are a section of their own in the recipe


class StageRecipe(Params):
    """How one stage is done."""

    backend: str | None = Field(
        None, description="the model behind the stage; null for a stage without one, or for an optional stage that is left out"
    )
    params: dict[str, Any] = Field({}, description="parameters of the stage and of its backend")


class Recipe(Params):
    """One dataset build."""

    name: str = Field(
        "cpu", pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="what the recipe is called in run records and releases"
    )
    sources_per_shard: int = Field(
        16, ge=1, le=4096, description="sources in one shard, the unit of work; a listed source keeps its shard for ever"
    )
    ingest: IngestParams = Field(IngestParams(), description="how sources become clips")
    stages: dict[str, StageRecipe] = Field({}, validate_default=True, description="how each stage is done")
    tasks: tuple[Task, ...] = Field(
        ("object", "edit", "question"), description="chains of thought that are written besides the base chain of every clip"
    )
    splits: SplitParams = Field(SplitParams(), description="how sources are split into train, val and test")
    policy: Policy = Field(Policy(), description="what becomes of a chain of thought once its claims were judged")
    release: ReleaseParams = Field(ReleaseParams(), description="what goes into the published release")

    @field_validator("stages")
    @classmethod
    def _fill_in(cls, given: dict[str, StageRecipe]) -> dict[str, StageRecipe]:
        """Every stage with its backend and all of its parameters. Raises RecipeError, which pydantic lets through."""
        for name in given:
            if name in SECTIONS:
                raise RecipeError(
                    f"stages.{name}: the parameters of this stage are the section {SECTIONS[name]!r} of the recipe"
                )
            if name not in STAGES:
                raise RecipeError(f"stages: {unknown('stage', name, stage_names())}")
        return {name: _resolved(name, given.get(name, StageRecipe())) for name in stage_names()}


def stage_names() -> list[str]:
    """The stages a recipe can say something about under `stages`."""
    return [name for name in STAGES if name not in SECTIONS]


def backend_names(name: str) -> list[str]:
    """The backends a stage can have; none for a stage without a model."""
    role = STAGES[name].role
    return list(BACKENDS[role]) if role else []


def params_model(name: str, backend: str | None) -> type[Params]:
    """What a stage with this backend takes: its own parameters and those of the backend as one model.

    ValueError if both have a parameter of the same name, which is a mistake in the code.
    """
    stage = STAGES[name]
    kinds = [stage.Params]
    if stage.role and backend:
        kinds.append(backend_class(stage.role, backend).Params)
    kinds = [kind for kind in kinds if kind.model_fields]
    if len(kinds) == 2 and (shared := set(kinds[0].model_fields) & set(kinds[1].model_fields)):
        raise ValueError(f"stage {name} and its backend {backend} must not share parameter names, both have {sorted(shared)}")
    return kinds[0] if len(kinds) == 1 else create_model(f"{name}_params", __base__=tuple(kinds) or Params)


def _resolved(name: str, given: StageRecipe) -> StageRecipe:
    role = STAGES[name].role
    backend = given.backend
    if role is None and backend is not None:
        raise RecipeError(f"stages.{name}.backend: this stage has no model and takes no backend, got {backend!r}")
    if role is not None:
        backend = backend or STAGES[name].default_backend
        if backend is None and given.params:
            raise RecipeError(f"stages.{name}.params: this stage is left out unless stages.{name}.backend names a model")
        if backend is not None and backend not in BACKENDS[role]:
            raise RecipeError(f"stages.{name}.backend: {unknown(f'{role} backend', backend, BACKENDS[role])}")
    if role is not None and backend is None:
        return StageRecipe()
    params = validated(params_model(name, backend), given.params, f"stages.{name}.params")
    return StageRecipe(backend=backend, params=params.model_dump(mode="json"))


def presets() -> dict[str, str]:
    """Name → text of the recipes that come with the program."""
    folder = files("flows") / "recipes"
    return {entry.name.removesuffix(".yaml"): entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def load_recipe(path: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file, or the preset of that name, with overrides such as `policy.min_score=0.7`.

    RecipeError, one line, for anything unknown or invalid in it.
    """
    name, text = _read(path or DEFAULT_PRESET)
    return make_recipe(parse_recipe(text, name), overrides, name)


def make_recipe(given: Mapping[str, Any], overrides: Sequence[str] = (), name: str = "recipe") -> Recipe:
    """A recipe from plain values. `name` is what messages call it."""
    try:
        whole = with_overrides(dict(given), overrides)
        refuse_keys(whole)
        return validated(Recipe, whole)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None


def _read(path: str) -> tuple[str, str]:
    """What to call a recipe, and its text. A file wins over a preset of the same name."""
    known = presets()
    if not Path(path).exists() and path in known:
        return f"preset {path}", known[path]
    try:
        return path, Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(
            f"there is no recipe file {path!r}, and no such preset (presets: {', '.join(sorted(known))})"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"the recipe {path!r} cannot be read: {error}") from None


def recipe_stages(recipe: Recipe) -> list[Stage]:
    """The stages of the recipe, ready for `pipeline.plan.make_plan`. Models are not loaded."""
    return [_stage(name, recipe) for name in STAGES if not is_left_out(name, recipe)]


def is_left_out(name: str, recipe: Recipe) -> bool:
    """Whether a stage serves a task that is not wanted, or has a role and no backend for it: then the build does without."""
    if STAGES[name].task not in (None, "base", *recipe.tasks):
        return True
    return name not in SECTIONS and STAGES[name].role is not None and recipe.stages[name].backend is None


def _stage(name: str, recipe: Recipe) -> Stage:
    kind = STAGES[name]
    if name in SECTIONS:
        return kind(getattr(recipe, SECTIONS[name]))
    chosen = recipe.stages[name]
    own = _part(kind.Params, chosen.params)
    if kind.WithSplits:
        own = kind.WithSplits(**own.model_dump(), **recipe.splits.model_dump())
    if kind.role is None:
        return kind(own)
    assert chosen.backend is not None
    backend = backend_class(kind.role, chosen.backend)
    return kind(own, backend(_part(backend.Params, chosen.params)))


def _part(kind: type[Params], params: Mapping[str, Any]) -> Params:
    """The parameters that belong to one of the two classes."""
    return kind.model_validate({key: value for key, value in params.items() if key in kind.model_fields})
