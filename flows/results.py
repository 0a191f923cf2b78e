"""Query results as people and programs want them: a table for the terminal, CSV, JSON or Parquet.

Lists and structs are one JSON text in CSV and in the terminal's table, and stay what they are in JSON and Parquet. A NULL is
an empty field in CSV, `null` in JSON. JSON is one array of objects with a row per line, so that both `jq` and `head` can
deal with it; it has no NaN or infinity, which become null. A terminal gets control characters made visible; a file or a pipe
gets the data as they are.
"""

import csv
import io
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.markup import escape

from flows.console import stderr, stdout, table
from schemas.errors import QueryError, unknown
from schemas.visible import visible

FORMATS = ("table", "csv", "json", "parquet")
MAX_TABLE_ROWS = 50
MAX_CELL_CHARS = 80


def check_format(format: str, output: Path | None) -> None:
    """QueryError for a format that does not exist, or one that cannot go to stdout."""
    if format not in FORMATS:
        raise QueryError(unknown("format", format, FORMATS))
    if format == "parquet" and output is None:
        raise QueryError("parquet is not for a terminal; say where with --output FILE.parquet")


def write_result(result: pa.Table, format: str, output: Path | None) -> None:
    """Write a result to a file, or to stdout if `output` is None. QueryError if it cannot be written."""
    names = result.column_names
    if format in ("json", "parquet") and (twice := [name for name in names if names.count(name) > 1]):
        raise QueryError(f"column names must differ for {format}, but {twice[0]} is there twice; name them with `as`")
    if format == "parquet":
        assert output is not None
        with _opened(output, is_binary=True) as sink:
            pq.write_table(result, sink)
    elif format == "table" and output is None:
        _show(result)
    else:
        with _opened(output) as sink:
            {"csv": _write_csv, "json": _write_json, "table": _write_text}[format](result, sink)
    if output is not None:
        stderr().print(f"{result.num_rows} rows written to {output}", markup=False)


@contextmanager
def _opened(output: Path | None, is_binary: bool = False) -> Iterator[IO[Any]]:
    if output is None:
        if not sys.stdout.isatty():
            yield sys.stdout
            return
        with io.StringIO() as shown:
            yield shown
            sys.stdout.write(visible(shown.getvalue()))
        return
    try:
        with output.open("wb") if is_binary else output.open("w", encoding="utf-8", newline="") as sink:
            yield sink
    except OSError as error:
        raise QueryError(f"{output} cannot be written: {error.strerror or error}") from None


def _rows(result: pa.Table) -> Iterator[list[Any]]:
    for batch in result.to_batches():
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(list, zip(*columns, strict=True))


def _write_csv(result: pa.Table, sink: IO[str]) -> None:
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(result.column_names)
    for row in _rows(result):
        writer.writerow(["" if cell is None else _as_text(cell) for cell in row])


def _write_json(result: pa.Table, sink: IO[str]) -> None:
    start = "["
    for row in _rows(result):
        sink.write(f"{start}\n{_as_json(dict(zip(result.column_names, row, strict=True)))}")
        start = ","
    sink.write("\n]\n" if start == "," else "[]\n")


def _write_text(result: pa.Table, sink: IO[str]) -> None:
    """Every row, aligned, no colours."""
    from rich.console import Console

    Console(file=sink, width=100_000, no_color=True).print(_rendered(result, result.num_rows))


def _show(result: pa.Table) -> None:
    stdout().print(_rendered(result, MAX_TABLE_ROWS))
    if result.num_rows > MAX_TABLE_ROWS:
        stderr().print(f"{MAX_TABLE_ROWS} of {result.num_rows} rows shown; --format csv, json or parquet gives all of them")


def _rendered(result: pa.Table, num_rows: int) -> Any:
    names = [escape(name) for name in result.column_names]
    numbers = [
        escape(field.name)
        for field in result.schema
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
    ]
    rows = ([escape(_shortened(cell)) for cell in row] for row in _rows(result.slice(0, num_rows)))
    return table(names, rows, right=numbers)


def _shortened(cell: Any) -> str:
    if cell is None:
        return "·"
    text = f"{cell:.6g}" if isinstance(cell, float) else " ".join(_as_text(cell).split())
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def _as_text(cell: Any) -> str:
    return _as_json(cell) if isinstance(cell, list | dict) else str(cell)


def _as_json(value: Any) -> str:
    return json.dumps(_finite(value), ensure_ascii=False, default=_plain, allow_nan=False)


def _plain(value: Any) -> float | str:
    """What JSON has no word for: decimals are numbers, everything else (dates, intervals, bytes) its text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
