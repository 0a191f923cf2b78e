"""The closed sum: for every stage, clips in = clips done + clips filtered (by reason) + clips failed (by code).

Counted from what the committed parts say about themselves, and checked against what is really there: every listed shard has
its part, every part has as many rows as were reported, the failure rows are the failures that were counted, ingest took in the
sources that were listed, and every other stage the clips that ingest made.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pipeline.cell import CellReport
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
    """One account per stage of the current fingerprints, in the order of the plan, scan first."""
    listed = sorted(dataset.shards_with_part(Listing.table, SCAN, SCAN_FINGERPRINT))
    accounts, num_sources = _account_scan(dataset, listed)
    num_clips = 0
    for name, stage in STAGES.items():
        if name not in fingerprints:
            continue
        marker = stage.produces[0].table
        shards = sorted(dataset.shards_with_part(marker, name, fingerprints[name]))
        reports = _reports(dataset, marker, name, fingerprints[name], shards)
        line = StageAccount(name)
        if len(shards) < len(listed):
            line.problems.append(f"{len(listed) - len(shards)} of {len(listed)} shards are not done")
        for report in reports:
            line.num_in += report.num_in
            line.num_done += report.num_done
            line.filtered.update(report.filtered)
            line.failed.update(report.failed)
        _check_failures(dataset, name, fingerprints[name], shards, line)
        _check_rows(dataset, name, fingerprints[name], reports, line)
        if name == "ingest":
            num_clips = sum(report.num_rows[Clip.table] for report in reports)
            if line.num_in != num_sources:
                line.problems.append(f"{line.num_in} sources came in, {num_sources} were listed")
        elif line.num_in != num_clips:
            line.problems.append(f"{line.num_in} clips came in, ingest made {num_clips}")
        accounts.append(line)
    return accounts


def _reports(dataset: Dataset, marker: str, stage: str, fingerprint: str, shards: Sequence[int]) -> list[CellReport]:
    with ThreadPoolExecutor(16) as pool:
        records = pool.map(lambda shard: dataset.read_report(marker, stage, fingerprint, shard), shards)
        return [CellReport.from_json(record) for record in records]


def _failures(dataset: Dataset, stage: str, fingerprint: str, shards: Sequence[int]) -> list[Failure]:
    with ThreadPoolExecutor(16) as pool:
        parts = pool.map(lambda shard: dataset.read_part(Failure, stage, fingerprint, shard), shards)
        return [failure for part in parts for failure in part]


def _check_rows(dataset: Dataset, stage: str, fingerprint: str, reports: Sequence[CellReport], line: StageAccount) -> None:
    """Every part has the number of rows that its cell reported."""
    parts = [(table, report.shard, number) for report in reports for table, number in report.num_rows.items()]
    with ThreadPoolExecutor(16) as pool:
        counted = pool.map(lambda part: dataset.num_rows(part[0], stage, fingerprint, part[1]), parts)
        for (table, shard, reported), found in zip(parts, counted, strict=True):
            if found != reported:
                line.problems.append(f"part {shard} of {table} has {found} rows, {reported} were reported")


def _check_failures(dataset: Dataset, stage: str, fingerprint: str, shards: Sequence[int], line: StageAccount) -> None:
    """The failure rows must be those that the reports counted: one subject each, under the code of its first row."""
    first_code: dict[str, str] = {}
    for failure in _failures(dataset, stage, fingerprint, shards):
        subject = failure.clip_id or failure.source_id or failure.uri or ""
        first_code.setdefault(subject, failure.code)
    rows = Counter(first_code.values())
    # a source of which some spans failed and others gave clips has failure rows and still counts as done
    missing = line.failed - rows
    if missing or (stage != "ingest" and rows != line.failed):
        line.problems.append(f"failure rows {dict(rows)} are not the counted failures {dict(line.failed)}")


def _account_scan(dataset: Dataset, shards: Sequence[int]) -> tuple[list[StageAccount], int]:
    """The account of the scan, as the first of a list, and the number of different sources that were listed."""
    line, sources = StageAccount(SCAN), set[str]()
    for shard in shards:
        for listing in dataset.read_part(Listing, SCAN, SCAN_FINGERPRINT, shard):
            line.num_in += 1
            if listing.duplicate_of:
                line.filtered["duplicate"] += 1
            else:
                line.num_done += 1
                sources.add(listing.source_id)
        for failure in dataset.read_part(Failure, SCAN, SCAN_FINGERPRINT, shard):
            line.num_in += 1
            line.failed[failure.code] += 1
    return [line], len(sources)
