"""Sheets for people: what a spreadsheet must not take for a formula, and what is said of rows that are wrong."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.verification.review_sheets import COLUMNS, SheetError, SheetRow, read_sheet, write_sheet

HOSTILE = ["=cmd|' /C calc'!A0", "+1", "-1", "@sum", "\ttab", "'=quoted", "'plain'", 'a "quoted", text\nin two lines']


def rows_of(*claims: str) -> list[SheetRow]:
    return [
        SheetRow(f"id{number}", "clip", claim, 0.5, None, "the clip", "tar -xf x", "refuted", comment=claim)
        for number, claim in enumerate(claims)
    ]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_what_is_written_is_read_back_whatever_the_text(tmp_path: Path, ending: str) -> None:
    sheet = tmp_path / f"sheet.{ending}"
    write_sheet(sheet, rows_of(*HOSTILE))
    judgements, problems = read_sheet(sheet)
    assert problems == []
    assert [judged.comment for judged in judgements] == [text.strip() for text in HOSTILE]


def test_no_cell_of_a_csv_starts_like_a_formula(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, rows_of(*HOSTILE))
    with sheet.open(encoding="utf-8-sig", newline="") as source:
        header, *rows = csv.reader(source)
    assert tuple(header) == COLUMNS
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_rows_without_a_verdict_were_not_judged_and_words_may_be_written_as_people_do(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("comment;verdict;review_id\nwell; Supported ;a\nlater;;b\n;REFUTED;c\n;;\n")
    judgements, problems = read_sheet(sheet)
    assert problems == []
    assert [(judged.review_id, judged.verdict, judged.comment, judged.line) for judged in judgements] == [
        ("a", "supported", "well", 2),
        ("c", "refuted", None, 4),
    ]


def test_every_wrong_row_of_a_csv_is_one_line_that_names_line_and_column(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("review_id,verdict,comment\na,yes,\n,refuted,\nb,refuted,x,y\nc,refuted,\nc,supported,\n")
    judgements, problems = read_sheet(sheet)
    assert [judged.review_id for judged in judgements] == ["c"]
    assert problems == [
        "sheet.csv, line 2, column verdict: must be supported, refuted, unverifiable or empty, got 'yes'",
        "sheet.csv, line 3, column review_id: is empty; it says which claim was judged",
        "sheet.csv, line 4, column 4: the header has 3 columns, the row 4",
        "sheet.csv, line 6, column review_id: c was judged in line 5 already",
    ]


def test_every_wrong_line_of_jsonl_likewise(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jsonl"
    lines = ["{", "[1]", json.dumps({"review_id": "a", "verdict": 1}), json.dumps({"review_id": "b", "verdict": "refuted"})]
    sheet.write_text("\n".join(lines) + "\n")
    judgements, problems = read_sheet(sheet)
    assert [judged.review_id for judged in judgements] == ["b"]
    assert [problem.partition(":")[0] for problem in problems] == [
        "sheet.jsonl, line 1, column 2",
        "sheet.jsonl, line 2, column 1",
        "sheet.jsonl, line 3, column verdict",
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("sheet.csv", b"review_id,comment\n", "verdict is missing"),
        ("sheet.csv", b"", "review_id, verdict, comment is missing"),
        ("sheet.csv", b"review_id,verdict,comment\n\xff\xfe,,\n", "UTF-8"),
        ("sheet.xlsx", b"PK", "ends in .csv or .jsonl"),
        ("absent.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_sheet_is_told_in_one_line(tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SheetError, match=told):
        read_sheet(tmp_path / name)
