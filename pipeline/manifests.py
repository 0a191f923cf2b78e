"""Manifests: tables of media, from CSV, TSV, JSONL or Parquet, and VGGSound's own lists.

Reads rows and says which cells mean what; finding the files is `sources`'. A bad row is a value (`BadRow`) and the other rows
go on; a manifest that cannot be read at all, or names no media, is a SourceError.

Columns (any case): the file is the first of `uri path file audio video`; optional `start|start_s end|end_s` in seconds,
`label|caption split license`. VGGSound's lists have no header: `ytid,start,label,split`, or `<ytid>_<start>.mp4,label`.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.locations import open_source
from schemas.errors import SourceError

EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".parquet"})
_FILE_COLUMNS = ("uri", "path", "file", "audio", "video")
_YOUTUBE_ID = re.compile(r"[\w-]{11}")
_CUT_NAME = re.compile(r"([\w-]{11})_(\d{6})\.mp4")
_SPLITS = {"train", "val", "test"}


@dataclass(frozen=True)
class ManifestRow:
    """One row: the file, or for VGGSound (`ytid` and `ytid_start_s`) the names that it may have beside the manifest."""

    number: int
    uri: str | None = None
    vggsound: tuple[str, int] | None = None  # YouTube id and second where the 10 s were cut
    start_s: float | None = None
    end_s: float | None = None
    label: str | None = None
    split: str | None = None
    license: str | None = None


@dataclass(frozen=True)
class BadRow:
    """A row that names no media or no span; `code` is one of FAILURE_CODES."""

    number: int
    code: str
    message: str


def read_manifest(url: str) -> list[ManifestRow | BadRow]:
    """All rows of a manifest, in order. SourceError if it cannot be read, is empty or has no column that names media."""
    kind = PurePosixPath(url).suffix.lower()
    try:
        with open_source(url) as file:
            data = file.read()
        if kind == ".parquet":
            return _records(url, pq.read_table(io.BytesIO(data)).to_pylist())
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise SourceError(f"the manifest {url} cannot be read: {error}") from None
    if kind == ".jsonl":
        return _records(url, [_json(line) for line in text.split("\n") if line.strip()])
    try:
        cells = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter="\t" if kind == ".tsv" else ",") if row]
    except csv.Error as error:
        raise SourceError(f"the manifest {url} cannot be read: {error}") from None
    if cells and _vggsound(cells[0]):
        return list(_vggsound_rows(cells))
    header, body = (cells[0], cells[1:]) if cells else ([], [])
    return _records(url, [dict(zip(header, row, strict=False)) for row in body])


def vggsound_names(ytid: str, start_s: int) -> Sequence[str]:
    """The file names in use for a clip of VGGSound: `<ytid>_000015.mp4`, `<ytid>_15000_25000.mp4`."""
    return (f"{ytid}_{start_s:06d}.mp4", f"{ytid}_{start_s * 1000}_{(start_s + 10) * 1000}.mp4")


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # no JSON, numbers of thousands of digits, thousands of brackets
        return None


def _records(url: str, records: Sequence[Any]) -> list[ManifestRow | BadRow]:
    tables = [{str(key).strip().lower(): value for key, value in r.items()} if isinstance(r, dict) else None for r in records]
    columns = sorted({key for table in tables if table for key in table})
    if not records:
        raise SourceError(f"the manifest {url} has no rows")
    if not set(columns) & set(_FILE_COLUMNS):
        raise SourceError(
            f"the manifest {url} has no column of {', '.join(_FILE_COLUMNS)} (it has: {', '.join(columns) or 'none'})"
        )
    return [_row(number, table) for number, table in enumerate(tables, start=1)]


def _row(number: int, cells: dict[str, Any] | None) -> ManifestRow | BadRow:
    if cells is None:
        return BadRow(number, "unreadable", f"row {number} of the manifest is not a JSON object")
    uri = _first(cells, _FILE_COLUMNS)
    if uri is None:
        return BadRow(number, "unreadable", f"row {number} of the manifest names no file")
    try:
        start_s, end_s = (_seconds(_first(cells, names)) for names in (("start", "start_s"), ("end", "end_s")))
    except ValueError as error:
        return BadRow(number, "bad_span", f"row {number} of the manifest: {error}")
    label, split, licence = (_first(cells, names) for names in (("label", "caption"), ("split",), ("license",)))
    return ManifestRow(number, uri, None, start_s, end_s, label, split, licence)


def _first(cells: dict[str, Any], names: Sequence[str]) -> str | None:
    """The first filled cell of these columns, as text. Lists (captions of Hugging Face data sets) give their first."""
    for name in names:
        value = cells.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if value is not None and str(value).strip():
            return _text(value)
    return None


def _text(value: Any) -> str:
    """As text that can be stored: half of a pair of UTF-16, which JSON can spell, becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


def _seconds(cell: str | None) -> float | None:
    if cell is None:
        return None
    try:
        seconds = float(cell)
    except ValueError:
        raise ValueError(f"a start or end is a number of seconds, got {cell!r}") from None
    if not math.isfinite(seconds):
        raise ValueError(f"a start or end is a finite number of seconds, got {cell!r}")
    return seconds


def _vggsound(cells: Sequence[str]) -> ManifestRow | None:
    """A row of VGGSound's lists, or None if it is not one."""
    if len(cells) == 4 and _YOUTUBE_ID.fullmatch(cells[0]) and cells[1].isdecimal() and cells[3] in _SPLITS:
        return ManifestRow(0, vggsound=(cells[0], int(cells[1])), label=cells[2], split=cells[3])
    if len(cells) == 2 and (match := _CUT_NAME.fullmatch(cells[0])):
        return ManifestRow(0, vggsound=(match[1], int(match[2])), label=cells[1])
    return None


def _vggsound_rows(rows: Sequence[Sequence[str]]) -> Iterator[ManifestRow | BadRow]:
    for number, cells in enumerate(rows, start=1):
        row = _vggsound(cells)
        if row is None:
            yield BadRow(number, "unreadable", f"row {number} of the manifest is not ytid,start,label,split")
        else:
            yield ManifestRow(number, vggsound=row.vggsound, label=row.label, split=row.split)
