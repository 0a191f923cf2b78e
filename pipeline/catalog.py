"""The catalog: every table of a dataset as a DuckDB view over its committed parts, for reading only.

The database is in memory and belongs to one process; the parts on disk are the truth. A view is made over the files that are
whole (their footer is read first) and committed (the part that marks their stage's shard as done is there), so a damaged or
half-written file is named in `damaged` and cannot break a query. Views show the current generation of parts, that of the
last finished run unless told otherwise; `history.<table>` shows all of them with the stage and fingerprint they came from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.plan import SCAN
from pipeline.runs import current_run
from pipeline.stages import STAGES
from schemas.arrow import arrow_schema
from schemas.errors import QueryError
from schemas.layout import Dataset
from schemas.media import Clip, Listing
from schemas.reviews import REVIEW, REVIEW_FINGERPRINT, Review
from schemas.tables import TABLES

_PART = re.compile(r"part-\d{6}\.parquet")
_MARKERS = {SCAN: Listing.table, REVIEW: Review.table} | {name: stage.produces[0].table for name, stage in STAGES.items()}


class Catalog:
    """Use as a context manager. QueryError for SQL that fails, writes, or reaches outside of the dataset.

    `fingerprints` (stage → fingerprint) says which generation is shown; None means that of the last finished run.
    """

    def __init__(self, dataset: Dataset, fingerprints: Mapping[str, str] | None = None) -> None:
        self._is_whole: dict[str, bool] = {}
        self._dataset = dataset
        if fingerprints is None:
            run = current_run(dataset)
            fingerprints = run.fingerprints if run else {}
        always = {REVIEW: REVIEW_FINGERPRINT}  # what people said stays, whatever is built
        self._current = {f"{stage}-{value[:8]}" for stage, value in (always | dict(fingerprints)).items()}
        self._connection = duckdb.connect(":memory:")
        if not dataset.storage.is_local:
            self._connection.register_filesystem(dataset.storage.fs)
        self._connection.execute("create schema history")
        for table in TABLES:
            self._make_views(table)
        self._make_clip_shard()
        self._lock()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def query(self, sql: str) -> pa.Table:
        """The result of one SELECT as an Arrow table."""
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryError("a query must be one SELECT; the dataset is read-only")
            return self._connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(" ".join(str(error).split())) from None

    def _make_views(self, table: str) -> None:
        everything = self._whole(self._committed(table))
        current = [path for path in everything if path.split("/")[-2] in self._current]
        self._view(table, table, current, "*")
        origin = "regexp_extract(filename, '/([a-z_]+)-([0-9a-f]{8})/part', ['stage', 'fingerprint']) as origin"
        self._view(f"history.{table}", table, everything, f"* exclude (filename), {origin}", "filename=true, ")

    def _make_clip_shard(self) -> None:
        """`clip_shard`: which shard holds a clip's media."""
        paths = [path for path in self._whole(self._committed(Clip.table)) if path.split("/")[-2] in self._current]
        shard = "cast(regexp_extract(filename, 'part-([0-9]+)', 1) as integer) as shard"
        self._view("clip_shard", Clip.table, paths, f"clip_id, {shard}", "filename=true, ")

    def _view(self, name: str, table: str, paths: Sequence[str], columns: str, options: str = "") -> None:
        if not paths:
            self._connection.register(f"empty_{table}", arrow_schema(TABLES[table]).empty_table())
            nothing = columns.replace("* exclude (filename)", "*").replace("filename", "''")
            self._connection.execute(f"create view {name} as select {nothing} from empty_{table}")
            return
        files = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        self._connection.execute(
            f"create view {name} as select {columns} from read_parquet([{files}], {options}union_by_name=true)"
        )

    def _committed(self, table: str) -> list[str]:
        storage, found = self._dataset.storage, []
        for folder in storage.names(f"tables/{table}"):
            marker = _MARKERS.get(folder.rpartition("-")[0])
            if marker is None:
                continue
            done = set(storage.names(f"tables/{marker}/{folder}"))
            names = done if marker == table else set(storage.names(f"tables/{table}/{folder}")) & done
            found += [f"tables/{table}/{folder}/{name}" for name in sorted(names) if _PART.fullmatch(name)]
        return found

    def _whole(self, paths: Iterable[str]) -> list[str]:
        paths = list(paths)
        unseen = [path for path in paths if path not in self._is_whole]
        with ThreadPoolExecutor(16) as pool:
            self._is_whole.update(zip(unseen, pool.map(self._has_footer, unseen), strict=True))
        return [self._url(path) for path in paths if self._is_whole[path]]

    @property
    def damaged(self) -> list[str]:
        """Parts that no view shows because they cannot be read."""
        return [path for path, is_whole in self._is_whole.items() if not is_whole]

    def _has_footer(self, path: str) -> bool:
        try:
            with self._dataset.storage.open(path) as source:
                pq.read_metadata(source)
        except (OSError, pa.ArrowException):
            return False
        return True

    def _url(self, path: str) -> str:
        storage = self._dataset.storage
        return storage.full(path) if storage.is_local else storage.fs.unstrip_protocol(storage.full(path))

    def _lock(self) -> None:
        """From here on SQL can read the parts of this dataset and nothing else, and cannot change that."""
        folder = self._url("tables").replace("'", "''")
        self._connection.execute(f"set allowed_directories=['{folder}/']")
        self._connection.execute("set enable_external_access=false")
        self._connection.execute("set lock_configuration=true")
