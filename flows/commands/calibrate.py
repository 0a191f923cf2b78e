"""`audiocot calibrate`: count how reliable the witnesses of a dataset are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import Root

if TYPE_CHECKING:
    from pipeline.verification.calibration import Calibration


def register(app: typer.Typer) -> None:
    app.command()(calibrate)


def calibrate(
    root: Root,
    output: Annotated[Path, typer.Option("--output", metavar="FILE.yaml", help="Where to write the table.")],
    scenes: Annotated[
        Path | None,
        typer.Option(
            "--scenes",
            metavar="FOLDER",
            help="The rendered scenes (videos and truth) that the dataset was built from: the witnesses are asked true and "
            "false claims made from the truth. Without it their verdicts on decoys and own claims are counted.",
        ),
    ] = None,
) -> None:
    """Count what each witness says of true and of false claims, by claim type, for `policy.calibration`."""
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.calibrate import calibrate_on_decoys, calibrate_on_scenes
    from flows.console import progress

    if scenes is None:
        table = calibrate_on_decoys(dataset, output.stem)
    else:
        with progress(is_quiet=False) as shown:
            table = calibrate_on_scenes(dataset, scenes, output.stem, shown)
    from schemas.errors import QueryError

    try:
        output.write_text(table.to_yaml(), encoding="utf-8")
    except OSError as error:
        raise QueryError(f"{output} cannot be written: {error.strerror or error}") from None
    _show(table, output)


def _show(calibration: "Calibration", output: Path) -> None:
    from flows.calibrate import calibration_rows
    from flows.console import stderr, stdout, table

    columns = ("witness", "claim type", "true claims", "false claims", "support multiplies odds by", "refutation divides by")
    stdout().print(table(columns, calibration_rows(calibration), right=columns[2:]))
    stderr().print(f"written to {output}; use it with --set policy.calibration={output}", markup=False)
