"""Finding damage: every file under a root is read once and held against the checksum that was written with it.

What is there comes from one listing; what should be there from the marks of cells, the manifests of releases and the record of
the last finished run. Files that carry their own seal need no list. `leases/`, `batches/` and notes are passed over:
they belong to whoever is at work, and are read with care.

Left out: files that nothing refers to. A lost reply is asked again, a lost record of an older run is history.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from pipeline.blocks import BLOCKS, CELLS, read_block
from pipeline.integrity.cells import KEPT_TWICE, CellFiles, CellName, cell_of, check_cell
from pipeline.integrity.problems import Problem, check_listed, check_sealed
from pipeline.integrity.releases import check_current, look_at_release, release_name
from pipeline.plan import SCAN
from pipeline.release.publish import CURRENT, MANIFEST
from pipeline.runs import RunRecord, runs
from schemas.layout import IDENTITY, SPARE, Dataset

_THREADS = 16
_SEALED = re.compile(r"(?:runs|forgotten)/[^/]+\.json|(?:replies|redone)/[^/]+/[^/]+\.json")
_PASSED_OVER = re.compile(r"leases/.*|batches/.*|runs/[^/]+\.notes/.*")
_HALF_WRITTEN = re.compile(r"(?:.*/)?\.[^/]+\.tmp")
_Check = tuple[int, Callable[[], list[Problem]]]  # how many files it reads


@dataclass(frozen=True)
class Inspection:
    """What was found. `files`: every file with its size. `problems`: sorted by path."""

    files: Mapping[str, int]
    problems: list[Problem]

    @property
    def damage(self) -> list[Problem]:
        """All but what a killed process left, which is harmless."""
        return [problem for problem in self.problems if problem.is_damage]


def inspect_files(
    dataset: Dataset, on_listed: Callable[[int], None] = lambda _: None, on_read: Callable[[int], None] = lambda _: None
) -> Inspection:
    """Read everything under the root. `on_listed` is told how many files there are, `on_read` how many more were read."""
    files = dataset.storage.files()
    checks = list(_checks(dataset, files))
    on_listed(sum(number for number, _ in checks))
    problems: list[Problem] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for (number, _), found in zip(checks, pool.map(lambda check: check[1](), checks), strict=True):
            problems += found
            on_read(number)
    return Inspection(files, sorted(set(problems)))


def _checks(dataset: Dataset, files: Mapping[str, int]) -> Iterator[_Check]:
    recorded = list(runs(dataset))
    last = next((run for run in recorded if run.status == "done"), None)
    yield from _cell_checks(dataset, files, last)
    yield from _release_checks(dataset, files, {run.release for run in recorded if run.release})
    yield from _spare_checks(dataset, files)
    yield from _block_checks(dataset, files)
    for path in files:
        if _SEALED.fullmatch(path) or path == IDENTITY:
            yield 1, partial(_found, check_sealed, dataset, path)
        elif _HALF_WRITTEN.fullmatch(path):
            yield 0, partial(list, [Problem(path, "unfinished", "its writer was killed")])
        elif not (cell_of(path) or _PASSED_OVER.fullmatch(path) or path.startswith((f"{SPARE}/", f"{BLOCKS}/", "releases/"))):
            yield 0, partial(list, [Problem(path, "unlisted", "nothing of a dataset is called so")])


def _cell_checks(dataset: Dataset, files: Collection[str], last: RunRecord | None) -> Iterator[_Check]:
    cells: dict[CellName, list[str]] = defaultdict(list)
    for path in files:
        if cell := cell_of(path):
            cells[cell].append(path)
    kept = {cell for path in files if path.startswith(f"{SPARE}/") and (cell := cell_of(path.removeprefix(f"{SPARE}/")))}
    listed = {cell.shard for cell in cells.keys() | kept if cell.stage == SCAN}
    expected = {
        CellName(f"{stage}-{value[:8]}", shard)
        for stage, value in (last.fingerprints if last else {}).items()
        for shard in listed
        if last and shard < last.num_shards
    }
    for cell in sorted(cells.keys() | expected | kept):
        paths = sorted(cells.get(cell, []))
        yield len(paths), partial(check_cell, dataset, CellFiles(cell, paths, cell in expected | kept))


def _release_checks(dataset: Dataset, files: Collection[str], expected: Collection[str]) -> Iterator[_Check]:
    releases: dict[str, set[str]] = {name: set() for name in expected}
    for path in files:
        if path.startswith("releases/") and path != CURRENT and not _HALF_WRITTEN.fullmatch(path):
            releases.setdefault(release_name(path), set()).add(path)
    for name, paths in sorted(releases.items()):
        problems, listed = look_at_release(dataset, name, paths, name in expected)
        yield 1, partial(list, problems)
        for path, wanted in listed.items():
            yield 1, partial(_found, check_listed, dataset, path, wanted)
    published = [name for name, paths in releases.items() if f"releases/{name}/{MANIFEST}" in paths]
    yield 1, partial(check_current, dataset, published, expected)


def _spare_checks(dataset: Dataset, files: Collection[str]) -> Iterator[_Check]:
    for path in {path.removeprefix(f"{SPARE}/") for path in files if _is_kept_twice(path.removeprefix(f"{SPARE}/"))}:
        if f"{SPARE}/{path}" in files:
            yield 1, partial(_found, check_sealed, dataset, f"{SPARE}/{path}")
        else:
            yield 0, partial(list, [Problem(f"{SPARE}/{path}", "missing", f"it is the second copy of {path}")])


def _block_checks(dataset: Dataset, files: Collection[str]) -> Iterator[_Check]:
    """Copies of parts. What of them is damaged or was never finished is of no use, and no loss."""
    blocks: dict[str, set[str]] = defaultdict(set)
    for path in files:
        if path.startswith(f"{BLOCKS}/") and not _HALF_WRITTEN.fullmatch(path):
            blocks[path.rpartition("/")[0]].add(path)
    for folder, paths in sorted(blocks.items()):
        committed = f"{folder}/{CELLS}"
        if committed not in paths:
            yield 0, partial(list, [Problem(path, "unfinished", f"its block has no {CELLS}") for path in sorted(paths)])
            continue
        yield 1, partial(_found, check_sealed, dataset, committed)
        if block := read_block(dataset, folder):
            for table, wanted in block.files.items():
                yield 1, partial(_found, check_listed, dataset, block.path(table), wanted)


def _is_kept_twice(path: str) -> bool:
    cell = cell_of(path)
    return path == IDENTITY or (cell is not None and cell.stage in KEPT_TWICE)


def _found(check: Callable[..., Problem | None], *args: object) -> list[Problem]:
    problem = check(*args)
    return [problem] if problem else []
