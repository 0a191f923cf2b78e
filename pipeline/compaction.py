"""Compaction: done cells of a generation are copied into blocks, on the workers, before a release is made.

Every part is read once, its seal checked, and what it holds compared with what its cell reported (by `accounting`, from what is
written down here), so that nobody has to open it again to ask or to count. A block takes up to MAX_SHARDS shards; the last one
grows with the dataset by being made again. A stage with few loose cells is left alone: their parts are quickly read. The
scan is a stage like the others here, only that its cells have no report.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.blocks import SHARD, Block, BlockCell, Generation, block_folder, find_generation, remove_block, write_cells
from pipeline.jobs import Job
from pipeline.plan import SCAN, SCAN_FINGERPRINT, Plan
from schemas.accounting import Failure, Usage
from schemas.arrow import arrow_schema
from schemas.layout import Dataset
from schemas.media import Listing
from schemas.row import Row
from schemas.seal import Checksum
from schemas.tables import TABLES

MIN_LOOSE = 32
MAX_SHARDS = 1024
_ROW_GROUP = 60_000  # large enough to be read fast, small enough that a clip's rows are found without reading all


def compaction_jobs(dataset: Dataset, plan: Plan) -> list[Job]:
    """One job per stage that has gathered enough loose cells."""
    written: dict[str, tuple[type[Row], ...]] = {f"{SCAN}-{SCAN_FINGERPRINT[:8]}": (Listing, Failure)}
    for planned in plan.stages:
        written[f"{planned.name}-{planned.fingerprint[:8]}"] = (*planned.stage.produces, Failure, Usage)
    jobs = []
    for number, (name, tables) in enumerate(written.items()):
        if len(find_generation(dataset, name, tables[0].table).loose) >= MIN_LOOSE:
            jobs.append(Job(("compact", number), CompactWork(dataset, name, tuple(table.table for table in tables))))
    return jobs


@dataclass(frozen=True)
class CompactWork:
    """Brings the loose cells of one generation into blocks. `tables`: those its cells may write, the marking one first."""

    dataset: Dataset
    name: str
    tables: tuple[str, ...]

    def __call__(self, worker: Any, set_aside: Any, note_path: str | None) -> int:
        found = find_generation(self.dataset, self.name, self.tables[0])
        growing = [block for block in found.blocks if len(block.cells) < MAX_SHARDS]
        shards = sorted([*found.loose, *(shard for block in growing for shard in block.shards)])
        for start in range(0, len(shards), MAX_SHARDS):
            self._write(found, shards[start : start + MAX_SHARDS])
        for folder in [*found.stale, *(block.folder for block in growing)]:
            remove_block(self.dataset, folder)
        return len(shards)

    def _write(self, found: Generation, shards: Sequence[int]) -> None:
        folder = block_folder(self.name, {shard: found.marks[shard] for shard in shards})
        num_rows: dict[int, dict[str, int]] = {shard: {} for shard in shards}
        failed: dict[int, Mapping[str, int]] = {}
        files: dict[str, Checksum] = {}
        for table in self.tables:
            holding = [shard for shard in shards if self._has(table, shard)]
            if not holding:
                continue
            schema = arrow_schema(TABLES[table]).append(pa.field(SHARD, pa.int32(), nullable=False))
            with self.dataset.storage.create(f"{folder}/{table}.parquet") as sink:
                with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
                    for group in _grouped(self._parts(TABLES[table], holding, num_rows, failed)):
                        writer.write_table(group, row_group_size=_ROW_GROUP)
                files[table] = Checksum.of_file(sink)
        cells = [
            BlockCell(shard, found.marks[shard], self._report(shard), num_rows[shard], failed.get(shard, {}))
            for shard in shards
        ]
        write_cells(self.dataset, Block(folder, cells, files))

    def _has(self, table: str, shard: int) -> bool:
        """Every cell writes every part, but for the ledger, which only cells have that asked a server."""
        return table != Usage.table or self.dataset.storage.exists(self._path(table, shard))

    def _parts(
        self,
        row_type: type[Row],
        shards: Sequence[int],
        num_rows: dict[int, dict[str, int]],
        failed: dict[int, Mapping[str, int]],
    ) -> Iterator[pa.Table]:
        stage, _, fingerprint = self.name.rpartition("-")
        for shard in shards:
            part = self.dataset.read_arrow(row_type, stage, fingerprint, shard)
            num_rows[shard][row_type.table] = part.num_rows
            if row_type is Failure:
                failed[shard] = failed_subjects(part.to_pylist())
            yield part.append_column(pa.field(SHARD, pa.int32(), nullable=False), pa.array([shard] * part.num_rows, pa.int32()))

    def _report(self, shard: int) -> dict[str, Any]:
        stage, _, fingerprint = self.name.rpartition("-")
        return {} if stage == SCAN else self.dataset.read_report(self.tables[0], stage, fingerprint, shard)

    def _path(self, table: str, shard: int) -> str:
        stage, _, fingerprint = self.name.rpartition("-")
        return self.dataset.part_path(table, stage, fingerprint, shard)


def failed_subjects(failures: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many listed files, sources or clips failed, by the code of the first row about each."""
    first_code: dict[str, str] = {}
    for failure in failures:
        subject = failure["clip_id"] or failure["source_id"] or failure["uri"] or ""
        first_code.setdefault(subject, failure["code"])
    return dict(Counter(first_code.values()))


def _grouped(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Parts put together to row groups; always at least one, so that the file has its schema."""
    held: list[pa.Table] = []
    num_rows = 0
    for part in parts:
        held.append(part)
        num_rows += part.num_rows
        if num_rows >= _ROW_GROUP:
            yield pa.concat_tables(held).combine_chunks()
            held, num_rows = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()
