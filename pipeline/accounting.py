"""The closed sum: for every stage, clips in = clips done + clips filtered (by reason) + clips failed (by code).

Counted from what the committed cells say about themselves, and checked against what is really there: every listed shard has
its part, every part has as many rows as were reported, the failure rows are the failures that were counted, ingest took in the
sources that were listed, and every other stage the clips that ingest made. Cells in a block (`pipeline.blocks`) were opened and
counted when it was made; of the others every part is opened. One stage's cells are looked at after the other's, and only sums
are kept.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pipeline.blocks import BlockCell, find_generation
from pipeline.cell import CellReport
from pipeline.compaction import failed_subjects
from pipeline.plan import SCAN, SCAN_FINGERPRINT
from pipeline.stages import STAGES
from schemas.accounting import Failure
from schemas.layout import Dataset
from schemas.media import Clip, Listing


@dataclass
class StageAccount:
    """One line of the table. For scan and ingest the unit is a listed file and a source, for the others a clip."""

    stage: str
    num_in: int = 0
    num_done: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        total = self.num_done + self.filtered.total() + self.failed.total()
        return self.num_in == total and not self.problems

    def to_json(self) -> dict[str, Any]:
        """Plain values, for run records and `--json`."""
        return {
            "stage": self.stage,
            "num_in": self.num_in,
            "num_done": self.num_done,
            "filtered": dict(sorted(self.filtered.items())),
            "failed": dict(sorted(self.failed.items())),
            "adds_up": self.adds_up,
            "problems": self.problems,
        }


def account(dataset: Dataset, fingerprints: Mapping[str, str]) -> list[StageAccount]:
    """One account per stage of the current fingerprints, in the order of the plan, scan first.

    RootError, with what to do, if a part is damaged or missing.
    """
    dataset = dataset.snapshot()
    scanned, num_shards, num_sources = _account_scan(dataset)
    accounts, num_clips = [scanned], 0
    for name in STAGES:
        if name not in fingerprints:
            continue
        line, num_rows = _account_stage(dataset, name, fingerprints[name], num_shards)
        if name == "ingest":
            num_clips = num_rows[Clip.table]
            if line.num_in != num_sources:
                line.problems.append(f"{line.num_in} sources came in, {num_sources} were listed")
        elif line.num_in != num_clips:
            line.problems.append(f"{line.num_in} clips came in, ingest made {num_clips}")
        accounts.append(line)
    return accounts


def _account_stage(dataset: Dataset, stage: str, fingerprint: str, num_shards: int) -> tuple[StageAccount, Counter[str]]:
    """The account of a stage, and the rows of its tables."""
    line, num_rows, failure_rows, num_cells = StageAccount(stage), Counter[str](), Counter[str](), 0
    for cell in _cells(dataset, stage, fingerprint):
        report = CellReport.from_json(cell.report)
        num_cells += 1
        line.num_in += report.num_in
        line.num_done += report.num_done
        line.filtered.update(report.filtered)
        line.failed.update(report.failed)
        failure_rows.update(cell.failed)
        num_rows.update(report.num_rows)
        for table, reported in report.num_rows.items():
            if (found := cell.num_rows[table]) != reported:
                line.problems.append(f"part {cell.shard} of {table} has {found} rows, {reported} were reported")
    if num_cells < num_shards:
        line.problems.insert(0, f"{num_shards - num_cells} of {num_shards} shards are not done")
    # a source of which some spans failed and others gave clips has failure rows and still counts as done
    if line.failed - failure_rows or (stage != "ingest" and failure_rows != line.failed):
        line.problems.append(f"failure rows {dict(failure_rows)} are not the counted failures {dict(line.failed)}")
    return line, num_rows


def _cells(dataset: Dataset, stage: str, fingerprint: str) -> Iterator[BlockCell]:
    """What is known of every done cell: from blocks, and of the others from their parts."""
    marker = STAGES[stage].produces[0].table
    generation = find_generation(dataset, f"{stage}-{fingerprint[:8]}", marker)
    for block in generation.blocks:
        yield from block.cells
    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(lambda shard: _opened(dataset, stage, fingerprint, shard, marker), generation.loose)


def _opened(dataset: Dataset, stage: str, fingerprint: str, shard: int, marker: str) -> BlockCell:
    report = dataset.read_report(marker, stage, fingerprint, shard)
    num_rows = {table: dataset.num_rows(table, stage, fingerprint, shard) for table in report["num_rows"]}
    failures = dataset.read_arrow(Failure, stage, fingerprint, shard).to_pylist()
    return BlockCell(shard, "", report, num_rows, failed_subjects(failures))


def _account_scan(dataset: Dataset) -> tuple[StageAccount, int, int]:
    """The account of the scan, the number of listed shards and that of different sources."""
    shards = sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))
    line, sources = StageAccount(SCAN), set[str]()

    def read(shard: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        where = (SCAN, SCAN_FINGERPRINT, shard)
        listings = dataset.read_arrow(Listing, *where).select(["source_id", "duplicate_of"]).to_pylist()
        return listings, dataset.read_arrow(Failure, *where).select(["code"]).to_pylist()

    with ThreadPoolExecutor(16) as pool:
        for listings, failures in pool.map(read, shards):
            line.num_in += len(listings) + len(failures)
            line.failed.update(failure["code"] for failure in failures)
            firsts = [listing["source_id"] for listing in listings if not listing["duplicate_of"]]
            line.num_done += len(firsts)
            line.filtered["duplicate"] += len(listings) - len(firsts)
            sources.update(firsts)
    line.filtered += Counter()  # without zeros
    return line, len(shards), len(sources)
