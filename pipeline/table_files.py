"""How DuckDB reaches the tables of a dataset that is in a store: a filesystem of fsspec that needs no extension of DuckDB.

Names are those within the dataset, whatever the root is called, and it opens nothing but what is under `tables/` and `blocks/`,
only for reading. A file is fetched whole when it is first asked for, once, into scratch that goes with the filesystem: parts
are small, DuckDB comes back to each several times, and a request takes as long as a megabyte.
"""

import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

from fsspec import AbstractFileSystem

from schemas.storage import Storage

PROTOCOL = "dataset"
_FOLDERS = ("tables", "blocks")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class TableFiles(AbstractFileSystem):  # type: ignore[misc]
    """Register it with a connection; files are then called `url(path)`."""

    protocol = PROTOCOL
    cachable = False  # each has files of its own

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage
        self._scratch = tempfile.TemporaryDirectory(prefix="audiocot-tables-", ignore_cleanup_errors=True)
        self._locks: dict[str, Lock] = defaultdict(Lock)

    @staticmethod
    def url(path: str) -> str:
        """What DuckDB calls a file of the dataset."""
        return f"{PROTOCOL}://{path}"

    def close(self) -> None:
        self._scratch.cleanup()

    def glob(self, path: str, **options: Any) -> list[str]:
        """DuckDB asks what a name stands for: for itself, no patterns. Whether it is there shows when it is opened."""
        name = self._strip_protocol(path)
        return [name] if _is_of_a_table(name) else []

    def exists(self, path: str, **options: Any) -> bool:
        return True

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        return {"name": name, "type": "file", "size": self._fetched(name).stat().st_size}

    def modified(self, path: str) -> datetime:
        """Always the same: what a catalog has begun to read does not change for it."""
        return _SOME_TIME

    def open(self, path: str, mode: str = "rb", **options: Any) -> IO[bytes]:
        if mode != "rb":
            raise PermissionError(f"a table is only read, got mode {mode!r}")
        return self._fetched(self._strip_protocol(path)).open("rb")

    def _fetched(self, name: str) -> Path:
        """The copy of a file. FileNotFoundError if it is not there, or none of a table."""
        if not _is_of_a_table(name):
            raise FileNotFoundError(f"{name} is no file of a table")
        copy = Path(self._scratch.name, name)
        with self._locks[name]:
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(self._storage.read(name))
        return copy


def _is_of_a_table(name: str) -> bool:
    folder, *names = name.split("/")
    return folder in _FOLDERS and not {"", ".", ".."} & set(names) and not set("*?[") & set(name)
