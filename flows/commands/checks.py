"""`audiocot demo`, `selfcheck` and `doctor`: does it work here, and how well."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import AsJson

if TYPE_CHECKING:
    from flows.doctor import Diagnosis


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(selfcheck)
    app.command()(doctor)


def demo(
    folder: Annotated[str, typer.Option("--folder", help="Where to put the scenes and the dataset.")] = "build/demo",
    scenes: Annotated[int, typer.Option("--scenes", min=1, help="How many scenes to render.")] = 12,
) -> None:
    """Render scenes with known truth, build a dataset from them, check it, and show what to do next."""
    from flows.console import stdout
    from flows.demo import run_demo

    if not run_demo(folder, scenes, stdout()):
        raise typer.Exit(1)


def selfcheck(
    scenes: Annotated[int, typer.Option("--scenes", min=1, help="How many scenes to render.")] = 40,
    folder: Annotated[str, typer.Option("--folder", help="Where to put the scenes and the dataset.")] = "build/selfcheck",
    as_json: AsJson = False,
) -> None:
    """Measure the embedded models against rendered scenes whose truth is known. Exit code 1 if a threshold is missed."""
    from flows.console import stdout
    from flows.selfcheck import run_selfcheck

    if not run_selfcheck(folder, scenes, stdout(), as_json):
        raise typer.Exit(1)


def doctor(as_json: AsJson = False) -> None:
    """Show what this machine has, and what each backend still lacks and how to get it. Exit code 1 if nothing can be built."""
    from flows.doctor import diagnose

    diagnosis = diagnose()
    if as_json:
        typer.echo(json.dumps(asdict(diagnosis), indent=1))
    else:
        _show_diagnosis(diagnosis)
    if diagnosis.ffmpeg.problem:
        raise typer.Exit(1)


def _show_diagnosis(found: "Diagnosis") -> None:
    from rich.markup import escape

    from flows.console import stdout, table

    ffmpeg = found.ffmpeg
    gpus = ", ".join(f"{gpu.name} ({gpu.memory_gb:g} GB, driver {gpu.driver})" for gpu in found.gpus)
    facts = [
        ("python", f"{found.python} on {found.system}"),
        (
            "ffmpeg",
            f"{ffmpeg.version} ({ffmpeg.origin}, {escape(ffmpeg.path or '')})"
            if not ffmpeg.problem
            else f"[red]✗[/] {ffmpeg.problem}",
        ),
        ("decoders", f"confined by: {found.confinement}"),
        ("cores", f"{found.num_cores}"),
        ("memory", f"{found.memory_available_gb:g} of {found.memory_gb:g} GB available"),
        ("disk", f"{found.disk_free_gb:g} GB free at {escape(found.disk_at)}"),
        ("gpus", gpus or "none"),
        ("ray", escape(found.ray_address or "") or "no RAY_ADDRESS: starts on this machine"),
        ("keys", ", ".join(f"{name} {'set' if is_set else 'not set'}" for name, is_set in found.keys.items())),
        ("packages", ", ".join(f"{name} {version}" for name, version in found.packages.items() if version)),
        ("not installed", ", ".join(name for name, version in found.packages.items() if not version) or "-"),
    ]
    console = stdout()
    console.print(table(("what", "found"), facts))
    console.print()
    rows = [
        (
            backend.role,
            backend.name,
            "[green]✓ can run[/]" if backend.can_run else "[red]✗[/] " + escape("; ".join(backend.lacks)),
        )
        for backend in found.backends
    ]
    console.print(table(("role", "backend", "here"), rows))
