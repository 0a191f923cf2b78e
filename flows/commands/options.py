"""Options that several commands share, so that they are spelled and explained once."""

from typing import Annotated

import typer

Root = Annotated[str, typer.Option("--root", help="Where the dataset is: a folder or any fsspec URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=VALUE", help="Override one key of the recipe; the value is YAML. May be repeated."),
]
RecipeName = Annotated[
    str | None, typer.Argument(metavar="[RECIPE.yaml]", help="A recipe file or the name of a preset. Default: cpu.")
]
Source = Annotated[
    str, typer.Option("--source", help="A folder (searched recursively), a media file, or a CSV, JSONL or Parquet manifest.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Take only the first N entries of the source.")]
