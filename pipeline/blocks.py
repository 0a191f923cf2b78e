"""Blocks: the rows of many cells of one stage, table by table in one file each, so that few files are opened.

    blocks/<stage>-<fingerprint8>/<first>-<last>-<hash8>/<table>.parquet   rows of these shards in order, with their `shard`
    blocks/<stage>-<fingerprint8>/<first>-<last>-<hash8>/cells.json        what the cells' marks said; written last

Parts stay the truth: cells read and write them, and blocks are copies that may be deleted at any time. A block holds as long as
the mark of each of its cells is the file that it was made from (size and time of change, or the tag of the store); a cell that
was made again, or whose parts were taken away, puts its whole block out of use until the next build makes another one. What is
in no block is read from its parts. `pipeline.compaction` writes blocks.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.layout import Dataset
from schemas.row import Row
from schemas.seal import Checksum, seal_json, unseal_json

BLOCKS = "blocks"
CELLS = "cells.json"
_PART = re.compile(r"part-\d{6}\.parquet")
SHARD = "shard"  # the column that a block has more than its table


@dataclass(frozen=True)
class BlockCell:
    """A cell in a block. `mark`: the version of the file that says it is done.

    `failed`: subjects by the code of the first row about each. `num_rows`: table → rows found, of failure and usage too.
    """

    shard: int
    mark: str
    report: Mapping[str, Any]
    num_rows: Mapping[str, int]
    failed: Mapping[str, int]


@dataclass(frozen=True)
class Block:
    """`files`: table → what its file must be."""

    folder: str
    cells: Sequence[BlockCell]
    files: Mapping[str, Checksum]

    @property
    def shards(self) -> list[int]:
        return [cell.shard for cell in self.cells]

    def path(self, table: str) -> str:
        return f"{self.folder}/{table}.parquet"

    @property
    def tables(self) -> set[str]:
        """Those it has a file of."""
        return {table for cell in self.cells for table in cell.num_rows}


@dataclass(frozen=True)
class Generation:
    """What one stage has made with one fingerprint. `loose`: done shards that are in no block. `stale`: folders of no use."""

    name: str  # <stage>-<fingerprint8>
    marks: Mapping[int, str]  # done shard → version of its mark
    blocks: Sequence[Block]
    loose: Sequence[int]
    stale: Sequence[str]


def find_generation(dataset: Dataset, name: str, marker: str) -> Generation:
    """List what is there. `marker`: the table whose parts mark cells as done."""
    storage = dataset.storage
    versions = storage.versions(f"tables/{marker}/{name}")
    marks = {int(file[5:11]): version for file, version in versions.items() if _PART.fullmatch(file)}
    blocks: list[Block] = []
    stale: list[str] = []
    taken: set[int] = set()
    for folder in sorted((f"blocks/{name}/{found}" for found in storage.names(f"blocks/{name}")), key=_span, reverse=True):
        block = read_block(dataset, folder)
        if block and taken.isdisjoint(block.shards) and all(marks.get(cell.shard) == cell.mark for cell in block.cells):
            blocks.append(block)
            taken.update(block.shards)
        else:
            stale.append(folder)
    return Generation(name, marks, sorted(blocks, key=lambda block: block.folder), sorted(marks.keys() - taken), stale)


def block_folder(name: str, marks: Mapping[int, str]) -> str:
    """Where the block of these shards and versions of their marks is: another one never comes to the same place."""
    shards = sorted(marks)
    told = json.dumps([[shard, marks[shard]] for shard in shards]).encode()
    return f"blocks/{name}/{shards[0]:06d}-{shards[-1]:06d}-{hashlib.sha256(told).hexdigest()[:8]}"


def write_cells(dataset: Dataset, block: Block) -> None:
    """Commit a block whose tables are there."""
    files = {table: checksum.to_json() for table, checksum in block.files.items()}
    record = {"cells": [asdict(cell) for cell in block.cells], "files": files}
    dataset.storage.write(f"{block.folder}/{CELLS}", seal_json(record))


def remove_block(dataset: Dataset, folder: str) -> None:
    """The file that commits it first."""
    names = dataset.storage.names(folder)
    for name in sorted(names, key=lambda name: name != CELLS):
        dataset.storage.remove(f"{folder}/{name}")


def read_block(dataset: Dataset, folder: str) -> Block | None:
    """None for a block that was not committed, or is damaged: its cells have their parts."""
    try:
        record = unseal_json(dataset.storage.read(f"{folder}/{CELLS}"))
        files = {table: Checksum(**checksum) for table, checksum in record["files"].items()}
        return Block(folder, [BlockCell(**cell) for cell in record["cells"]], files)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def read_rows(dataset: Dataset, block: Block, row_type: type[Row], columns: Sequence[str]) -> pa.Table | None:
    """Columns of a block's table. None if its file is damaged or gone."""
    try:
        data = dataset.storage.read(block.path(row_type.table))
    except FileNotFoundError:
        return None
    if Checksum.of(data) != block.files[row_type.table]:
        return None
    return pq.ParquetFile(pa.BufferReader(data)).read(columns=list(columns))


def _span(folder: str) -> int:
    """How many shards a block's name spans: of two that hold the same, the larger is taken."""
    first, last, *_ = folder.rpartition("/")[2].split("-")
    return int(last) - int(first) if first.isdigit() and last.isdigit() else -1
