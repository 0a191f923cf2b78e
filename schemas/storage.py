"""Files under a root that may be a folder, NFS or an object store, written so that a reader never sees half of one.

`create` is the one way to write: the bytes go to a temporary name that no reader looks at and get their real name only when
they are complete and synced. A killed writer leaves at most a dot file behind. Nothing outside this module opens a path of
a dataset for writing.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import RootError


class Storage:
    """Paths here are relative to the root and use '/'."""

    def __init__(self, url: str) -> None:
        if not url.strip():
            raise RootError("the root must be a folder or a URL, got an empty name")
        self.url = url.rstrip("/") or "/"
        try:
            self.fs, root = fsspec.core.url_to_fs(self.url)
        except Exception as error:  # an unknown protocol, a package that is not installed, a malformed URL
            raise RootError(f"{url} cannot be used as a root: {error}") from None
        self.root: str = root.rstrip("/") or "/"

    @property
    def is_local(self) -> bool:
        return isinstance(self.fs, LocalFileSystem)

    def full(self, path: str) -> str:
        """The path as the filesystem knows it, for libraries that open files themselves."""
        return f"{self.root}/{path}" if path else self.root

    def exists(self, path: str) -> bool:
        return bool(self.fs.exists(self.full(path)))

    def names(self, folder: str) -> list[str]:
        """Sorted names directly in a folder, without temporary ones; an absent folder is empty."""
        try:
            entries = self.fs.ls(self.full(folder), detail=False, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (PurePosixPath(entry.rstrip("/")).name for entry in entries)
        return sorted(name for name in names if not name.startswith("."))

    def open(self, path: str) -> IO[bytes]:
        """Open for reading; FileNotFoundError if it is not there."""
        handle: IO[bytes] = self.fs.open(self.full(path), "rb")
        return handle

    def read(self, path: str) -> bytes:
        data: bytes = self.fs.cat_file(self.full(path))
        return data

    def size(self, path: str) -> int:
        return int(self.fs.size(self.full(path)))

    def remove(self, path: str) -> None:
        """Remove a file; no error if it is gone already."""
        try:
            self.fs.rm_file(self.full(path))
        except FileNotFoundError:
            return

    def write(self, path: str, data: bytes, *, is_synced: bool = True) -> None:
        """Atomic like `create`. Not synced, the file survives a killed process and not a power cut, and costs far less."""
        if self.is_local and not is_synced:
            target = Path(self.full(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
            temporary.write_bytes(data)
            temporary.replace(target)
            return
        with self.create(path) as handle:
            handle.write(data)

    @contextmanager
    def create(self, path: str, *, must_be_new: bool = False) -> Iterator[IO[bytes]]:
        """A seekable file that becomes `path` when the block ends without an error, and vanishes otherwise.

        With `must_be_new`, FileExistsError if the path is taken at the end: of two writers one wins, and the other knows. An
        object store is only asked beforehand.
        """
        create = self._create_local if self.is_local else self._create_remote
        with create(self.full(path), must_be_new) as handle:
            yield handle

    @contextmanager
    def _create_local(self, full: str, must_be_new: bool) -> Iterator[IO[bytes]]:
        target = Path(full)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("wb+") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            if must_be_new:
                os.link(temporary, target)
            else:
                temporary.replace(target)
            _sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _create_remote(self, full: str, must_be_new: bool) -> Iterator[IO[bytes]]:
        """Object stores show an object only when its upload is complete, so a finished local copy is uploaded whole."""
        with tempfile.TemporaryDirectory(prefix="audiocot-") as folder:
            local = Path(folder) / "upload"
            with local.open("wb+") as handle:
                yield handle
            if must_be_new and self.fs.exists(full):
                raise FileExistsError(full)
            self.fs.put_file(str(local), full)

    def fetch(self, path: str, target: Path) -> None:
        """Copy a file of the root to a local path."""
        with self.open(path) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
