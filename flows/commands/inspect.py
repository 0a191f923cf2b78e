"""`audiocot inspect`: everything that is known of one clip, as text and as a picture."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import AsJson, Root


def register(app: typer.Typer) -> None:
    app.command()(inspect)


def inspect(
    clip_id: Annotated[str, typer.Argument(metavar="CLIP_ID", help="The id of a clip, or the beginning of one.")],
    root: Root,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE.png", help="Draw the clip into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a clip: source, measurements, events, tracks, captions, chain of thought with verdicts, decision, failures."""
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from flows.inspect.facts import clip_media, collect_facts
    from pipeline.catalog import Catalog

    with Catalog(dataset) as catalog:
        facts = collect_facts(catalog, clip_id)
    if as_json:
        typer.echo(json.dumps(facts.to_json(), indent=1))
    else:
        from flows.console import stdout
        from flows.inspect.text import facts_text

        stdout().print(facts_text(facts))
    if output is not None:
        from flows.console import stderr
        from flows.inspect.picture import draw_clip

        draw_clip(facts, clip_media(dataset, facts.clip), output)
        stderr().print(f"picture written to {output}", markup=False)
