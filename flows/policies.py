"""Policies as people name them on the command line, and the plans that a dataset has under them."""

import shlex
from collections.abc import Sequence

from flows.current import current_recipe
from flows.recipe import Recipe, load_recipe, recipe_stages
from pipeline.plan import Plan, make_plan
from schemas.errors import RecipeError
from schemas.layout import Dataset

CURRENT = "current"


def recipe_under(dataset: Dataset, recipe: str | None, changes: Sequence[str]) -> Recipe:
    """A recipe, or without one that of the last finished run, with changes of its policy such as `min_score=0.7`."""
    overrides = [f"policy.{change}" for change in changes]
    return load_recipe(recipe, overrides) if recipe else current_recipe(dataset, overrides)


def recipe_named(dataset: Dataset, policy: str) -> Recipe:
    """What one argument of `compare` means.

    `current` is the policy of the last finished run, "min_score=0.7 min_steps=1" that policy with changes, and anything else
    a recipe file or preset. RecipeError, one line, for what is none of these.
    """
    if policy == CURRENT:
        return current_recipe(dataset)
    if "=" not in policy:
        return load_recipe(policy)
    try:
        changes = shlex.split(policy)
    except ValueError as error:
        raise RecipeError(f"the policy {policy!r} cannot be read: {error}") from None
    return recipe_under(dataset, None, changes)


def plan_of(recipe: Recipe) -> Plan:
    """The plan of a recipe, without loading a model."""
    return make_plan(recipe_stages(recipe))
