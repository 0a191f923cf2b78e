"""Cells: what is read and what is committed, in which order, and what a finished cell says about itself."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from annotators.base import Params
from pipeline.cell import Cell, CellReport, Tally
from pipeline.media_cache import MediaCache
from pipeline.plan import Plan
from pipeline.worker import CellWork, Worker
from schemas.accounting import Failure
from schemas.errors import Rejected
from schemas.evidence import Caption
from schemas.layout import REPORT_KEY, Dataset
from schemas.media import Clip
from tests.pipeline.spelling import RAISES, REFUSES, Speller, failures, ingested, plan_of, run_cell


@pytest.fixture
def plan() -> Plan:
    return plan_of(Speller(Params()))


def is_done(dataset: Dataset, plan: Plan) -> bool:
    return dataset.shards_with_part("caption", "spell", plan["spell"].fingerprint) == {0}


def parts(dataset: Dataset, plan: Plan) -> list[str]:
    """The tables of which `spell` has committed its part."""
    tables = ("failure", "measurement", "caption")
    return [table for table in tables if dataset.shards_with_part(table, "spell", plan["spell"].fingerprint)]


@pytest.mark.parametrize(
    ("table", "there_before"), [("failure", []), ("measurement", ["failure"]), ("caption", ["failure", "measurement"])]
)
def test_the_part_that_says_done_is_written_last(plan: Plan, tmp_path: Path, table: str, there_before: list[str]) -> None:
    dataset = ingested(str(tmp_path), plan, "ab", REFUSES)
    in_the_way = tmp_path / Dataset.part_folder(table, "spell", plan["spell"].fingerprint)
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("a file where a folder must be")
    with pytest.raises(OSError, match=in_the_way.name):
        run_cell(dataset, plan)
    assert parts(dataset, plan) == there_before
    assert not is_done(dataset, plan)
    in_the_way.unlink()
    run_cell(dataset, plan)
    assert is_done(dataset, plan)
    assert list(failures(dataset, plan)) == [REFUSES]


def test_a_cell_with_nothing_to_do_commits_empty_parts(plan: Plan, tmp_path: Path) -> None:
    dataset = ingested(str(tmp_path), plan)
    report = run_cell(dataset, plan)
    assert (report.num_in, report.num_done, report.num_rows) == (0, 0, {"caption": 0, "measurement": 0})
    assert parts(dataset, plan) == ["failure", "measurement", "caption"]


def test_the_report_rides_in_the_part_that_says_done(plan: Plan, tmp_path: Path) -> None:
    dataset = ingested(str(tmp_path), plan, "ab", RAISES, REFUSES)
    report = run_cell(dataset, plan)
    stored = dataset.read_report("caption", "spell", plan["spell"].fingerprint, 0)
    assert CellReport.from_json(stored) == report
    assert stored == asdict(report)
    assert stored["failed"] == {"annotator_error": 1, "truncated": 1}
    further = Dataset.part_path("measurement", "spell", plan["spell"].fingerprint, 0)
    assert REPORT_KEY not in (pq.read_schema(tmp_path / further).metadata or {})


def test_time_and_memory_in_the_report_are_those_of_the_work(tmp_path: Path) -> None:
    class Sleepy(Speller):
        def annotate(self, batch: Sequence[str]) -> Sequence[str | Rejected]:
            time.sleep(0.2)
            np.ones(2**27, np.uint8)  # 128 MB, touched and given back
            return super().annotate(batch)

    plan = plan_of(Sleepy(Params()))
    dataset = ingested(str(tmp_path), plan, "ab")
    used_mb = psutil.Process().memory_info().rss / 2**20
    started = time.perf_counter()
    report = run_cell(dataset, plan)
    assert 0.2 <= report.seconds <= time.perf_counter() - started + 0.001
    assert used_mb + 100 < report.peak_rss_mb < psutil.virtual_memory().total / 2**20


def test_a_sample_has_the_rows_of_its_clip_only_and_in_their_order(plan: Plan, tmp_path: Path) -> None:
    dataset = ingested(str(tmp_path), plan, "ab", "cd", REFUSES)
    run_cell(dataset, plan)
    cell = Cell(dataset, plan, plan["count_letters"], 0, MediaCache())
    samples = cell.samples((Clip, Caption))
    assert [(sample.clip.clip_id, [row.text for row in sample.of(Caption)]) for sample in samples] == [
        ("ab", ["AB"]),
        ("cd", ["CD"]),
        (REFUSES, []),
    ]
    with pytest.raises(KeyError):
        samples[0].of(Failure)


def test_a_careful_cell_notes_each_clip_before_it_touches_it(plan: Plan, tmp_path: Path) -> None:
    noted: list[str] = []

    class Watched(Speller):
        def annotate(self, batch: Sequence[str]) -> Sequence[str | Rejected]:
            noted.append((tmp_path / "runs" / "note").read_text())
            return super().annotate(batch)

    plan = plan_of(Watched(Params()))
    dataset = ingested(str(tmp_path), plan, "ab", "cd", "ef", "gh")
    CellWork(dataset, plan, "spell", 0)(Worker(), {}, "runs/note")
    assert noted == ["ab", "cd", "ef", "gh"], "one by one, although the model takes three at a time"


def test_a_worker_loads_a_model_once_and_frees_it_when_it_closes(tmp_path: Path) -> None:
    speller = Speller(Params())
    plan = plan_of(speller)
    dataset = ingested(str(tmp_path), plan, "ab")
    worker = Worker()
    for _ in range(2):
        CellWork(dataset, plan, "spell", 0)(worker, {}, None)
    assert (speller.num_loads, speller.num_closes) == (1, 0)
    worker.close()
    assert speller.num_closes == 1


def test_a_sum_closes_over_all_reasons_and_codes() -> None:
    tally = Tally(num_in=6, num_done=1)
    tally.filtered.update(no_video=2)
    tally.failed.update(timeout=1, truncated=1)
    assert not tally.is_closed
    tally.failed["timeout"] += 1
    assert tally.is_closed
