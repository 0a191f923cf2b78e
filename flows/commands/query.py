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
) -> None:
    """Ask the dataset with SQL (DuckDB): every table is a view, and nothing can be changed."""
    from flows.console import stderr
    from flows.results import check_format, write_result
    from schemas.layout import Dataset

    check_format(format, output)
    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from pipeline.catalog import Catalog

    with Catalog(dataset) as catalog:
        if catalog.damaged:
            stderr().print(f"note: left out {len(catalog.damaged)} damaged parts, such as {catalog.damaged[0]}", markup=False)
        result = catalog.query(sql)
    write_result(result, format, output)
