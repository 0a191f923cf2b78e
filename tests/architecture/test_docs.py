"""The documents tell the truth: every command in them exists, every command of the program is in them."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"```(?:bash|sh|console)?\n(.*?)```", re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Every shell line of a page that calls audiocot or make, split into words."""
    lines: list[list[str]] = []
    for block in CODE.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            words = line.removeprefix("$ ").strip()
            if re.match(r"(\.venv/bin/)?audiocot |make ", words):
                lines.append(shlex.split(words, comments=True))
    return lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_page_exists_with_its_options(page: Path) -> None:
    from flows.cli import app

    program = get_command(app)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(page):
        if words[0] == "make":
            assert set(words[1:]) <= targets, words
            continue
        command, rest = program, words[1:]
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            assert rest[0] in command.commands, f"{page.name}: {' '.join(words)}"
            command, rest = command.commands[rest[0]], rest[1:]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("--")} - known
        assert not unknown, f"{page.name}: {' '.join(words)}"


def test_every_command_of_the_program_is_in_the_readme_and_has_help() -> None:
    from flows.cli import app

    text = (ROOT / "README.md").read_text()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert f"audiocot {name}" in text, name
        assert command.get_short_help_str() or getattr(command, "commands", None), name


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_the_scheduled_deployment_names_a_flow_that_exists() -> None:
    from flows import build_flow

    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    module, name = deployment["entrypoint"].split(":")
    assert module == build_flow.__name__, "by module, so that it is found wherever the worker runs"
    flow = getattr(build_flow, name)
    assert set(deployment["parameters"]) <= set(flow.parameters.properties)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_the_locks_pin_everything_with_hashes_and_name_no_address() -> None:
    for lock in sorted((ROOT / "locks").glob("*.txt")):
        text = lock.read_text()
        assert "http://" not in text
        assert "https://" not in text
        assert "--index-url" not in text
        for block in re.split(r"\n(?=\S)", text.strip()):
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+", block), block.splitlines()[0]
            assert "--hash=sha256:" in block, block.splitlines()[0]
