"""DuckDB over a filesystem of ours: each file fetched once, nothing but tables, nothing written."""

from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.table_files import TableFiles
from schemas.storage import Storage
from tests.remote.server import S3Server

PARTS = [f"tables/claim/reason-0123abcd/part-{number:06d}.parquet" for number in range(3)]


@pytest.fixture
def storage(bucket: str) -> Storage:
    """Three parts of ten rows, and a table in a place that is no table's; under a root that is full of patterns."""
    storage = Storage(f"{bucket}/a*b?[c]")
    for path in [*PARTS, "replies/x.parquet"]:
        with storage.create(path) as sink:
            pq.write_table(pa.table({"number": range(10)}), sink)
    return storage


@pytest.fixture
def connection(storage: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
    """As a catalog uses it."""
    files = TableFiles(storage)
    connection = duckdb.connect(":memory:")
    connection.register_filesystem(files)
    named = ", ".join(f"'{files.url(path)}'" for path in PARTS)
    connection.execute(f"create view claim as select * from read_parquet([{named}], filename=true, union_by_name=true)")
    connection.execute(f"set allowed_directories=['{files.url('tables')}/']")
    connection.execute("set enable_external_access=false")
    yield connection
    connection.close()
    files.close()


def test_every_file_is_fetched_once(connection: duckdb.DuckDBPyConnection, s3: S3Server) -> None:
    before = s3.mark
    for _ in range(3):
        rows = connection.execute("select count(*), sum(number), min(filename) from claim").fetchall()
        assert rows == [(30, 135, f"dataset://{PARTS[0]}")]
    assert s3.requests(before) == {}  # the view has read them when it was made


def test_no_extension_is_loaded_or_asked_for(storage: Storage) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set autoinstall_known_extensions=false")
        connection.execute("set autoload_known_extensions=false")
        files = TableFiles(storage)
        connection.register_filesystem(files)
        assert connection.execute(f"select count(*) from '{files.url(PARTS[0])}'").fetchone() == (10,)
        loaded = connection.execute("select extension_name from duckdb_extensions() where loaded").fetchall()
        files.close()
    assert {"httpfs", "aws"}.isdisjoint(name for (name,) in loaded)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_parquet('dataset://replies/x.parquet')",
        "select * from read_parquet('dataset://tables/../replies/x.parquet')",
        "select * from read_parquet('dataset://tables/claim/*/*.parquet')",
        "select * from glob('dataset://*')",
        "select * from read_parquet('s3://bucket/x.parquet')",
        "copy (select 1 as x) to 'dataset://tables/x.parquet'",
        "copy (select 1 as x) to 'dataset://tables/x.csv'",
        "attach 'dataset://tables/x.db'",
    ],
)
def test_nothing_else_can_be_read_or_written(connection: duckdb.DuckDBPyConnection, storage: Storage, sql: str) -> None:
    with suppress(duckdb.Error):
        assert connection.execute(sql).fetchall() == []
    assert storage.names("") == ["replies", "tables"]
    assert storage.names("tables") == ["claim"]


def test_a_file_that_is_gone_is_an_error_of_the_query(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error):
        connection.execute("select * from read_parquet('dataset://tables/claim/reason-0123abcd/part-000009.parquet')")
