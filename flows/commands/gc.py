"""`audiocot gc`: remove what no recipe and no release refers to."""

import json
from typing import Annotated, Any

import typer

from flows.commands.options import AsJson, Root


def register(app: typer.Typer) -> None:
    app.command()(gc)


def gc(
    root: Root,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="RECIPE.yaml", help="Keep also what this recipe or preset would use. May be repeated."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove it. Without this, only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find what earlier prompts, parameters and killed builds left behind, and with --delete remove it.

    Kept are what was listed and reviewed, paid replies, every published release, and the parts that a release or the last
    finished run of each recipe (and every later run) refers to.
    """
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.policies import plan_of
    from flows.recipe import load_recipe
    from pipeline.lease import hold
    from pipeline.upkeep.garbage import Heap, find_garbage, remove

    kept = [plan_of(load_recipe(name)).fingerprints for name in keep or []]
    heaps: list[Heap]
    if delete:
        with hold(dataset, "gc"):
            heaps = find_garbage(dataset, kept)
            for heap in heaps:
                remove(dataset, heap)
    else:
        heaps = find_garbage(dataset, kept)
    if as_json:
        told = [{"name": heap.name, "why": heap.why, "files": list(heap.files), "bytes": heap.num_bytes} for heap in heaps]
        typer.echo(json.dumps({"deleted": delete, "heaps": told}, indent=1))
        return
    _show(heaps, delete)


def _show(heaps: Any, is_deleted: bool) -> None:
    from flows.console import stdout, table

    console = stdout()
    if not heaps:
        console.print("nothing to remove: a recipe or a release refers to everything here", markup=False)
        return
    columns = ("what", "files", "MB", "why")
    rows = [(heap.name, len(heap.files), f"{heap.num_bytes / 1e6:.1f}", heap.why) for heap in heaps]
    console.print(table(columns, rows, right=("files", "MB")))
    num_files, megabytes = sum(len(heap.files) for heap in heaps), sum(heap.num_bytes for heap in heaps) / 1e6
    done = "removed" if is_deleted else "would be removed; nothing was: add --delete"
    console.print(f"\n{num_files} files, {megabytes:.1f} MB {done}", markup=False)
