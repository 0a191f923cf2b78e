"""Garbage: what a root holds that no recipe and no release refers to.

Every change of a prompt or parameter makes new parts beside the old ones, which stay until somebody removes them here. Kept
are, by stage and fingerprint, the parts of the last finished run of each recipe (told apart by name), of every run of it that
came later (a killed build goes on from them), and of every published release; and what was listed and reviewed. Paid replies
are never garbage. Nothing is removed that cannot be proven to be of no use: a damaged record of a run stops the search.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from pipeline.plan import SCAN
from pipeline.release.publish import MANIFEST
from pipeline.runs import RunRecord
from pipeline.stages import STAGES
from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.reviews import REVIEW
from schemas.seal import unseal_json

_GENERATION = re.compile(
    r"(?:spare/)?(?:tables/[a-z_]+|clips|blocks|batches|redone)/(?P<stage>[a-z_]+)-(?P<fingerprint>[0-9a-f]{8})/"
)
_NOTES = re.compile(r"runs/[^/]+\.notes/")
_RELEASE = re.compile(r"releases/(?P<name>[^/]+)/")
_TEMPORARY = re.compile(r"(?:.*/)?\.[^/]+\.tmp$")
_REMOVALS_AT_ONCE = 16
_ABANDONED = timedelta(hours=1)  # no writer takes that long for one file


@dataclass(frozen=True)
class Heap:
    """Files that go together. `files`: path → bytes, marks of cells first."""

    name: str
    why: str
    files: Mapping[str, int]

    @property
    def num_bytes(self) -> int:
        return sum(self.files.values())


def find_garbage(dataset: Dataset, kept: Iterable[Mapping[str, str]] = ()) -> list[Heap]:
    """Heaps in the order of their names. `kept`: further sets of fingerprints, of recipes that are still to be built.

    RootError if the record of a run or the manifest of a release is damaged: what it refers to is not known.
    """
    files = dataset.storage.files()
    referred = _referred(dataset, files) | {_name(*pair) for fingerprints in kept for pair in fingerprints.items()}
    heaps: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for path, size in sorted(files.items(), key=lambda file: (not _is_mark(file[0]), file[0])):
        if found := _why(dataset, path, files, referred):
            heaps[found][path] = size
    return [Heap(name, why, found) for (name, why), found in sorted(heaps.items())]


def remove(dataset: Dataset, heap: Heap) -> None:
    """Marks first: what is half removed is not taken for done. Many at a time, because a store takes its time for each."""
    marks = [path for path in heap.files if _is_mark(path)]
    others = [path for path in heap.files if not _is_mark(path)]
    with ThreadPoolExecutor(_REMOVALS_AT_ONCE) as pool:
        for paths in (marks, others):
            list(pool.map(dataset.storage.remove, paths))


def _why(dataset: Dataset, path: str, files: Mapping[str, int], referred: set[str]) -> tuple[str, str] | None:
    """The heap of a file and why it is garbage; None if it is not."""
    if _TEMPORARY.match(path):
        is_old = datetime.now(UTC) - dataset.storage.modified(path) > _ABANDONED
        return ("unfinished files", "a writer that was killed left them") if is_old else None
    if found := _GENERATION.match(path):
        name = _name(found["stage"], found["fingerprint"])
        return None if name in referred else (name, "no recipe and no release refers to it")
    if _NOTES.match(path):
        return path.split("/")[1], "notes of a run that is over"
    if (found := _RELEASE.match(path)) and f"releases/{found['name']}/{MANIFEST}" not in files:
        return f"releases/{found['name']}", "it was never published"
    return None


def _is_mark(path: str) -> bool:
    found = _GENERATION.match(path)
    return bool(found and found["stage"] in STAGES and path.startswith(f"tables/{STAGES[found['stage']].produces[0].table}/"))


def _name(stage: str, fingerprint: str) -> str:
    return f"{stage}-{fingerprint[:8]}"


def _referred(dataset: Dataset, files: Iterable[str]) -> set[str]:
    """<stage>-<fingerprint8> of everything that a run or a release refers to."""
    found = {path.split("/")[2] for path in files if re.match(rf"tables/[a-z_]+/({SCAN}|{REVIEW})-", path)}
    finished: set[str] = set()
    for path in sorted((path for path in files if re.fullmatch(r"runs/[^/]+\.json", path)), reverse=True):
        run = _record(dataset, path)
        recipe = str(run.recipe.get("name"))
        if recipe not in finished:
            found |= {_name(*pair) for pair in run.fingerprints.items()}
        if run.status == "done":
            finished.add(recipe)
    for path in files:
        if re.fullmatch(rf"releases/[^/]+/{re.escape(MANIFEST)}", path):
            found |= {_name(*pair) for pair in _read(dataset, path)["fingerprints"].items()}
    return found


def _record(dataset: Dataset, path: str) -> RunRecord:
    try:
        return RunRecord.model_validate(_read(dataset, path))
    except ValidationError:
        raise _damaged(dataset, path) from None


def _read(dataset: Dataset, path: str) -> Mapping[str, Mapping[str, str]]:
    try:
        return unseal_json(dataset.storage.read(path))
    except (ValueError, json.JSONDecodeError):
        raise _damaged(dataset, path) from None


def _damaged(dataset: Dataset, path: str) -> RootError:
    return RootError(
        f"what {path} in {dataset.url} refers to must be known before anything is removed, and it is damaged; "
        "`audiocot verify` says what is; restore it, or delete it if nothing it refers to is needed"
    )
