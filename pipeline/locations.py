"""Where a source is: a local path, or a URL of any store that fsspec knows.

Local names are plain names: `::`, `*` and `[` in them never mean what they mean in a URL of fsspec.
"""

import os
from typing import IO

import fsspec


def local_path(uri: str) -> str | None:
    """The absolute path of a local uri, None for any other."""
    if "://" in uri and not uri.startswith("file://"):
        return None
    return os.path.abspath(uri.removeprefix("file://"))


def without_query(uri: str) -> str:
    """The uri as it may be shown: what follows `?` in a URL can be a signature, and is a key to the file."""
    return uri if local_path(uri) is not None else uri.partition("?")[0]


def open_source(uri: str) -> IO[bytes]:
    """Open a source for reading. Raises FileNotFoundError, OSError, or what its store raises."""
    path = local_path(uri)
    if path is not None:
        return open(path, "rb")
    remote: IO[bytes] = fsspec.open(uri, "rb").open()
    return remote
