"""`audiocot build`: make a dataset."""

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import AsJson, Limit, Overrides, RecipeName, Root, Source
from flows.server import prefect_server

if TYPE_CHECKING:
    from pipeline.build import BuildReport

EXIT_WITH_FAILURES = 4  # see `flows.cli`


def register(app: typer.Typer) -> None:
    app.command()(build)


def build(
    source: Source,
    root: Root,
    recipe: RecipeName = None,
    overrides: Overrides = None,
    executor: Annotated[str, typer.Option("--executor", help="ray (workers) or local (one, on this machine).")] = "ray",
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="How many workers; default: as many as fit.")] = None,
    limit: Limit = None,
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", min=0, help="Stop before served models have cost this command more.")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=1, help="How long a shard may take; after that, how long each clip of it may.")
    ] = 3600.0,
    worker_memory_gb: Annotated[
        float | None, typer.Option("--worker-memory-gb", min=0.1, help="Memory of a worker; default: its share of the machine.")
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option("--ray-address", envvar="RAY_ADDRESS", help="Work on this cluster; default: start Ray here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a dataset and publish a release. What is done already is not done again, so the same command goes on."""
    if ray_address:
        os.environ["RAY_ADDRESS"] = ray_address
    with prefect_server() as server:  # it takes seconds to come up, and so does what is imported meanwhile
        from flows.console import progress
        from flows.recipe import load_recipe

        resolved = load_recipe(recipe, overrides or [])  # before Prefect and Ray are loaded: a wrong recipe is told at once
        _check_places(source, root)
        from flows.build import build_dataset

        with progress(is_quiet=as_json) as shown:
            report = build_dataset(
                resolved,
                source=source,
                root=root,
                executor=executor,
                workers=workers,
                limit=limit,
                budget_usd=budget_usd,
                timeout_s=timeout_s,
                worker_memory_gb=worker_memory_gb,
                progress=shown,
                server=server,
            )
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1))
    else:
        _show_report(report)
    if report.failures:
        raise typer.Exit(EXIT_WITH_FAILURES)


def _check_places(source: str, root: str) -> None:
    """A missing source, or a root that is not ours or that somebody else holds, is told before anything is started."""
    from pipeline.lease import check_free
    from pipeline.sources import list_sources
    from schemas.layout import Dataset

    next(iter(list_sources(source)))
    if dataset := Dataset.find(root):
        check_free(dataset)


def _show_report(report: "BuildReport") -> None:
    from flows.accounts import accounts_table
    from flows.console import stdout

    console = stdout()
    console.print(accounts_table(report.accounts))
    if report.failures:
        told = ", ".join(f"{count} {code}" for code, count in report.failures.items())
        console.print(f"not usable: {told} (audiocot status --root {report.root} shows examples)", markup=False)
    seconds = sum(report.seconds_by_phase.values())
    console.print(
        f"release {report.release}: {report.num_released} of {report.num_clips} clips; "
        f"{report.cells_run} cells run, {report.cells_skipped} were done already; {seconds:.1f} s",
        markup=False,
    )
    console.print(f"at {report.root}/releases/{report.release}", markup=False)
