"""The files of one cell: its mark, what the mark lists, and what it does not.

A mark that is gone cannot be told from one that was never written by looking at the cell, so whether it `is_expected` comes
from outside: the last finished run, or a spare copy of it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.integrity.problems import Problem, check_listed, read_sealed
from pipeline.plan import SCAN
from pipeline.stages import STAGES
from schemas.layout import FILES_KEY, Dataset
from schemas.media import Listing
from schemas.reviews import REVIEW, Review
from schemas.seal import Checksum

KEPT_TWICE = (SCAN, REVIEW)  # the shards of a dataset and what people said: nobody can make these again
_FILE = re.compile(r"(?:tables/[^/]+|clips)/([^/]+)/(?:part|shard)-(\d{6})\.(?:parquet|tar)")
# stage → the table whose part marks a cell as done
MARKERS = {SCAN: Listing.table, REVIEW: Review.table} | {name: stage.produces[0].table for name, stage in STAGES.items()}


@dataclass(frozen=True, order=True)
class CellName:
    """`folder`: `<stage>-<fingerprint8>`."""

    folder: str
    shard: int

    @property
    def stage(self) -> str:
        return self.folder.rpartition("-")[0]

    @property
    def mark(self) -> str | None:
        """The path of the part that says it is done; None for a stage that this program does not have."""
        marker = MARKERS.get(self.stage)
        return marker and f"tables/{marker}/{self.folder}/part-{self.shard:06d}.parquet"


@dataclass(frozen=True)
class CellFiles:
    """What is there of a cell. `is_expected`: its mark must be there."""

    name: CellName
    paths: Sequence[str]
    is_expected: bool


def cell_of(path: str) -> CellName | None:
    """The cell that a file belongs to by its name."""
    match = _FILE.fullmatch(path)
    return CellName(match[1], int(match[2])) if match else None


def files_of_mark(data: bytes) -> dict[str, Checksum]:
    """What else belongs to the cell, by the bytes of its mark."""
    listed = json.loads(pq.read_metadata(pa.BufferReader(data)).metadata.get(FILES_KEY, b"{}"))
    return {path: Checksum(**checksum) for path, checksum in listed.items()}


def check_cell(dataset: Dataset, cell: CellFiles) -> list[Problem]:
    """Every file of the cell that is not what it should be."""
    mark = cell.name.mark
    if mark is None:
        return [Problem(path, "unlisted", f"there is no stage {cell.name.stage}") for path in cell.paths]
    if mark not in cell.paths:
        left = [Problem(path, "unfinished", "the part that marks its cell as done is not there") for path in cell.paths]
        return [Problem(mark, "missing", "it marks its cell as done")] if cell.is_expected else left
    data = read_sealed(dataset, mark)
    if isinstance(data, Problem):
        return [data]
    listed = files_of_mark(data)
    problems = [check_listed(dataset, path, checksum) for path, checksum in listed.items()]
    unknown = [path for path in cell.paths if path not in listed and path != mark]
    problems += [Problem(path, "unlisted", "the mark of its cell does not know it") for path in unknown]
    return [problem for problem in problems if problem]
