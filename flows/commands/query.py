"""`audiocot query`: SQL over the tables of a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import Root


def register(app: typer.Typer) -> None:
    app.command()(query)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT. `show tables` lists the tables.")],
    root: Root,
    format: Annotated[
        str, typer.Option("--format", help="table, csv, json (one array of objects, a row per line) or parquet.")
    ] = "table",
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file instead of stdout.")] = None,
    timeout_s: Annotated[float, typer.Option("--timeout-s", min=1, help="Stop the query after so many seconds.")] = 300.0,
) -> None:
    """Ask the dataset with SQL (DuckDB): every table is a view, and nothing can be changed."""
    from flows.console import stderr
    from flows.results import check_format, write_result
    from schemas.layout import Dataset

    check_format(format, output)
    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from pipeline.catalog import Catalog
    from pipeline.confined_sql import QueryLimits, process_limits

    limits = QueryLimits(timeout_s)
    with process_limits(limits), Catalog(dataset, limits=limits) as catalog:
        result = catalog.query(sql)
        left_out = catalog.left_out
    if left_out:
        stderr().print(f"note: left out {len(left_out)} damaged parts, such as {left_out[0]}", markup=False)
    write_result(result, format, output)
