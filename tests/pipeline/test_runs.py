"""Run records: a build leaves one whatever ends it, and the newest that can be read is the one that counts."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.build import Build
from pipeline.cell import CellReport
from pipeline.progress import SilentProgress
from pipeline.runs import RunRecord, latest_run
from schemas.layout import Dataset
from schemas.seal import seal_json
from tests.pipeline.conftest import Built
from tests.pipeline.spelling import settings

REPOSITORY = Path(__file__).resolve().parents[2]


def written(dataset: Dataset, run_id: str, **changes: object) -> RunRecord:
    """A finished record of that id."""
    record = RunRecord.begin("videos", {}, {"scan": "f" * 64}).model_copy(update={"run_id": run_id, **changes})
    record.finish("done")
    record.write(dataset)
    return record


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset.create(str(tmp_path / "root"))


def test_a_killed_build_leaves_a_record_that_still_says_running(dataset: Dataset) -> None:
    code = (
        "import os, signal, sys\n"
        "from pipeline.build import Build\nfrom pipeline.progress import SilentProgress\nfrom schemas.layout import Dataset\n"
        "from tests.pipeline.spelling import settings\n"
        "with Build(Dataset.open(sys.argv[1]), settings(), SilentProgress()): os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, dataset.url], cwd=REPOSITORY, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    record = latest_run(dataset)
    assert record is not None
    assert (record.status, record.finished, record.error) == ("running", None, None)
    assert record.fingerprints == settings().plan.fingerprints
    assert record.recipe == {"name": "test"}


def test_a_build_that_fails_says_why_and_the_error_goes_on(dataset: Dataset) -> None:
    with pytest.raises(OSError, match="the disk is full"), Build(dataset, settings(), SilentProgress()):
        raise OSError("the disk is full")
    record = latest_run(dataset)
    assert record is not None
    assert (record.status, record.error) == ("failed", "OSError: the disk is full")
    assert record.finished is not None


def test_a_dataset_without_a_build_has_no_record(dataset: Dataset) -> None:
    assert latest_run(dataset) is None


def test_the_newest_record_counts(dataset: Dataset) -> None:
    written(dataset, "20260102T000000.000000Z")
    newest = written(dataset, "20260102T000000.000001Z")
    written(dataset, "20251231T235959.999999Z")
    assert latest_run(dataset) == newest


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe\x00", b"[]", b'{"run_id": "2', b'{"run_id": "29990101T000000Z"}'])
def test_a_record_that_cannot_be_read_is_passed_over(dataset: Dataset, garbage: bytes) -> None:
    readable = written(dataset, "20260102T000000.000000Z")
    dataset.storage.write("runs/29990101T000000.000000Z.json", garbage)
    dataset.storage.write("runs/29990101T000000.000000Z.notes/track-000000", b"clip")
    assert latest_run(dataset) == readable


def test_a_record_of_a_newer_program_is_readable(dataset: Dataset) -> None:
    record = written(dataset, "20260102T000000.000000Z")
    plain = record.model_dump(mode="json") | {"watts": 90}
    dataset.storage.write("runs/20260102T000000.000000Z.json", seal_json(plain))
    assert latest_run(dataset) == record


def test_run_ids_sort_by_time(dataset: Dataset) -> None:
    ids = [RunRecord.begin("videos", {}, {}).run_id for _ in range(50)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


def test_the_accounting_of_a_record_is_plain_and_is_that_of_the_report(built: Built) -> None:
    record = latest_run(built.dataset)
    assert record is not None
    by_stage = {line["stage"]: line for line in record.accounting}
    assert by_stage["scan"] == {
        "stage": "scan", "num_in": 6, "num_done": 5, "filtered": {"duplicate": 1}, "failed": {}, "adds_up": True,
        "problems": [],
    }  # fmt: skip
    assert by_stage["ingest"]["failed"] == {"unreadable": 2}
    told = built.report.to_json()
    assert told["accounts"] == record.accounting
    assert json.loads(json.dumps(told)) == told
    assert told["witnesses"] == record.witness_rates
    assert record.failures == {"unreadable": 2}


def test_the_record_adds_up_what_the_parts_say(built: Built) -> None:
    record = latest_run(built.dataset)
    assert record is not None
    for planned in built.plan.stages:
        shards = built.dataset.shards_with_part(planned.marker.table, planned.name, planned.fingerprint)
        where = (planned.marker.table, planned.name, planned.fingerprint)
        reports = [CellReport.from_json(built.dataset.read_report(*where, shard)) for shard in shards]
        (line,) = [line for line in record.accounting if line["stage"] == planned.name]
        assert (line["num_in"], line["num_done"]) == (sum(r.num_in for r in reports), sum(r.num_done for r in reports))
    assert record.cells_run == built.report.cells_run
    assert set(record.seconds_by_phase) >= {"scan", "ingest", "annotate", "verify", "pack", "publish"}
