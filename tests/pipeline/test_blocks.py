"""Blocks: copies that answer as the parts do, and that stand back as soon as they differ from them."""

from pathlib import Path

import pytest

from pipeline.accounting import account
from pipeline.blocks import CELLS, find_generation
from pipeline.catalog import Catalog
from pipeline.compaction import MIN_LOOSE, compaction_jobs
from pipeline.plan import Plan
from pipeline.worker import CellWork, Worker
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.media import Clip
from tests.scale.noop import list_clips, no_op_plan

NUM_SHARDS = MIN_LOOSE + 2


@pytest.fixture
def plan() -> Plan:
    return no_op_plan()


@pytest.fixture
def dataset(plan: Plan, tmp_path: Path) -> Dataset:
    """Two clips in each shard, ingested."""
    dataset = list_clips(str(tmp_path / "dataset"), 2 * NUM_SHARDS, 2)
    for shard in range(NUM_SHARDS):
        ingest(dataset, plan, shard)
    return dataset


def ingest(dataset: Dataset, plan: Plan, shard: int) -> None:
    CellWork(dataset, plan, "ingest", shard)(Worker(), {}, None)


def compact(dataset: Dataset, plan: Plan) -> list[int]:
    """How many cells each job, of the scan and of ingest, brought into blocks."""
    return [job.work(None, {}, None) for job in compaction_jobs(dataset, plan)]


def blocks(dataset: Dataset, stage: str = "ingest") -> list[Path]:
    return sorted(path.parent for path in Path(dataset.url).glob(f"blocks/{stage}-*/*/{CELLS}"))


def part(dataset: Dataset, plan: Plan, shard: int, table: str = "clip") -> Path:
    return Path(dataset.url, Dataset.part_path(table, "ingest", plan["ingest"].fingerprint, shard))


def answers(dataset: Dataset, plan: Plan) -> list[object]:
    with Catalog(dataset, plan.fingerprints) as catalog:
        asked = ("select * from clip order by clip_id", "select * from clip_shard order by clip_id", "select * from source")
        asked += ("select * from listing order by listing_id", "select * from failure order by uri, clip_id")
        told: list[object] = [catalog.query(sql).to_pylist() for sql in asked]
        told.append(catalog.query("select clip_id, origin from history.clip order by clip_id").to_pylist())
        return [*told, [line.to_json() for line in account(dataset, plan.fingerprints)], catalog.left_out]


def test_blocks_answer_as_the_parts_do_without_opening_them(dataset: Dataset, plan: Plan) -> None:
    before = answers(dataset, plan)
    assert compact(dataset, plan) == [NUM_SHARDS, NUM_SHARDS]
    assert compact(dataset, plan) == []
    for file in Path(dataset.url).glob("tables/failure/*/*.parquet"):  # no marks, and nothing that can be read any more
        file.write_bytes(b"\0" * file.stat().st_size)
    assert answers(dataset, plan) == before


def test_few_loose_cells_are_left_alone_and_are_asked_beside_blocks(dataset: Dataset, plan: Plan) -> None:
    late = part(dataset, plan, NUM_SHARDS - 1).read_bytes()
    part(dataset, plan, NUM_SHARDS - 1).unlink()
    compact(dataset, plan)
    part(dataset, plan, NUM_SHARDS - 1).write_bytes(late)
    assert compact(dataset, plan) == []
    with Catalog(dataset, plan.fingerprints) as catalog:
        shards = [row["shard"] for row in catalog.query("select distinct shard from clip_shard order by shard").to_pylist()]
    assert shards == list(range(NUM_SHARDS))


def test_a_cell_that_was_made_again_puts_its_block_out_of_use(dataset: Dataset, plan: Plan) -> None:
    compact(dataset, plan)
    (old,) = blocks(dataset)
    part(dataset, plan, 3).unlink()
    with Catalog(dataset, plan.fingerprints) as catalog:
        assert catalog.query("select count(*) as n from clip").to_pylist() == [{"n": 2 * NUM_SHARDS - 2}]
    ingest(dataset, plan, 3)
    with Catalog(dataset, plan.fingerprints) as catalog:
        assert catalog.query("select count(*) as n from clip").to_pylist() == [{"n": 2 * NUM_SHARDS}]
    assert compact(dataset, plan) == [NUM_SHARDS]
    assert len(blocks(dataset)) == 1
    assert blocks(dataset) != [old]


def test_a_block_grows_with_the_dataset_by_being_made_again(dataset: Dataset, plan: Plan) -> None:
    compact(dataset, plan)
    list_clips(dataset.url, 4 * NUM_SHARDS, 2)
    for shard in range(NUM_SHARDS, 2 * NUM_SHARDS):
        ingest(dataset, plan, shard)
    before = answers(dataset, plan)
    assert compact(dataset, plan) == [2 * NUM_SHARDS, 2 * NUM_SHARDS]
    assert len(blocks(dataset)) == 1
    assert answers(dataset, plan) == before


@pytest.mark.parametrize(
    ("stage", "victim"), [("ingest", "clip.parquet"), ("ingest", CELLS), ("scan", "listing.parquet"), ("scan", CELLS)]
)
def test_a_damaged_block_costs_time_only(dataset: Dataset, plan: Plan, stage: str, victim: str) -> None:
    before = answers(dataset, plan)[:-1]
    compact(dataset, plan)
    (block,) = blocks(dataset, stage)
    damaged = block / victim
    damaged.write_bytes(damaged.read_bytes()[:-30])
    assert answers(dataset, plan)[:-1] == before


def test_a_damaged_part_does_not_get_into_a_block(dataset: Dataset, plan: Plan) -> None:
    file = part(dataset, plan, 5)
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)
    with pytest.raises(RootError, match="part-000005"):
        compact(dataset, plan)
    assert blocks(dataset) == []


def test_a_part_with_other_rows_than_reported_is_told_from_blocks_too(dataset: Dataset, plan: Plan) -> None:
    fingerprint = plan["ingest"].fingerprint
    clips = list(dataset.read_part(Clip, "ingest", fingerprint, 4))
    report = dataset.read_report("clip", "ingest", fingerprint, 4)
    dataset.write_part(Clip, clips[:1], "ingest", fingerprint, 4, report=report)
    (loose,) = account(dataset, plan.fingerprints)[1].problems[:1]
    compact(dataset, plan)
    assert not find_generation(dataset, f"ingest-{fingerprint[:8]}", "clip").loose
    assert account(dataset, plan.fingerprints)[1].problems[0] == loose == "part 4 of clip has 1 rows, 2 were reported"
