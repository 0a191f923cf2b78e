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
    served = ("prompt tokens", "reply tokens", "audio s", "USD") if report.total else ()
    rows = [
        (
            row.stage,
            row.model,
            row.cells_total,
            row.cells_done,
            row.cells_to_run,
            *_counts(row),
            *(_cost(row) if served else ()),
        )
        for row in report.rows
    ]
    console = stdout()
    console.print(f"{report.num_entries} entries in the source, {report.num_new_sources} new")
    console.print(table(columns + served, rows, right=(columns + served)[2:]))
    if report.total:
        console.print(_told_total(report), markup=False)
    if any(row.is_estimate for row in report.rows):
        console.print("~ is guessed from the number of sources: ingest will tell")


def _counts(row: "PlanRow") -> tuple[str, str]:
    mark = "~" if row.is_estimate else ""
    return f"{mark}{row.clips}", f"{'~' if row.served and row.clips else mark}{row.model_calls}"


def _cost(row: "PlanRow") -> tuple[str, ...]:
    if row.served is None or not row.clips:
        return ("",) * 4
    cost = row.served
    usd = "no price" if cost.usd is None else f"~{cost.usd:.4f}"
    return f"~{cost.prompt_tokens:.0f}", f"~{cost.completion_tokens:.0f}", f"~{cost.audio_s:.0f}", usd


def _told_total(report: "PlanReport") -> str:
    """What all served models together are expected to cost, and how that is known."""
    cost = report.total
    assert cost is not None
    usd = "" if cost.usd is None else f", {cost.usd:.4f} USD"
    unknown = f"; no price for {', '.join(report.without_price)} (see the parameter prices)" if report.without_price else ""
    asked = [row for row in report.rows if row.served and row.clips]
    known = [row.stage for row in asked if row.is_from_ledger]
    origin = f"; by what clips took so far: {', '.join(known)}" if known else ""
    tokens = f"{cost.prompt_tokens:.0f} prompt and {cost.completion_tokens:.0f} reply tokens"
    return f"served models: about {cost.num_calls:.0f} calls, {tokens}, {cost.audio_s:.0f} s of audio{usd}{unknown}{origin}"
