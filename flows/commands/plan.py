"""`audiocot plan`: what making a dataset would take."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import AsJson, Limit, Overrides, RecipeName, Root, Source

if TYPE_CHECKING:
    from flows.plan import PlanReport, PlanRow


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    source: Source,
    root: Root,
    recipe: RecipeName = None,
    overrides: Overrides = None,
    executor: Annotated[str, typer.Option("--executor", help="As for build; does not change the plan.")] = "ray",
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="As for build; does not change the plan.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Say what `build` with the same arguments would run. Runs and writes nothing."""
    from flows.recipe import load_recipe

    resolved = load_recipe(recipe, overrides or [])
    from flows.plan import plan_build

    report = plan_build(resolved, source=source, root=root, limit=limit)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=1))
    else:
        _show_plan(report)


def _show_plan(report: "PlanReport") -> None:
    from flows.console import stdout, table

    columns = ("stage", "model", "cells", "done", "to run", "clips", "model calls")
    rows = [(row.stage, row.model, row.cells_total, row.cells_done, row.cells_to_run, *_counts(row)) for row in report.rows]
    console = stdout()
    console.print(f"{report.num_entries} entries in the source, {report.num_new_sources} new")
    console.print(table(columns, rows, right=columns[2:]))
    if any(row.is_estimate for row in report.rows):
        console.print("~ is guessed from the number of sources: ingest will tell")


def _counts(row: "PlanRow") -> tuple[str, str]:
    mark = "~" if row.is_estimate else ""
    return f"{mark}{row.clips}", f"{mark}{row.model_calls}"
