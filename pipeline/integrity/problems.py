"""What can be wrong with a file, and how one is held against its checksum."""

from dataclasses import dataclass
from typing import Literal

from schemas.errors import RootError
from schemas.layout import Dataset
from schemas.seal import Checksum, is_whole

Kind = Literal["missing", "truncated", "changed", "unreadable", "unlisted", "unfinished"]


@dataclass(frozen=True, order=True)
class Problem:
    """One file that is not what it should be.

    missing: it should be there. truncated: its end is. changed: its bytes are not those that were written. unreadable: the
    storage does not give it. unlisted: it belongs to nothing. unfinished: a killed process left it, which is harmless.
    """

    path: str
    kind: Kind
    told: str

    @property
    def is_damage(self) -> bool:
        return self.kind != "unfinished"

    def __str__(self) -> str:
        return f"{self.path}: {self.kind} ({self.told})"


def check_listed(dataset: Dataset, path: str, wanted: Checksum) -> Problem | None:
    """Read a file once and compare."""
    try:
        with dataset.storage.open(path) as source:
            found = Checksum.of_file(source)
    except FileNotFoundError:
        return Problem(path, "missing", "it should be there")
    except (OSError, RootError) as error:
        return _unreadable(path, error)
    if found == wanted:
        return None
    if found.num_bytes != wanted.num_bytes:
        kind: Kind = "truncated" if found.num_bytes < wanted.num_bytes else "changed"
        return Problem(path, kind, f"it has {found.num_bytes} bytes, {wanted.num_bytes} were written")
    return Problem(path, "changed", "its bytes are not those that were written")


def read_sealed(dataset: Dataset, path: str) -> bytes | Problem:
    """The bytes of a file that carries its own seal."""
    try:
        data = dataset.storage.read(path)
    except FileNotFoundError:
        return Problem(path, "missing", "it should be there")
    except (OSError, RootError) as error:
        return _unreadable(path, error)
    if not data:
        return Problem(path, "truncated", "it is empty")
    if is_whole(data):
        return data
    is_cut = path.endswith(".parquet") and not data.endswith(b"PAR1")
    return Problem(path, "truncated" if is_cut else "changed", "its seal does not fit")


def check_sealed(dataset: Dataset, path: str) -> Problem | None:
    """Whether a file that carries its own seal is whole."""
    found = read_sealed(dataset, path)
    return found if isinstance(found, Problem) else None


def _unreadable(path: str, error: Exception) -> Problem:
    return Problem(path, "unreadable", " ".join(str(error).split()))
