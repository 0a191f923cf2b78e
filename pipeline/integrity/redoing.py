"""Cells that are taken back and made again, and who reads them.

Cells are deterministic: a cell that is made again says what it said before, and its readers stay as they are. Where it does not
(a model that samples, another ffmpeg), what was made of its old rows must be made again, too. So a cell that is taken back
leaves a note `redone/<stage>-<fingerprint8>/<shard>.json` of what it said, and a build that has made it again compares: readers
are taken back, with notes of their own, only if something is different. What could not be read any more when the note was
written is trusted to have been the same.
"""

import hashlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.integrity.cells import CellName, files_of_mark
from pipeline.integrity.problems import Problem, read_sealed
from pipeline.plan import Plan, PlannedStage
from schemas.layout import Dataset
from schemas.seal import seal_json, unseal_json

FOLDER = "redone"


def take_back(dataset: Dataset, cell: CellName, paths: list[str]) -> None:
    """Remove the files of a cell, its mark first, so that the next build makes it again."""
    assert cell.mark is not None, f"{cell.folder} is no stage of this program"
    note = f"{FOLDER}/{cell.folder}/{cell.shard:06d}.json"
    if not dataset.storage.exists(note):  # the first one knows what the readers have read
        dataset.storage.write(note, seal_json({"said": _said(dataset, cell.mark)}))
    dataset.storage.remove(cell.mark)
    for path in paths:
        dataset.storage.remove(path)


def settle(dataset: Dataset, plan: Plan) -> bool:
    """Compare what was made again since it was taken back; True if readers of it have to be made again now."""
    is_unsettled = False
    noted = set(dataset.storage.names(FOLDER))
    for planned in plan.stages:
        folder = _folder(planned)
        if folder not in noted:
            continue
        for name in dataset.storage.names(f"{FOLDER}/{folder}"):
            cell = CellName(folder, int(name.removesuffix(".json")))
            if cell.mark is None or not dataset.storage.exists(cell.mark):
                continue
            before = _read(dataset, f"{FOLDER}/{folder}/{name}")
            now = _said(dataset, cell.mark)
            if any(now.get(path, said) != said for path, said in before.items()):
                for reader in _readers(plan, planned):
                    is_unsettled |= _take_back_whole(dataset, CellName(_folder(reader), cell.shard))
            dataset.storage.remove(f"{FOLDER}/{folder}/{name}")
    return is_unsettled


def _take_back_whole(dataset: Dataset, cell: CellName) -> bool:
    assert cell.mark is not None
    if not dataset.storage.exists(cell.mark):
        return False
    data = read_sealed(dataset, cell.mark)
    take_back(dataset, cell, [] if isinstance(data, Problem) else list(files_of_mark(data)))
    return True


def _readers(plan: Plan, planned: PlannedStage) -> Iterator[PlannedStage]:
    return (reader for reader in plan.stages if planned.name in reader.upstream)


def _said(dataset: Dataset, mark: str) -> dict[str, str]:
    """path → hash of what is in it, for every file of a cell as far as it can be told."""
    data = read_sealed(dataset, mark)
    if isinstance(data, Problem):
        return {}
    return {path: checksum.sha256 for path, checksum in files_of_mark(data).items()} | {mark: _hash_of_rows(data)}


def _hash_of_rows(part: bytes) -> str:
    """Without the footer, where a mark also says how long the cell took."""
    footer = pq.read_metadata(pa.BufferReader(part)).serialized_size + 8
    return hashlib.sha256(part[:-footer]).hexdigest()


def _read(dataset: Dataset, path: str) -> dict[str, str]:
    """Nothing is known of what a damaged note said."""
    try:
        said: dict[str, str] = unseal_json(dataset.storage.read(path))["said"]
        return said
    except (ValueError, KeyError):
        return {}


def _folder(planned: PlannedStage) -> str:
    return f"{planned.name}-{planned.fingerprint[:8]}"
