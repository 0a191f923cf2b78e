"""Sheets of claims for people to judge, as CSV for a spreadsheet or as JSON Lines for a program.

A spreadsheet takes a cell that begins with = + - @ (or a tab or a carriage return) for a formula, and what is in a claim was
written by a model: such cells get an apostrophe before them on the way out and lose it on the way in, so that they stay text
(OWASP, "CSV Injection"). A cell that begins with an apostrophe gets another one, so that nothing is lost. The same holds behind
a semicolon or tab within a cell, where spreadsheets of some languages begin a new one.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from schemas.errors import AudiocotError
from schemas.vocabulary import VerdictWord

_WORDS: tuple[VerdictWord, ...] = get_args(VerdictWord)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BEHIND_A_SEPARATOR = re.compile(r"""([;\t][\s"]*)('*[=+\-@])""")
_ESCAPED_BEHIND = re.compile(r"""([;\t][\s"]*)'('*[=+\-@])""")
_DELIMITERS = ",;\t"  # spreadsheets save what their language likes


class SheetError(AudiocotError):
    """A sheet that cannot be read or written as a whole."""


@dataclass(frozen=True)
class SheetRow:
    """A claim to judge. `verdict` and `comment` are for the person; nothing says what witnesses think or whether it is a decoy.

    `sound`: what it is about. `extract`: a command that gets picture and sound. Times are seconds from the clip's start.
    """

    review_id: str
    clip_id: str
    claim: str
    start_s: float | None
    end_s: float | None
    sound: str
    extract: str
    verdict: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Judgement:
    """A row that a person filled in. `line` is where it stands in its file, from 1."""

    line: int
    review_id: str
    verdict: VerdictWord
    comment: str | None


COLUMNS = tuple(field.name for field in fields(SheetRow))
NEEDED = ("review_id", "verdict", "comment")


def write_sheet(path: Path, rows: Iterable[SheetRow]) -> None:
    """Write a .csv or .jsonl file. SheetError for another ending, or a file that cannot be written."""
    is_csv = _is_csv(path)
    try:
        # the mark at the start tells spreadsheets that it is UTF-8
        with path.open("w", encoding="utf-8-sig" if is_csv else "utf-8", newline="") as sink:
            if is_csv:
                writer = csv.writer(sink, lineterminator="\n")
                writer.writerow(COLUMNS)
                writer.writerows([_escaped(value) for value in asdict(row).values()] for row in rows)
            else:
                sink.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise SheetError(f"{path} cannot be written: {error.strerror or error}") from None


def read_sheet(path: Path) -> tuple[list[Judgement], list[str]]:
    """The rows with a verdict, and one line for every row that is wrong, naming line and column.

    Rows without a verdict were not judged and are neither. SheetError if the file as a whole is no sheet.
    """
    judgements: list[Judgement] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    try:
        for line, cells in _csv_rows(path) if _is_csv(path) else _json_rows(path):
            judged = cells if isinstance(cells, str) else _judgement(line, cells)
            if isinstance(judged, Judgement) and judged.review_id in seen:
                judged = f"column review_id: {judged.review_id} was judged in line {seen[judged.review_id]} already"
            if isinstance(judged, str):
                problems.append(f"{path.name}, line {line}, {judged}")
            elif judged:
                seen[judged.review_id] = line
                judgements.append(judged)
    except OSError as error:
        raise SheetError(f"{path} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SheetError(f"{path} is not a sheet in UTF-8: {error}") from None
    return judgements, problems


def _is_csv(path: Path) -> bool:
    if path.suffix not in (".csv", ".jsonl"):
        raise SheetError(f"a sheet ends in .csv or .jsonl, got {path}")
    return path.suffix == ".csv"


def _escaped(value: str | float | None) -> str | float | None:
    if not isinstance(value, str):
        return value
    behind = _BEHIND_A_SEPARATOR.sub(r"\1'\2", value)
    return f"'{behind}" if value.startswith((*_STARTS_A_FORMULA, "'")) else behind


def _unescaped(text: str) -> str:
    text = text[1:] if text.startswith("'") and text[1:].startswith((*_STARTS_A_FORMULA, "'")) else text
    return _ESCAPED_BEHIND.sub(r"\1\2", text)


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """(line, cells by column, or what is wrong with them)."""
    with path.open(encoding="utf-8-sig", newline="") as source:
        header = source.readline()
        source.seek(0)
        delimiter = max(_DELIMITERS, key=header.count)
        rows = csv.reader(source, delimiter=delimiter, strict=True)
        names = next(rows, [])
        if missing := [name for name in NEEDED if name not in names]:
            raise SheetError(f"{path} must have the columns {', '.join(NEEDED)}; {', '.join(missing)} is missing")
        for cells in rows:
            if len(cells) > len(names):
                yield rows.line_num, f"column {len(names) + 1}: the header has {len(names)} columns, the row {len(cells)}"
            elif any(cells):
                by_name = dict(zip(names, map(_unescaped, cells), strict=False))
                yield rows.line_num, by_name


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with path.open(encoding="utf-8") as source:
        for line, text in enumerate(source, start=1):
            if not text.strip():
                continue
            try:
                row = json.loads(text.rstrip("\n"))
            except json.JSONDecodeError as error:
                yield line, f"column {error.colno}: not valid JSON: {error.msg}"
                continue
            yield line, row if isinstance(row, dict) else "column 1: must be an object with the keys of the sheet"


def _judgement(line: int, cells: Mapping[str, Any]) -> Judgement | str | None:
    """What a person said, None where nothing was said, or what is wrong."""
    for name in NEEDED:
        if not isinstance(cells.get(name) or "", str):
            return f"column {name}: must be text, got {cells[name]!r}"
    verdict = (cells.get("verdict") or "").strip().lower()
    review_id = (cells.get("review_id") or "").strip()
    if not verdict:
        return None
    if not review_id:
        return "column review_id: is empty; it says which claim was judged"
    for word in _WORDS:
        if word == verdict:
            return Judgement(line, review_id, word, (cells.get("comment") or "").strip() or None)
    return f"column verdict: must be {', '.join(_WORDS)} or empty, got {verdict[:40]!r}"
