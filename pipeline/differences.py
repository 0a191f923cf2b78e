"""Two datasets, or two releases, row by row: what was added, removed and changed in each table, with examples.

A row is the same row if it is about the same thing (`KEYS`); where several rows are about one thing they are paired in the
order of their contents. The work is DuckDB's, on Arrow tables of one table at a time. Of a dataset the rows of its last
finished run are looked at, of a release all of its tables. Media is not compared: rows of clips and sources change with it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.catalog import Catalog
from pipeline.release.publish import MANIFEST
from schemas.arrow import arrow_schema
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.storage import Storage
from schemas.tables import TABLES

KEYS: Mapping[str, Sequence[str]] = {
    "listing": ("listing_id", "uri"),
    "source": ("source_id",),
    "clip": ("clip_id",),
    "measurement": ("clip_id", "name", "start_s", "end_s"),
    "sound_event": ("clip_id", "event_id"),
    "motion_event": ("clip_id", "event_id"),
    "roi_track": ("clip_id", "track_id"),
    "caption": ("clip_id", "modality", "question"),
    "object": ("clip_id", "object_id"),
    "attribution": ("clip_id", "event_id"),
    "cot": ("cot_id",),
    "claim": ("claim_id",),
    "decoy": ("claim_id",),
    "verdict": ("claim_id", "witness"),
    "repair": ("cot_id", "step_index"),
    "decision": ("cot_id",),
    "edit": ("edit_id",),
    "question": ("question_id",),
    "trace": ("trace_id",),
    "consensus": ("question_id",),
    "contribution": ("question_id",),
    "review": ("claim_id", "reviewer", "batch"),
    "failure": ("stage", "source_id", "clip_id", "uri", "code"),
    "usage": ("stage", "clip_id"),
}
Change = Literal["added", "removed", "changed"]
_CHANGES: Sequence[Change] = ("added", "removed", "changed")
_Read = Callable[[str], pa.Table]


@dataclass(frozen=True)
class Example:
    """One row. `values`: of a changed row column → its value in A and in B, of the others column → its value."""

    change: Change
    key: Sequence[str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TableDifference:
    table: str
    num_a: int
    num_b: int
    num: Mapping[Change, int]
    examples: Sequence[Example]


def differences(a: str, b: str, num_examples: int) -> list[TableDifference]:
    """Every table that has rows on either side. `a`, `b`: roots of datasets, or folders of releases.

    RootError if one of them is neither.
    """
    with _rows_of(a) as read_a, _rows_of(b) as read_b:
        found = [_compared(table, read_a(table), read_b(table), num_examples) for table in TABLES]
    return [one for one in found if one.num_a or one.num_b]


@contextmanager
def _rows_of(url: str) -> Iterator[_Read]:
    storage = Storage(url)
    if storage.exists(MANIFEST):
        yield lambda table: _released(storage, table)
        return
    try:
        dataset = Dataset.open(url)
    except RootError as error:
        raise RootError(f"{error}; what is compared are two roots, or two folders ROOT/releases/NAME") from None
    with Catalog(dataset) as catalog:
        yield lambda table: catalog.query(f"select * from {table}")


def _released(storage: Storage, table: str) -> pa.Table:
    path = f"tables/{table}.parquet"
    if not storage.exists(path):
        return arrow_schema(TABLES[table]).empty_table()
    with storage.open(path) as file:
        return pq.read_table(file)


def _compared(table: str, a: pa.Table, b: pa.Table, num_examples: int) -> TableDifference:
    keys = KEYS[table]
    with duckdb.connect(":memory:") as connection:
        for name, rows in (("a", a), ("b", b)):
            connection.register(f"{name}_rows", rows)
            connection.execute(
                f"create view {name} as select *, row_number() over (partition by {', '.join(keys)} order by hash(r)) as nth "
                f"from {name}_rows r"
            )
        same = " and ".join(f"a.{key} is not distinct from b.{key}" for key in (*keys, "nth"))
        connection.execute(
            f"create table pairs as select a as a, b as b, "
            f"case when a.nth is null then 'added' when b.nth is null then 'removed' else 'changed' end as change "
            f"from a full join b on {same} where a is distinct from b"
        )
        counts = dict(connection.sql("select change, count(*) from pairs group by change").fetchall())
        examples = [one for change in _CHANGES for one in _examples(connection, keys, change, num_examples)]
    return TableDifference(table, a.num_rows, b.num_rows, {change: counts.get(change, 0) for change in _CHANGES}, examples)


def _examples(connection: Any, keys: Sequence[str], change: Change, most: int) -> Iterator[Example]:
    order = ", ".join(f"coalesce(a.{key}, b.{key})" for key in keys)
    rows = connection.execute(f"select a, b from pairs where change = ? order by {order} limit ?", [change, most]).fetchall()
    for a, b in rows:
        row = a if change == "removed" else b
        key = [str(row[name]) for name in keys if row[name] is not None]
        values = {name: value for name, value in row.items() if name not in (*keys, "nth")}
        if change == "changed":
            values = {name: (a[name], value) for name, value in values.items() if a[name] != value}
        yield Example(change, key, values)
