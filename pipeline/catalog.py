"""The catalog: every table of a dataset as a DuckDB view over its committed rows, for reading only.

The database is in memory and belongs to one process; the files on disk are the truth. A view is made when a query first names
its table, over blocks where there are some and over parts elsewhere (`pipeline.blocks`): only files that are whole (their
footer is read first) and committed (the part that marks their stage's shard as done is there), so a damaged or half-written
file is named in `left_out` and cannot break a query. Views show the current generation, that of the last finished run unless
told otherwise; `history.<table>` shows all of them with the stage and fingerprint they came from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.blocks import SHARD, Generation, find_generation
from pipeline.confined_sql import NO_HURRY, QueryLimits, check_is_one_select, confine, fetch, one_line_errors
from pipeline.plan import SCAN
from pipeline.runs import current_run
from pipeline.stages import STAGES
from pipeline.table_files import TableFiles
from schemas.arrow import arrow_schema
from schemas.errors import RootError, StoreError
from schemas.layout import Dataset
from schemas.media import Clip, Listing
from schemas.reviews import REVIEW, REVIEW_FINGERPRINT, Review
from schemas.storage import Storage
from schemas.tables import TABLES

_MARKERS = {SCAN: Listing.table, REVIEW: Review.table} | {name: stage.produces[0].table for name, stage in STAGES.items()}
_CLIP_SHARD = "clip_shard"
_ORIGIN = "regexp_extract(filename, '/([a-z_]+)-([0-9a-f]{8})/[^/]+(/[a-z_]+.parquet)?$', ['stage', 'fingerprint']) as origin"
_READS_UNNAMED = re.compile(r"\bquery(_table)?\s*\(")  # DuckDB's functions that take the name of a table as a value
_REMOTE_THREADS = 16  # they wait for requests, not for cores


class Catalog:
    """Use as a context manager. QueryError for SQL that fails, writes, or reaches outside of the dataset.

    `fingerprints` (stage → fingerprint) says which generation is shown; None means that of the last finished run.
    `generation` is `find_generation` for this dataset, each asked once.
    """

    def __init__(self, dataset: Dataset, fingerprints: Mapping[str, str] | None = None, limits: QueryLimits = NO_HURRY) -> None:
        self._is_whole: dict[str, bool] = {}
        self._dataset = dataset = dataset.snapshot()
        if fingerprints is None:
            run = current_run(dataset)
            fingerprints = run.fingerprints if run else {}
        always = {REVIEW: REVIEW_FINGERPRINT}  # what people said stays, whatever is built
        self._current = {f"{stage}-{value[:8]}" for stage, value in (always | dict(fingerprints)).items()}
        self.generation = cache(partial(find_generation, dataset))
        self._limits = limits
        self._connection = duckdb.connect(":memory:")
        self._remote = _remote_files(dataset.storage)
        if self._remote:
            self._connection.register_filesystem(self._remote)
            self._connection.execute(f"set threads={_REMOTE_THREADS}")
        self._connection.execute("create schema history")
        self._unseen = {*TABLES, *(f"history.{table}" for table in TABLES), _CLIP_SHARD}
        for view in self._unseen:
            self._make_view(view, [], [])
        self._lock()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        if self._remote:
            self._remote.close()

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT as an Arrow table."""
        with one_line_errors(self._limits):
            check_is_one_select(self._connection, sql)
            self._look(view for view in sorted(self._unseen) if _may_name(sql, view))
            return fetch(self._connection, sql, self._limits)

    @property
    def left_out(self) -> list[str]:
        """Files that no view shows because they cannot be read, among those of the tables that were asked for so far."""
        return [path for path, is_whole in self._is_whole.items() if not is_whole]

    @property
    def damaged(self) -> list[str]:
        """The same of all tables. Opens every file of the dataset that is in no block."""
        self._look(sorted(self._unseen))
        return self.left_out

    def _look(self, views: Iterable[str]) -> None:
        """Put the files of these views in their places."""
        for view in list(views):
            self._unseen.remove(view)
            table = Clip.table if view == _CLIP_SHARD else view.rpartition(".")[2]
            blocks, parts = self._files(table, is_current=not view.startswith("history."))
            if blocks or parts:
                self._make_view(view, blocks, parts)

    def _make_view(self, view: str, blocks: Sequence[str], parts: Sequence[str]) -> None:
        table = Clip.table if view == _CLIP_SHARD else view.rpartition(".")[2]
        of_blocks, of_parts = f"* exclude (filename, {SHARD})", "* exclude (filename)"
        if view == _CLIP_SHARD:
            number = f"cast(regexp_extract(filename, 'part-([0-9]+)', 1) as integer) as {SHARD}"
            of_blocks, of_parts = f"clip_id, {SHARD}", f"clip_id, {number}"
        elif view.startswith("history."):
            of_blocks, of_parts = f"{of_blocks}, {_ORIGIN}", f"{of_parts}, {_ORIGIN}"
        selects = [
            f"select {wanted} from read_parquet([{', '.join(map(_quoted, paths))}], filename=true, union_by_name=true)"
            for wanted, paths in ((of_blocks, blocks), (of_parts, parts))
            if paths
        ]
        if not selects:
            empty = pa.Table.from_batches([], arrow_schema(TABLES[table]))  # `empty_table` would import pandas, for a second
            self._connection.register(f"empty_{table}", empty)
            selects = [f"select {of_parts} from (select *, '' as filename from empty_{table})"]
        self._connection.execute(f"create or replace view {view} as {' union all by name '.join(selects)}")

    def _files(self, table: str, is_current: bool) -> tuple[list[str], list[str]]:
        """Blocks and parts that together hold the committed rows of a table."""
        blocks: list[str] = []
        parts: list[str] = []
        for folder in self._dataset.storage.names(f"tables/{table}"):
            marker = _MARKERS.get(folder.rpartition("-")[0])
            if marker is None or (is_current and folder not in self._current):
                continue
            found: Generation = self.generation(folder, marker)
            shards = list(found.loose)
            paths = {block.path(table): block for block in found.blocks if table in block.tables}
            whole = self._whole(paths)
            blocks += whole
            for path, block in paths.items():
                if path not in whole:
                    shards += block.shards
            parts += self._loose(table, folder, shards, is_marker=table == marker)
        return [self._url(path) for path in blocks], [self._url(path) for path in parts]

    def _loose(self, table: str, folder: str, shards: Sequence[int], is_marker: bool) -> list[str]:
        names = {f"part-{shard:06d}.parquet" for shard in shards}
        if names and not is_marker:
            names &= set(self._dataset.storage.names(f"tables/{table}/{folder}"))
        return self._whole(f"tables/{table}/{folder}/{name}" for name in sorted(names))

    def _whole(self, paths: Iterable[str]) -> list[str]:
        paths = list(paths)
        unseen = [path for path in paths if path not in self._is_whole]
        with ThreadPoolExecutor(16) as pool:
            self._is_whole.update(zip(unseen, pool.map(self._has_footer, unseen), strict=True))
        return [path for path in paths if self._is_whole[path]]

    def _has_footer(self, path: str) -> bool:
        try:
            if self._remote:  # it will be wanted whole
                with self._remote.open(path) as copy:
                    pq.read_metadata(copy)
            else:
                self._dataset.footer(path)
        except StoreError:
            raise  # a store that is away says nothing about the file
        except (RootError, OSError, pa.ArrowException):
            return False
        return True

    def _url(self, path: str) -> str:
        """What DuckDB calls a file of the dataset."""
        return self._remote.url(path) if self._remote else self._dataset.storage.full(path)

    def _lock(self) -> None:
        """From here on SQL can read the rows of this dataset and nothing else, and cannot change that."""
        confine(self._connection, [self._url(folder) for folder in ("blocks", "tables")], self._limits)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _may_name(sql: str, view: str) -> bool:
    """Whether a query may read a view. Too often costs time; too seldom would give an answer without its rows."""
    words = sql.lower()
    schema, _, table = view.rpartition(".")
    if _READS_UNNAMED.search(words):
        return True
    return schema in words and re.search(rf"\b{table}\b", words) is not None


def _remote_files(storage: Storage) -> TableFiles | None:
    """None where DuckDB can open files itself: in a folder whose name it does not take for a pattern."""
    return None if storage.is_local and not set("*?[") & set(storage.root) else TableFiles(storage)
