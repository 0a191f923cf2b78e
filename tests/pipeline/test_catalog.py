"""The catalog: all tables as views, whatever is broken beside them, and no way to write or to look elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from schemas.errors import QueryError
from schemas.layout import Dataset
from schemas.tables import TABLES
from tests.pipeline.conftest import Built, build


@pytest.fixture(scope="module")
def catalog(built: Built):  # type: ignore[no-untyped-def]
    with Catalog(built.dataset) as opened:
        yield opened


def test_every_table_is_a_view_even_without_rows(catalog: Catalog) -> None:
    for table, row in TABLES.items():
        assert catalog.query(f"select * from {table}").column_names == list(row.model_fields)
        assert set(row.model_fields) < set(catalog.query(f"select * from history.{table}").column_names)
    assert catalog.query("select count(*) as n from review").to_pylist() == [{"n": 0}]


def test_an_empty_dataset_can_be_asked(tmp_path: Path) -> None:
    with Catalog(Dataset.create(str(tmp_path / "new"))) as catalog:
        assert catalog.query("select count(*) as n from claim join clip_shard using (clip_id)").to_pylist() == [{"n": 0}]


def test_claims_join_verdicts(catalog: Catalog) -> None:
    rows = catalog.query("select c.claim_id, v.verdict from claim c left join verdict v using (claim_id)").to_pylist()
    assert rows
    assert all(row["verdict"] in ("supported", "refuted", "unverifiable") for row in rows)


def test_a_clip_is_found_in_its_shard(catalog: Catalog, built: Built) -> None:
    for row in catalog.query("select clip_id, shard from clip_shard").to_pylist():
        tar = Path(built.dataset.url) / built.dataset.clips_path(built.plan["ingest"].fingerprint, row["shard"])
        assert row["clip_id"].encode() in tar.read_bytes()


def test_old_generations_stay_in_history(built: Built, copy_of: Callable[[Built], Dataset], source: Path) -> None:
    dataset = copy_of(built)
    build(source, Path(dataset.url), policy={"min_supported": 2})
    with Catalog(dataset) as catalog:
        decisions = catalog.query("select count(*) as n, count(distinct cot_id) as chains from decision").to_pylist()
        old = catalog.query("select distinct origin.stage as stage, origin.fingerprint as fp from history.decision").to_pylist()
    assert decisions[0]["n"] == decisions[0]["chains"] > 3
    stages = [row["stage"] for row in old]
    assert sorted(stages) == sorted(2 * [name for name in built.plan.fingerprints if name.startswith("decide")])


@pytest.mark.parametrize("damage", [b"", b"PAR1 but nothing else", b"not parquet at all"])
def test_a_damaged_part_is_named_and_breaks_nothing(built: Built, copy_of: Callable[[Built], Dataset], damage: bytes) -> None:
    dataset = copy_of(built)
    victim = sorted(Path(dataset.url).glob("tables/claim/reason-*/*.parquet"))[0]
    victim.write_bytes(damage)
    with Catalog(dataset) as catalog:
        assert [path.split("/")[1] for path in catalog.damaged] == ["claim"]
        rest = catalog.query("select count(*) as n from claim").to_pylist()[0]["n"]
        assert catalog.query("select count(*) as n from cot where task = 'base'").to_pylist() == [{"n": 3}]
    with Catalog(built.dataset) as whole:
        assert 0 < rest < whole.query("select count(*) as n from claim").to_pylist()[0]["n"]


def test_a_truncated_part_breaks_nothing(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    dataset = copy_of(built)
    victim = sorted(Path(dataset.url).glob("tables/clip/*/*.parquet"))[0]
    victim.write_bytes(victim.read_bytes()[:-20])
    with Catalog(dataset) as catalog:
        assert len(set(catalog.damaged)) == 1
        assert catalog.query("select count(*) as n from clip").to_pylist()[0]["n"] < 3


def test_rows_of_a_cell_that_did_not_finish_are_not_shown(built: Built, copy_of: Callable[[Built], Dataset]) -> None:
    """A worker killed between two tables leaves the second without the first, which is written last."""
    dataset = copy_of(built)
    for marker in Path(dataset.url).glob("tables/sound_event/*/*.parquet"):
        marker.unlink()
    with Catalog(dataset) as catalog:
        models = catalog.query("select distinct model from measurement").to_pylist()
    assert {"model": "motion@1"} in models
    assert {"model": "instruments@1"} not in models


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('/*')",
        "copy (select 1) to '/tmp/out.csv'",
        "explain analyze copy (select 1) to '/tmp/out.csv'",
        "create table mine as select 1",
        "drop view claim",
        "attach '/tmp/other.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access=true",
        "pragma database_list",
        "select 1; select 2",
        "select * from 'https://example.org/x.parquet'",
    ],
)
def test_a_query_cannot_write_or_reach_outside_of_the_dataset(catalog: Catalog, sql: str) -> None:
    with pytest.raises(QueryError):
        catalog.query(sql)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("selec 1", "syntax error"),
        ("select * from clame", "clame does not exist"),
        ("select nothing from claim", "nothing"),
        ("", "must be one SELECT"),
    ],
)
def test_sql_that_fails_is_one_line(catalog: Catalog, sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as raised:
        catalog.query(sql)
    assert "\n" not in str(raised.value)
