"""What strangers wrote is shown as text: on a terminal, in a spreadsheet, on a dataset card."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.console import stdout, table
from pipeline.release.markdown import markdown_table
from pipeline.verification.review_sheets import SheetRow, _escaped, _unescaped, read_sheet, write_sheet
from schemas.visible import visible
from tests.faults.ingesting import take_in

REPOSITORY = Path(__file__).resolve().parents[2]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m[bold]x[/bold]\r\u202egnp"


def test_the_console_steers_no_terminal_but_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    stdout().print(EVIL, markup=False)
    stdout().print(table(["name"], [[EVIL.replace("[", r"\[")]]))
    shown = capsys.readouterr().out
    assert not set(shown) & {"\x1b", "\x9b", "\x07", "\r", "\u202e"}
    assert r"\x1b[2J" in shown


def test_commands_on_a_terminal_show_escape_sequences_of_files_as_text(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "\x1b[31m\x1b]0;owned\x07.mp4").write_bytes(b"not media")
    taken = take_in(source, tmp_path / "root")
    sql = "select uri, message from history.failure"
    for command in (
        ["status"],
        ["query", sql],
        ["query", sql, "--format", "csv"],
        ["query", sql, "--format", "json"],
        ["query", EVIL],
    ):
        shown = _on_a_terminal(*command, "--root", taken.dataset.url)
        assert b"\x1b]0;" not in shown, command
        assert b"\x07" not in shown, command
        assert b"\x1b[31m\x1b" not in shown, command


@given(st.text(alphabet=st.sampled_from("=+-@;\t'\" a,\n\r"), max_size=12))
def test_a_cell_of_a_sheet_begins_no_formula_and_comes_back_as_it_was(text: str) -> None:
    escaped = _escaped(text)
    assert isinstance(escaped, str)
    assert _unescaped(escaped) == text
    first, *others = escaped.replace("\t", ";").split(";")
    assert not first.startswith(("=", "+", "-", "@"))
    assert not any(other.lstrip(' "\n\r').startswith(("=", "+", "-", "@")) for other in others)


def test_a_sheet_holds_no_formula(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, [SheetRow("r", "c", "=1+1;=cmd()", 0.0, 1.0, "@SUM(1)", "tar", "supported", "+1;-2")])
    assert "'=1+1;'=cmd()" in sheet.read_text(encoding="utf-8-sig")
    judgements, problems = read_sheet(sheet)
    assert (judgements[0].comment, problems) == ("+1;-2", [])


def test_nothing_in_a_table_of_a_card_is_markup() -> None:
    evil = "<script>alert(1)</script> ![x](http://tracker/x.png) [a](javascript:b) | `code` &lt; \x1b[2J\n# heading"
    line = markdown_table(["licence"], [[evil]]).splitlines()[-1]
    assert line.count("|") - line.count(r"\|") == 2
    live = re.sub(r"\\[\\`<>\[\]|&]", "", line)
    assert not set(live) & set("<>[]`&\x1b")


def test_visible_text_of_honest_people_stays_as_it_is() -> None:
    honest = "Übung — 日本語 🎵 שלום\tand\nmore"
    assert visible(honest) == honest


def _on_a_terminal(*command: str) -> bytes:
    reader, writer = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", *command], cwd=REPOSITORY, stdout=writer, stderr=writer, stdin=writer
    )
    os.close(writer)
    shown = io.BytesIO()
    try:
        while chunk := os.read(reader, 65536):
            shown.write(chunk)
    except OSError:  # how a terminal says that its program has ended
        pass
    process.wait(60)
    os.close(reader)
    return shown.getvalue()
