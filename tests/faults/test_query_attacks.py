"""SQL that tries to read, write, load, call, wait or grow: each attempt ends in one line, and honest queries still work."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.catalog import Catalog
from pipeline.confined_sql import QueryLimits
from schemas.errors import QueryError
from schemas.layout import Dataset
from schemas.media import Listing
from schemas.tables import TABLES
from tests.faults.lures import Listener, listening

REPOSITORY = Path(__file__).resolve().parents[2]
LIMITS = QueryLimits(timeout_s=3, memory_bytes=400 << 20, spill_bytes=100 << 20, result_bytes=100 << 20)

ATTACKS = (
    # read something else
    "select * from read_csv('{secret}')",
    "select * from read_text('{secret}')",
    "select * from read_blob('{secret}')",
    "select * from read_json('{secret}')",
    "select * from read_ndjson_auto('{secret}')",
    "select * from '{secret}'",
    "select * from sniff_csv('{secret}')",
    "select * from read_text('{root}/tables/../../secret.csv')",
    "select * from read_text('{root}/dataset.json')",
    "select * from read_text('{root}/runs/*')",
    "select * from read_text('file://{secret}')",
    "select * from read_text('/proc/self/environ')",
    "select * from glob('/*')",
    "select * from glob('{root}/*')",
    "select * from parquet_metadata('{secret}')",
    "select * from parquet_kv_metadata('{secret}')",
    "select * from read_duckdb('{secret}')",
    "attach '{secret}' as other",
    "select getenv('OPENAI_API_KEY')",
    "select * from duckdb_secrets()",
    "select * from a_table_of_this_program",
    "select * from query_table('a_table_of_this_program')",
    # the network
    "select * from 'http://127.0.0.1:{port}/x.parquet'",
    "select * from read_csv('http://127.0.0.1:{port}/x.csv')",
    "select * from read_parquet('s3://bucket/x.parquet')",
    "install httpfs from 'http://127.0.0.1:{port}'",
    # write
    "copy (select 1) to '{root}/tables/x.csv'",
    "copy (select 1) to '{away}/x.csv'",
    "copy claim to '{away}/x.parquet' (format parquet)",
    "explain analyze copy (select 1) to '{away}/x.csv'",
    "export database '{away}/x'",
    "attach '{away}/x.db'",
    "select * from query('copy (select 1) to ''{away}/x.csv''')",
    "create table mine as select 1",
    "create macro mine(x) as x",
    "insert into claim select * from claim",
    "delete from claim",
    "drop view claim",
    "create or replace view claim as select 1",
    "with gone as (delete from claim returning *) select * from gone",
    # load
    "install httpfs",
    "load httpfs",
    "load '{secret}'",
    "select * from load_aws_credentials()",
    "select * from sqlite_scan('{secret}', 'x')",
    "select * from postgres_scan('host=127.0.0.1 port={port}', 'public', 'x')",
    "select * from delta_scan('{secret}')",
    # change the rules
    "set enable_external_access=true",
    "set lock_configuration=false",
    "set allowed_directories=['/']",
    "set temp_directory='{away}'",
    "set memory_limit='100GB'",
    "reset memory_limit",
    "pragma enable_profiling",
    "pragma database_list",
    "call enable_logging()",
    "select * from enable_logging()",
    "set variable x = 1",
    "prepare p as select 1",
    "use system",
    "checkpoint",
    "vacuum",
    "begin transaction",
    # more than one
    "select 1; select 2",
    "select 1; copy (select 1) to '{away}/x.csv'",
    "",
    "-- nothing",
)
GREEDY = {
    "select count(*) from range(1000000000000)": "took longer",
    "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t": "took longer",
    "select list(a) from range(2000000000) t(a)": "memory",
    "select a, random() as r from range(200000000) t(a) order by r": "memory|took longer",
    "select * from range(30000000)": "larger than",
    "select * from range(100000000) a, range(100000000) b": "memory|larger than",
    "select " + "(" * 5000 + "1" + ")" * 5000: "depth",
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A dataset with one row of one table, and a secret beside it."""
    base = tmp_path_factory.mktemp("asked")
    (base / "secret.csv").write_text("a,b\n1,CANARY\n")
    (base / "away").mkdir()
    dataset = Dataset.create(str(base / "it's [a] root"))
    _list_one_file(dataset)
    return dataset


def _list_one_file(dataset: Dataset) -> None:
    nothing = dict.fromkeys(Listing.model_fields)
    told = {"listing_id": "a" * 32, "source_id": "b" * 32, "uri": "/x.mp4", "name": "x.mp4", "num_bytes": 3}
    dataset.write_part(Listing, [Listing.model_validate(nothing | told)], "scan", "0" * 64, 0)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def catalog(dataset: Dataset) -> Iterator[Catalog]:
    with Catalog(dataset, {"scan": "0" * 64}, LIMITS) as opened:
        yield opened


def _filled(sql: str, dataset: Dataset, listener: Listener) -> str:
    base = Path(dataset.url).parent
    quoted = dataset.url.replace("'", "''")
    return sql.format(secret=base / "secret.csv", away=base / "away", root=quoted, port=listener.port)


@pytest.mark.parametrize("sql", ATTACKS)
def test_an_attack_is_one_line_and_does_nothing(
    catalog: Catalog, dataset: Dataset, listener: Listener, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-CANARY")
    a_table_of_this_program = pa.table({"x": ["CANARY"]})
    base = Path(dataset.url).parent
    before = sorted(base.rglob("*"))
    with pytest.raises(QueryError) as raised:
        catalog.query(_filled(sql, dataset, listener))
    assert a_table_of_this_program.num_rows == 1
    assert "\n" not in str(raised.value)
    assert "CANARY" not in str(raised.value)
    assert sorted(base.rglob("*")) == before
    assert listener.calls == []
    assert catalog.query("select name from listing").to_pylist() == [{"name": "x.mp4"}]


@pytest.mark.parametrize(("sql", "message"), GREEDY.items())
def test_a_greedy_query_is_stopped_in_time(dataset: Dataset, sql: str, message: str) -> None:
    with Catalog(dataset, {"scan": "0" * 64}, LIMITS) as catalog:
        start = time.monotonic()
        with pytest.raises(QueryError, match=message) as raised:
            catalog.query(sql)
        assert "\n" not in str(raised.value)
        assert time.monotonic() - start < 60
        assert catalog.query("select count(*) as n from listing").to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(
    "sql", ["select sleep_ms(600000)", pytest.param("select repeat('x', 4000000000) from range(1000)", marks=pytest.mark.long)]
)
def test_a_function_that_does_not_come_back_ends_with_the_command(dataset: Dataset, sql: str) -> None:
    command = [sys.executable, "-m", "flows", "query", sql, "--root", dataset.url, "--timeout-s", "2"]
    start = time.monotonic()
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("audiocot: the query")
    assert time.monotonic() - start < 90


@pytest.mark.long
def test_a_sort_that_does_not_fit_into_memory_uses_a_folder_that_goes_away(dataset: Dataset, tmp_path: Path) -> None:
    program = (
        "import sys; from pipeline.catalog import Catalog; from pipeline.confined_sql import QueryLimits, GIB\n"
        "from schemas.layout import Dataset\n"
        "with Catalog(Dataset.open(sys.argv[1]), {}, QueryLimits(200, 24 << 20, GIB)) as catalog:\n"
        "    sql = 'select count(distinct md5(a::text)) as n from range(300000) t(a)'\n"
        "    print(catalog.query(sql).to_pylist())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, dataset.url], cwd=REPOSITORY, env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=250,
    )  # fmt: skip
    assert ended.stdout == "[{'n': 300000}]\n", ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "show tables",
        "describe claim",
        "summarize listing",
        "from listing select name",
        "with a as (select * from listing) select count(*) from a join listing using (source_id)",
        "select name, row_number() over (order by num_bytes) from listing",
        "select * from history.listing",
        "select json_extract('{\"a\": 1}', '$.a'), regexp_replace(name, '[.].*', '') from listing",
        "select strftime(now(), '%Y'), median(num_bytes) from listing group by all",
    ],
)
def test_honest_queries_work(catalog: Catalog, sql: str) -> None:
    assert catalog.query(sql).num_rows > 0


def test_a_remote_root_is_confined_too() -> None:
    dataset = Dataset.create("memory://asked/root")
    dataset.storage.fs.pipe_file("/asked/other/secret.csv", b"a,b\n1,CANARY\n")
    _list_one_file(dataset)
    with Catalog(dataset, {"scan": "0" * 64}, LIMITS) as catalog:
        assert catalog.query("select name from listing").to_pylist() == [{"name": "x.mp4"}]
        assert catalog.query("select count(*) as n from claim").to_pylist() == [{"n": 0}]
        for path in ("memory://asked/other/secret.csv", "memory:///asked/other/secret.csv", "memory://asked/root/dataset.json"):
            with pytest.raises(QueryError):
                catalog.query(f"select * from read_text('{path}')")


def test_the_attacks_are_over_tables_that_exist() -> None:
    assert {"claim", "listing"} <= set(TABLES)
