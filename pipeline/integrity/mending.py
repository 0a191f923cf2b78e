"""Mending: what is damaged is taken back, so that the next build makes exactly that again.

    a file of a cell              the whole cell, its mark first
    a shard, table or card        that file and the manifest of its release, if it is the release of the last finished run
    what is kept twice            the other copy is put in its place
    a run record, a reply         removed: the next build writes another one, a reply is asked again
    a block                       removed: its cells have their parts
    CURRENT                       the newest release that is there
    what a killed writer left     removed

What cannot be mended here (an older release, something that is not ours) is left alone and told. The caller holds the lease.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.blocks import BLOCKS, remove_block
from pipeline.integrity.cells import KEPT_TWICE, CellName, cell_of
from pipeline.integrity.finding import Inspection
from pipeline.integrity.problems import Problem, check_sealed
from pipeline.integrity.redoing import FOLDER, take_back
from pipeline.integrity.releases import release_name
from pipeline.release.publish import CURRENT, MANIFEST
from pipeline.runs import current_run, runs
from schemas.layout import IDENTITY, SPARE, Dataset
from schemas.storage import Storage


@dataclass
class Mended:
    """What was done. `cells`, `release`: for the next build to make again. `left`: what cannot be mended."""

    cells: list[CellName] = field(default_factory=list)
    release: str | None = None
    restored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[Problem] = field(default_factory=list)


def mend(dataset: Dataset, found: Inspection) -> Mended:
    """Take back or put right what is damaged, and remove what killed writers left."""
    mended = Mended()
    of_cells: dict[CellName, list[Problem]] = defaultdict(list)
    for problem in found.problems:
        path, cell = problem.path, cell_of(problem.path)
        if problem.kind == "unfinished" or path.startswith(("runs/", "replies/", f"{FOLDER}/")):
            _remove(dataset, path, mended)
        elif path.startswith(f"{SPARE}/") or path == IDENTITY or (cell and cell.stage in KEPT_TWICE):
            _restore(dataset, problem, mended)
        elif cell and cell.mark:
            of_cells[cell].append(problem)
        elif path == CURRENT:
            _point_at_newest(dataset, problem, mended)
        elif path.startswith(f"{BLOCKS}/"):
            remove_block(dataset, path.rpartition("/")[0])
            mended.removed.append(path)
        elif path.startswith("releases/"):
            _take_back_release_file(dataset, problem, mended)
        else:
            mended.left.append(problem)
    for cell, problems in of_cells.items():
        if all(problem.kind == "unlisted" for problem in problems):
            for problem in problems:
                _remove(dataset, problem.path, mended)
            continue
        take_back(dataset, cell, [path for path in found.files if cell_of(path) == cell])
        mended.cells.append(cell)
    return mended


def restore_identity(url: str) -> bool:
    """Put the spare copy of a damaged identity back, without which a root cannot even be opened; whether that was done."""
    dataset = Dataset(Storage(url), {})
    if not check_sealed(dataset, IDENTITY) or check_sealed(dataset, f"{SPARE}/{IDENTITY}"):
        return False
    dataset.storage.write(IDENTITY, dataset.storage.read(f"{SPARE}/{IDENTITY}"))
    return True


def _remove(dataset: Dataset, path: str, mended: Mended) -> None:
    dataset.storage.remove(path)
    mended.removed.append(path)


def _restore(dataset: Dataset, problem: Problem, mended: Mended) -> None:
    """From the other copy, if that is whole."""
    path = problem.path
    other = path.removeprefix(f"{SPARE}/") if path.startswith(f"{SPARE}/") else f"{SPARE}/{path}"
    if check_sealed(dataset, other):
        mended.left.append(problem)
        return
    dataset.storage.write(path, dataset.storage.read(other))
    mended.restored.append(path)


def _point_at_newest(dataset: Dataset, problem: Problem, mended: Mended) -> None:
    published = (run.release for run in runs(dataset) if run.release)
    newest = next((name for name in published if dataset.storage.exists(f"releases/{name}/{MANIFEST}")), None)
    if newest is None:
        mended.left.append(problem)
        return
    dataset.storage.write(CURRENT, newest.encode())
    mended.restored.append(CURRENT)


def _take_back_release_file(dataset: Dataset, problem: Problem, mended: Mended) -> None:
    run = current_run(dataset)
    name = release_name(problem.path)
    if run is None or run.release != name:
        mended.left.append(problem)
        return
    dataset.storage.remove(f"releases/{name}/{MANIFEST}")
    dataset.storage.remove(problem.path)
    mended.release = name
