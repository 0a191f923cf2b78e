"""`audiocot decide`: decide again under another policy, without asking a model."""

import json
from typing import Annotated

import typer

from flows.commands.options import AsJson, RecipeName, Root

Policy = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="KEY=VALUE", help="Change one key of the policy; the value is YAML. May be repeated."),
]


def register(app: typer.Typer) -> None:
    app.command()(decide)


def decide(
    root: Root,
    recipe: RecipeName = None,
    policy: Policy = None,
    as_json: AsJson = False,
) -> None:
    """Decide on all chains again under another policy, from the verdicts that are there: no model is asked, no media read.

    Without a recipe it is that of the last finished build. A later `build` with the same policy finds the decisions done.
    """
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.policies import plan_of, recipe_under
    from pipeline.lease import hold
    from pipeline.verification.deciding import decide_again, outcomes

    chosen = recipe_under(dataset, recipe, policy or [])
    plan = plan_of(chosen)
    with hold(dataset, "decide"):
        num_run = decide_again(dataset, plan)
    found = outcomes(dataset, plan)
    if as_json:
        told = {"policy": str(chosen.policy), "cells_run": num_run, "outcomes": [line.to_json() for line in found]}
        typer.echo(json.dumps(told, indent=1))
        return
    from flows.console import stderr, stdout, table

    columns = ("task", "accepted", "repaired", "rejected", "kept claims")
    rows = [tuple(line.to_json().values()) for line in found]
    console = stdout()
    console.print(f"policy {chosen.policy}\n", markup=False)
    console.print(table(columns, rows, right=columns[1:]))
    stderr().print(
        f"{num_run} cells decided, the others were done; `build` with this policy makes a release of it", markup=False
    )
