"""The closed sum: for every stage, clips in = clips done + clips filtered (by reason) + clips failed (by code).

Counted from what the committed cells say about themselves, and checked against what is really there: every listed shard has
its part, every part has as many rows as were reported, the failure rows are the failures that were counted, ingest took in the
sources that were listed, and every other stage the clips that ingest made. Cells in a block (`pipeline.blocks`) were opened and
counted when it was made; of the others every part is opened. One stage's cells are looked at after the other's, and only sums
are kept.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from pipeline.blocks import BlockCell, Generation, find_generation, read_rows
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


Find = Callable[[str, str], Generation]  # of its name and the table that marks its cells


def account(dataset: Dataset, fingerprints: Mapping[str, str], find: Find | None = None) -> list[StageAccount]:
    """One account per stage of the current fingerprints, in the order of the plan, scan first.

    `find`: for who has looked generations up already (`Catalog.generation`). RootError, with what to do, if a part is damaged
    or missing.
    """
    dataset = dataset.snapshot()
    find = find or partial(find_generation, dataset)
    scanned, num_shards, num_sources = _account_scan(dataset, find)
    accounts, num_clips = [scanned], 0
    for name in STAGES:
        if name not in fingerprints:
            continue
        line, num_rows = _account_stage(dataset, name, fingerprints[name], num_shards, find)
        if name == "ingest":
            num_clips = num_rows[Clip.table]
            if line.num_in != num_sources:
                line.problems.append(f"{line.num_in} sources came in, {num_sources} were listed")
        elif line.num_in != num_clips:
            line.problems.append(f"{line.num_in} clips came in, ingest made {num_clips}")
        accounts.append(line)
    return accounts


def _account_stage(
    dataset: Dataset, stage: str, fingerprint: str, num_shards: int, find: Find
) -> tuple[StageAccount, Counter[str]]:
    """The account of a stage, and the rows of its tables."""
    line, num_rows, failure_rows, num_cells = StageAccount(stage), Counter[str](), Counter[str](), 0
    for cell in _cells(dataset, stage, fingerprint, find):
        report = cell.report
        num_cells += 1
        line.num_in += report["num_in"]
        line.num_done += report["num_done"]
        _add(line.filtered, report["filtered"])
        _add(line.failed, report["failed"])
        _add(failure_rows, cell.failed)
        _add(num_rows, report["num_rows"])
        for table, reported in report["num_rows"].items():
            if (found := cell.num_rows[table]) != reported:
                line.problems.append(f"part {cell.shard} of {table} has {found} rows, {reported} were reported")
    if num_cells < num_shards:
        line.problems.insert(0, f"{num_shards - num_cells} of {num_shards} shards are not done")
    # a source of which some spans failed and others gave clips has failure rows and still counts as done
    if line.failed - failure_rows or (stage != "ingest" and failure_rows != line.failed):
        line.problems.append(f"failure rows {dict(failure_rows)} are not the counted failures {dict(line.failed)}")
    return line, num_rows


def _add(total: Counter[str], counts: Mapping[str, int]) -> None:
    """What `Counter.update` does, in a tenth of the time for the few keys of a cell."""
    for key, number in counts.items():
        total[key] += number


def _cells(dataset: Dataset, stage: str, fingerprint: str, find: Find) -> Iterator[BlockCell]:
    """What is known of every done cell: from blocks, and of the others from their parts."""
    marker = STAGES[stage].produces[0].table
    generation = find(f"{stage}-{fingerprint[:8]}", marker)
    for block in generation.blocks:
        yield from block.cells
    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(lambda shard: _opened(dataset, stage, fingerprint, shard, marker), generation.loose)


def _opened(dataset: Dataset, stage: str, fingerprint: str, shard: int, marker: str) -> BlockCell:
    report = dataset.read_report(marker, stage, fingerprint, shard)
    num_rows = {table: dataset.num_rows(table, stage, fingerprint, shard) for table in report["num_rows"]}
    failures = dataset.read_arrow(Failure, stage, fingerprint, shard).to_pylist()
    return BlockCell(shard, "", report, num_rows, failed_subjects(failures))


def _account_scan(dataset: Dataset, find: Find) -> tuple[StageAccount, int, int]:
    """The account of the scan, the number of listed shards and that of different sources."""
    generation = find(f"{SCAN}-{SCAN_FINGERPRINT[:8]}", Listing.table)
    line, sources = StageAccount(SCAN), set[str]()
    for listings, failures in _scanned(dataset, generation):
        told = zip(listings["source_id"].to_pylist(), listings["duplicate_of"].to_pylist(), strict=True)
        firsts = [source_id for source_id, duplicate_of in told if not duplicate_of]
        line.num_in += listings.num_rows + failures.num_rows
        line.num_done += len(firsts)
        line.filtered["duplicate"] += listings.num_rows - len(firsts)
        line.failed.update(failures["code"].to_pylist())
        sources.update(firsts)
    line.filtered += Counter()  # without zeros
    return line, len(generation.marks), len(sources)


def _scanned(dataset: Dataset, generation: Generation) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Listings and failures, from blocks that are whole, and of all other shards from their parts."""
    loose = list(generation.loose)
    for block in generation.blocks:
        listings = read_rows(dataset, block, Listing, ["source_id", "duplicate_of"])
        failures = read_rows(dataset, block, Failure, ["code"])
        if listings is None or failures is None:
            loose += block.shards
        else:
            yield listings, failures

    def read(shard: int) -> tuple[pa.Table, pa.Table]:
        where = (SCAN, SCAN_FINGERPRINT, shard)
        return dataset.read_arrow(Listing, *where), dataset.read_arrow(Failure, *where)

    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(read, loose)
