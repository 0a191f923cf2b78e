"""Blocks are checked as everything else is; one that is damaged is removed, because its cells have their parts."""

from pathlib import Path

from pipeline.compaction import MIN_LOOSE, compaction_jobs
from pipeline.integrity.finding import inspect_files
from pipeline.integrity.mending import mend
from pipeline.worker import CellWork, Worker
from tests.scale.noop import list_clips, no_op_plan


def test_a_damaged_block_is_found_and_removed(tmp_path: Path) -> None:
    plan = no_op_plan()
    dataset = list_clips(str(tmp_path / "dataset"), MIN_LOOSE, 1)
    for shard in range(MIN_LOOSE):
        CellWork(dataset, plan, "ingest", shard)(Worker(), {}, None)
    for job in compaction_jobs(dataset, plan):
        job.work(None, {}, None)

    def damaged_blocks() -> list[str]:
        return [problem.path for problem in inspect_files(dataset).damage if problem.path.startswith("blocks/")]

    assert damaged_blocks() == []
    files = sorted(Path(dataset.url).glob("blocks/*/*/*"))
    assert len(files) > 3
    for file in files:
        data = file.read_bytes()
        for harmed in (data[:-1], bytes([data[0] ^ 1]) + data[1:]):
            file.write_bytes(harmed)
            assert damaged_blocks() == [file.relative_to(dataset.url).as_posix()]
        file.write_bytes(data)
    files[0].write_bytes(b"")
    mend(dataset, inspect_files(dataset))
    assert not list(files[0].parent.glob("*"))
