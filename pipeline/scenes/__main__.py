"""`python -m pipeline.scenes`: render scenes into a folder."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from pipeline.scenes.render import render_scenes


def main(
    output: Annotated[Path, typer.Option(help="folder for videos/ and truth/")],
    seed: Annotated[int, typer.Option(help="seed of the first scene")] = 0,
    num: Annotated[int, typer.Option(min=1, help="number of scenes, with consecutive seeds")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 1,
) -> None:
    """Render scenes with truth."""
    with Progress() as bars:
        task = bars.add_task("rendering scenes", total=num)
        render_scenes(output, range(seed, seed + num), progress=lambda done: bars.update(task, completed=done), workers=workers)


if __name__ == "__main__":
    typer.run(main)
