"""Where a source is: a local path, or a URL of any store that fsspec knows.

Local names are plain names: `::`, `*` and `[` in them never mean what they mean in a URL of fsspec.
"""

import os
from pathlib import Path
from typing import IO

from schemas.stores import is_remote, open_store, without_password


def local_path(uri: str) -> str | None:
    """The absolute path of a local uri, None for any other."""
    if is_remote(uri):
        return None
    return os.path.abspath(uri.removeprefix("file://"))


def without_query(uri: str) -> str:
    """The uri as it may be shown: a password, or what follows `?` in a URL and can be a signature, is a key to the file."""
    return uri if local_path(uri) is not None else without_password(uri).partition("?")[0]


def open_source(uri: str) -> IO[bytes]:
    """Open a source for reading. Raises FileNotFoundError, OSError, or what its store raises."""
    path = local_path(uri)
    if path is not None:
        return open(path, "rb")
    filesystem, path = open_store(uri)
    remote: IO[bytes] = filesystem.open(path, "rb")
    return remote


def fetch_source(uri: str, target: Path) -> None:
    """Copy a remote source to a local file. Raises what `open_source` raises."""
    filesystem, path = open_store(uri)
    filesystem.get_file(path, str(target))
