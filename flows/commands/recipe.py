"""`audiocot recipe`: look at recipes, and check them before they cost anything."""

import json

import typer

from flows.commands.options import Overrides, RecipeName

app = typer.Typer(no_args_is_help=True, help="Look at recipes: template, validate, render, schema.")


@app.command()
def template(recipe: RecipeName = None) -> None:
    """Print a recipe with every key, its value and what it means, to start from."""
    from flows.recipe import load_recipe
    from flows.recipe_keys import recipe_template

    typer.echo(recipe_template(load_recipe(recipe)), nl=False)


@app.command()
def validate(recipe: RecipeName = None, overrides: Overrides = None) -> None:
    """Check a recipe: exit code 0 if a build would take it, 2 and one line if not."""
    from flows.recipe import load_recipe

    typer.echo(f"{load_recipe(recipe, overrides or []).name}: valid")


@app.command()
def render(recipe: RecipeName = None, overrides: Overrides = None) -> None:
    """Print the recipe that a build would run, with every default filled in."""
    from flows.recipe import load_recipe
    from flows.recipe_keys import rendered_recipe

    typer.echo(rendered_recipe(load_recipe(recipe, overrides or [])), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a recipe file, for editors and programs."""
    from flows.recipe_keys import recipe_schema

    typer.echo(json.dumps(recipe_schema(), indent=1))
