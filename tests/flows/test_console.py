"""Progress and tables: lines where there is no terminal, bars where there is one, nothing when asked to be quiet."""

import io

import pytest
from rich.console import Console

import flows.console
from flows.console import LineProgress, progress, table
from pipeline.progress import SilentProgress


def lines_of(console_file: io.StringIO) -> list[str]:
    return console_file.getvalue().splitlines()


def test_a_phase_is_one_line_when_it_ends() -> None:
    target = io.StringIO()
    shown = LineProgress(Console(file=target, width=100))
    shown.phase("ingest", 3)
    shown.advance("ingest")
    assert lines_of(target) == []
    shown.advance("ingest", 2, "shard 000002")
    (line,) = lines_of(target)
    assert line.startswith("ingest ")
    assert " 3/3 in " in line


def test_a_phase_with_nothing_to_do_says_so() -> None:
    target = io.StringIO()
    LineProgress(Console(file=target, width=100)).phase("verify", 0)
    assert lines_of(target) == ["verify           nothing to do"]


def test_a_long_phase_gives_a_sign_of_life() -> None:
    times_s = iter([1000.0, 1030.0, 1061.0, 1062.0])
    target = io.StringIO()
    shown = LineProgress(Console(file=target, width=100), clock=lambda: next(times_s))
    shown.phase("annotate", 10)
    for _ in range(3):
        shown.advance("annotate", note="[track] 000001")
    assert lines_of(target) == ["annotate         2/10 after 61 s [track] 000001"]


def test_without_a_terminal_progress_is_lines_and_quiet_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(is_quiet=False) as shown:
        assert isinstance(shown, LineProgress)
    with progress(is_quiet=True) as shown:
        assert isinstance(shown, SilentProgress)
    with progress(is_quiet=False) as shown:
        shown.phase("pack", 1)
        shown.advance("pack")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("pack ")


def test_on_a_terminal_progress_is_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.StringIO()
    monkeypatch.setattr(flows.console, "stderr", lambda: Console(file=target, force_terminal=True, width=100))
    with progress(is_quiet=False) as shown:
        shown.phase("ingest", 2)
        shown.phase("verify", 0)
        shown.advance("ingest", 2, "shard 000001")
    assert "2/2" in target.getvalue()
    assert "nothing to do" in target.getvalue()


def test_tables_have_no_colour_and_no_escape_codes_without_a_terminal() -> None:
    target = io.StringIO()
    Console(file=target, width=60).print(table(("name", "n"), [("[green]a[/]", 12), ("b", 3)], right=["n"]))
    assert [line.split() for line in lines_of(target)] == [["name", "n"], ["a", "12"], ["b", "3"]]
    assert "\x1b" not in target.getvalue()
