"""`audiocot status`: what became of everything that went into a dataset."""

import json

import typer

from flows.commands.options import AsJson, Root

FAILURES = """
    select stage, code, count(*) as n, arg_min(coalesce(uri, clip_id, source_id, ''), message) as example,
           min(message) as message
    from failure group by stage, code order by n desc, stage, code
"""


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(root: Root, as_json: AsJson = False) -> None:
    """Show the closed sum by stage (in = done + filtered + failed), what served models cost, the failures, and the last run."""
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.accounts import accounts_table, usage_table
    from flows.console import stdout, table
    from pipeline.accounting import account
    from pipeline.catalog import Catalog
    from pipeline.runs import latest_run
    from pipeline.usage import usage_lines

    run = latest_run(dataset)
    with Catalog(dataset) as catalog:
        accounts = account(dataset, run.fingerprints, catalog.generation) if run else []
        failures = catalog.query(FAILURES).to_pylist()
        usage = usage_lines(catalog)
        damaged = catalog.left_out
    if as_json:
        record = (
            run.model_dump(mode="json", include={"run_id", "status", "started", "finished", "error", "usage", "release"})
            if run
            else None
        )
        told = {"run": record, "stages": [line.to_json() for line in accounts], "usage": [line.to_json() for line in usage]}
        typer.echo(json.dumps(told | {"failures": failures, "damaged": damaged}, indent=1))
        return
    console = stdout()
    if run is None:
        console.print(f"{root} has no run yet", markup=False)
        return
    console.print(accounts_table(accounts))
    if usage:
        console.print()
        console.print(usage_table(usage))
    if failures:
        console.print()
        columns = ("stage", "code", "n", "example", "message")
        rows = ([_plain(row[column]) for column in columns] for row in failures)
        console.print(table(columns, rows, title="failures", right=["n"]))
    if damaged:
        console.print(f"\n{len(damaged)} damaged parts are left out, such as {damaged[0]}", markup=False)
    ended = f"{run.status} {run.finished or ''}".strip() + (f": {run.error}" if run.error else "")
    console.print(f"\nlast run {run.run_id}: started {run.started}, {ended}", markup=False)
    if run.release:
        console.print(f"release {run.release}", markup=False)


def _plain(value: object) -> str:
    from rich.markup import escape

    return escape(f"{value}")
