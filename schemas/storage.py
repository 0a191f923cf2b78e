"""Files under a root that may be a folder, NFS or an object store, written so that a reader never sees half of one.

`create` is the one way to write. In a folder the bytes go to a temporary name that no reader looks at and get their real name
only when they are complete and synced; a killed writer leaves at most a dot file behind. An object store shows an object only
when its upload is complete: a finished local copy is uploaded whole, and a killed writer leaves nothing that can be seen.
Nothing outside this module opens a path of a dataset for writing.

Reading from a store costs one request for a file, whatever is then read of it: the file is fetched whole into scratch without
a name, which goes when it is closed, or with the process. Nothing is remembered between calls, so what another process wrote is
seen at once. `schemas.stores` opens stores and puts their errors into words.
"""

import errno
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fsspec.implementations.local import LocalFileSystem

from schemas.errors import RootError, StoreError
from schemas.stores import is_missing_bucket, open_impatiently, open_store, told, upload_options, was_refused

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class Storage:
    """Paths here are relative to the root and use '/'.

    Every method raises StoreError, which is an OSError, if a store does not answer or refuses; a folder raises its own OSError.
    """

    def __init__(self, url: str) -> None:
        if not url.strip():
            raise RootError("the root must be a folder or a URL, got an empty name")
        self.url = url.rstrip("/") or "/"
        self.fs, root = open_store(self.url)
        self.root: str = root.rstrip("/") or "/"

    def __reduce__(self) -> tuple[Any, ...]:
        """Only the place travels: each process opens a store with credentials and endpoint of its own."""
        return Storage, (self.root if self.is_local else self.url,)

    @property
    def is_local(self) -> bool:
        return isinstance(self.fs, LocalFileSystem)

    def full(self, path: str) -> str:
        """The path as the filesystem knows it, for libraries that open files themselves."""
        return f"{self.root}/{path}" if path else self.root

    def reach(self) -> list[str]:
        """The names at the root, as `names` gives them. The first question to a store: StoreError within seconds."""
        return self.names("") if self.is_local else sorted(self._listed(open_impatiently(self.url), ""))

    @property
    def is_file(self) -> bool:
        """Whether the root itself is a file."""
        with self._store_errors():
            return bool(self.fs.isfile(self.root))

    def exists(self, path: str) -> bool:
        with self._store_errors():
            return bool(self.fs.exists(self.full(path)))

    def names(self, folder: str) -> list[str]:
        """Sorted names directly in a folder, without temporary ones; an absent folder is empty."""
        if not self.is_local:
            return sorted(self._entries(folder))
        with suppress(FileNotFoundError, NotADirectoryError):
            return sorted(name for name in os.listdir(self.full(folder)) if not name.startswith("."))
        return []

    def versions(self, folder: str) -> dict[str, str]:
        """Name → what changes when the file does: its size and time of change, or the tag that a store gives its content."""
        if self.is_local:
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.full(folder)) as entries:
                found = {entry.name: entry.stat() for entry in entries if not entry.name.startswith(".")}
                return {name: f"{stat.st_size}-{stat.st_mtime_ns}" for name, stat in sorted(found.items())}
            return {}
        tags = ("ETag", "etag", "LastModified", "mtime", "created")
        return {
            name: "-".join(str(entry[key]) for key in ("size", *tags) if key in entry)
            for name, entry in sorted(self._entries(folder).items())
            if entry["type"] == "file"
        }

    def _entries(self, folder: str) -> dict[str, dict[str, Any]]:
        """Of a folder in a store: name → what the store says of it."""
        return self._listed(self.fs, folder)

    def _listed(self, filesystem: Any, folder: str) -> dict[str, dict[str, Any]]:
        full = self.full(folder)
        with self._store_errors():
            try:
                entries = filesystem.ls(full, detail=True, refresh=True)
            except (FileNotFoundError, NotADirectoryError) as error:
                if was_refused(error):
                    raise StoreError(told(self.url, error)) from None
                return {}
        # an object whose name ends in "/" is how some programs draw a folder
        named = {PurePosixPath(entry["name"]).name: entry for entry in entries if entry["name"].rstrip("/") != full}
        return {name: entry for name, entry in named.items() if not name.startswith(".")}

    def files(self) -> dict[str, int]:
        """Every file under the root with its size, temporary ones too."""
        with self._store_errors():
            found = self.fs.find(self.root, detail=True)
        return {path[len(self.full("")) :].lstrip("/"): int(entry["size"]) for path, entry in found.items()}

    def open(self, path: str) -> IO[bytes]:
        """Open for reading; FileNotFoundError if it is not there. Of a store the whole file is fetched first."""
        if self.is_local:
            return open(self.full(path), "rb")
        with _scratch() as local:
            with self._store_errors(FileNotFoundError):
                self.fs.get_file(self.full(path), str(local))
            return local.open("rb")

    def read(self, path: str) -> bytes:
        with self.open(path) as source:
            return source.read()

    def tail(self, path: str, num_bytes: int) -> bytes:
        """The last bytes of a file, fewer if it is shorter: one request, however long the file is."""
        if self.is_local:
            with self.open(path) as source:
                source.seek(max(0, source.seek(0, os.SEEK_END) - num_bytes))
                return source.read()
        with self._store_errors(FileNotFoundError):
            data: bytes = self.fs.cat_file(self.full(path), start=-num_bytes)
            return data

    def size(self, path: str) -> int:
        with self._store_errors(FileNotFoundError):
            return int(self.fs.size(self.full(path)))

    def modified(self, path: str) -> datetime:
        """When a file was last written, by the clock of the storage."""
        with self._store_errors(FileNotFoundError):
            when: datetime = self.fs.modified(self.full(path))
            return when

    def remove(self, path: str) -> None:
        """Remove a file; no error if it is gone already."""
        with self._store_errors(), suppress(FileNotFoundError):
            self.fs.rm_file(self.full(path))

    def write(self, path: str, data: bytes, *, is_synced: bool = True) -> None:
        """Atomic like `create`. Not synced, the file survives a killed process and not a power cut, and costs far less."""
        if self.is_local and not is_synced:
            target = Path(self.full(path))
            temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
            with self._disk_errors():
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(data)
                temporary.replace(target)
            return
        with self.create(path) as handle:
            handle.write(data)

    @contextmanager
    def create(self, path: str, *, must_be_new: bool = False) -> Iterator[IO[bytes]]:
        """A seekable file that becomes `path` when the block ends without an error, and vanishes otherwise.

        With `must_be_new`, FileExistsError if the path is taken at the end: of two writers one wins, and the other knows. A
        folder decides that with a link, S3 and its like with the upload itself (`If-None-Match`; also the stores of Google and
        Azure). A store that ignores the condition lets both believe that they won, and a writer whose first try succeeded
        unheard is told that it lost: safe, since the file is its own.
        """
        create = self._create_local if self.is_local else self._create_remote
        with self._disk_errors(), create(self.full(path), must_be_new) as handle:
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
        with _scratch() as local:
            with local.open("wb+") as handle:
                yield handle
            mode = "create" if must_be_new else "overwrite"
            with self._store_errors(FileExistsError):
                self.fs.put_file(str(local), full, mode=mode, **upload_options(self.url))

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """A disk that takes nothing more is nothing that a second try would change: RootError, not the disk's own OSError."""
        try:
            yield
        except OSError as error:
            if self.is_local and error.errno in _DISK_ERRORS:
                raise RootError(
                    f"{self.url} must have room and be writable, but the disk says: {os.strerror(error.errno)}; nothing "
                    f"is lost, mend it and run the same command again"
                ) from None
            raise

    @contextmanager
    def _store_errors(self, *answers: type[OSError]) -> Iterator[None]:
        """Every kind of store has errors of its own: those of a store become StoreError, but for what is an answer here."""
        try:
            yield
        except Exception as error:
            is_answer = isinstance(error, (StoreError, *answers)) and not is_missing_bucket(error)
            if self.is_local or is_answer:
                raise
            raise StoreError(told(self.url, error)) from None


class Snapshot(Storage):
    """A store at one moment, to look at: each folder is listed once, when it is first asked for, and absent ones not at all.

    For who asks for many folders in a row. What is written later is not seen.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage.url)
        self._known: dict[str, dict[str, dict[str, Any]]] = {}

    def _entries(self, folder: str) -> dict[str, dict[str, Any]]:
        if folder not in self._known:
            parent, _, name = folder.rpartition("/")
            is_there = not folder or name in self._entries(parent)
            self._known[folder] = super()._entries(folder) if is_there else {}
        return self._known[folder]


@contextmanager
def _scratch() -> Iterator[Path]:
    """The path of a file that may be made there; it is gone afterwards, and goes on to exist for who has it open."""
    with tempfile.TemporaryDirectory(prefix="audiocot-") as folder:
        yield Path(folder) / "file"


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
