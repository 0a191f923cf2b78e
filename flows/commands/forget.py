"""`audiocot forget`: remove a source everywhere, for a take-down request."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from flows.commands.options import AsJson, Root


def register(app: typer.Typer) -> None:
    app.command()(forget)


def forget(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id (8 digits or more), its uri, or its file name.")],
    root: Root,
    delete: Annotated[bool, typer.Option("--delete", help="Do it. Without this, only say where the source is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a source from media, tables, replies and future releases, and keep it out of later builds.

    Published releases cannot be changed: those that hold the source are named. The next build makes the shards that held it
    again from the clips that are left.
    """
    from schemas.layout import Dataset

    dataset = Dataset.open(root)  # before the rest is loaded: a wrong root is told at once
    from pipeline.lease import hold
    from pipeline.upkeep import forgetting

    num_replies = None
    if delete:
        with hold(dataset, "forget"):
            traces = forgetting.find_source(dataset, source)
            num_replies = forgetting.forget(dataset, traces)
    else:
        traces = forgetting.find_source(dataset, source)
    if as_json:
        typer.echo(json.dumps({"deleted": delete, "num_replies": num_replies} | asdict(traces), indent=1))
        return
    _show(traces, num_replies)


def _show(traces: Any, num_replies: int | None) -> None:
    from flows.console import stdout

    def say(line: str) -> None:
        stdout().print(line, markup=False, highlight=False)

    say(f"source {traces.source_id}")
    for name in traces.names:
        say(f"  listed as {name}")
    say(f"  {len(traces.clip_ids)} clips, in shards {', '.join(map(str, traces.shards))}")
    if num_replies is None:
        say("nothing was removed: add --delete")
    else:
        say(f"removed; {num_replies} paid replies went too. `audiocot build` makes the rest of these shards again")
    for release in traces.releases:
        say(f"releases/{release} has it and stays as it is: withdraw it where it was given out, and delete that folder")
