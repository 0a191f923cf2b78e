"""`audiocot verify`: find damaged files, and have them made again."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import AsJson, Root

if TYPE_CHECKING:
    from pipeline.integrity.finding import Inspection
    from pipeline.integrity.mending import Mended
    from schemas.layout import Dataset

EXIT_DAMAGED = 1


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    root: Root,
    repair: Annotated[
        bool, typer.Option("--repair", help="Take back what is damaged, so that the next build makes exactly that again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read every file of a dataset and hold it against its checksum: one line for each that is damaged, and exit code 1.

    What a killed process left half-written is told too, and is no damage. With --repair nothing is made yet: build again.
    """
    from pipeline.integrity.mending import restore_identity
    from schemas.layout import Dataset

    if repair:
        restore_identity(root)
    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    if not repair:
        found, mended = _inspect(dataset, as_json), None
    else:
        from pipeline.integrity.mending import mend
        from pipeline.lease import hold

        with hold(dataset, "verify --repair"):
            found = _inspect(dataset, as_json)
            mended = mend(dataset, found)
    if as_json:
        typer.echo(json.dumps(_told(found, mended), indent=1))
    else:
        _show(root, found, mended)
    if found.damage and (mended is None or mended.left):
        raise typer.Exit(EXIT_DAMAGED)


def _inspect(dataset: "Dataset", is_quiet: bool) -> "Inspection":
    from flows.console import progress
    from pipeline.integrity.finding import inspect_files

    with progress(is_quiet) as shown:
        return inspect_files(dataset, lambda total: shown.phase("verify", total), lambda by: shown.advance("verify", by))


def _told(found: "Inspection", mended: "Mended | None") -> dict[str, object]:
    problems = [{"path": one.path, "kind": one.kind, "told": one.told, "is_damage": one.is_damage} for one in found.problems]
    told: dict[str, object] = {"num_files": len(found.files), "num_bytes": sum(found.files.values()), "problems": problems}
    if mended is not None:
        told["repair"] = {
            "cells": [f"{cell.folder}/{cell.shard:06d}" for cell in mended.cells],
            "release": mended.release,
            "restored": mended.restored,
            "removed": mended.removed,
            "left": [one.path for one in mended.left],
        }
    return told


def _show(root: str, found: "Inspection", mended: "Mended | None") -> None:
    from flows.console import stderr, stdout

    console = stdout()
    for problem in found.problems:
        console.print(str(problem), markup=False, soft_wrap=True)
    num_left = len(found.problems) - len(found.damage)
    notes = stderr()
    notes.print(
        f"{len(found.files)} files, {sum(found.files.values()) / 1e6:.1f} MB: {len(found.damage)} damaged"
        + (f", {num_left} left by a killed process" if num_left else ""),
        markup=False,
    )
    if mended is None:
        if found.problems:
            notes.print(f"`audiocot verify --repair --root {root}` has them made again", markup=False, soft_wrap=True)
        return
    again = f"{len(mended.cells)} cells" + (f" and the release {mended.release}" if mended.release else "")
    notes.print(
        f"the next build makes {again} again; {len(mended.restored)} files put back from their copies, "
        f"{len(mended.removed)} removed",
        markup=False,
    )
    for problem in mended.left:
        notes.print(f"not mended: {problem}; put it back from a copy of the dataset", markup=False, soft_wrap=True)
