"""What there is to ingest: every file of a folder, one file, or the rows of a manifest.

Lists, opens nothing: whether a file is media is for the probe to say, so every regular file counts and none is passed over in
silence. What cannot even be listed (gone, a pipe, no permission) is a BadEntry with a failure code. Nothing to list at all is a
SourceError. Names are data: control characters stay as they are.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.locations import local_path, without_query
from pipeline.manifests import EXTENSIONS, BadRow, ManifestRow, read_manifest, vggsound_names
from schemas.errors import AudiocotError, SourceError
from schemas.stores import open_impatiently, open_store, told

# Rows of strangers: fsspec also knows protocols that read archives in archives, write caches, log in or describe other files.
_STORES = frozenset(
    {"file", "http", "https", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hf", "hdfs", "oss", "memory"}
)


@dataclass(frozen=True)
class Entry:
    """A file, or a span of it. `modified_ns` is None where a store does not say it."""

    uri: str  # an absolute path or a URL
    name: str
    num_bytes: int
    modified_ns: int | None
    start_s: float | None = None
    end_s: float | None = None
    label: str | None = None
    split: str | None = None
    license: str | None = None


@dataclass(frozen=True)
class BadEntry:
    """Something that was listed but cannot be read; `code` is one of FAILURE_CODES."""

    uri: str
    code: str
    message: str


def list_sources(spec: str, media_dir: str | None = None) -> Iterator[Entry | BadEntry]:
    """Entries of a folder (recursive, by name), a media file, or a manifest (`.csv .tsv .jsonl .parquet`), local or fsspec URL.

    Args:
        media_dir: where VGGSound's files are; by default beside the manifest.

    Raises:
        SourceError: nothing is there, the folder is empty, or the manifest is unusable. Raised at once, not while iterating.
    """
    if not spec.strip():
        raise SourceError("the source must be a folder, a file, a manifest or a URL, got an empty name")
    path = local_path(spec)
    try:
        exists, is_folder = (os.path.lexists(path), os.path.isdir(path)) if path else _remote_kind(spec)
    except AudiocotError as error:
        raise SourceError(f"the source {error}") from None
    except Exception as error:  # every kind of store has errors of its own
        raise SourceError(f"the source {told(without_query(spec), error)}") from None
    if not exists:
        raise SourceError(f"the source {without_query(spec)} does not exist")
    if is_folder:
        entries = _walk(Path(path), frozenset()) if path else _remote_folder(spec)
        first = next(entries, None)
        if first is None:
            raise SourceError(f"the source {spec} is a folder without files")
        return chain([first], entries)
    if PurePosixPath(spec).suffix.lower() in EXTENSIONS:
        return _manifest(spec, read_manifest(spec), media_dir)
    return iter([_entry(path or spec)])


def _remote_kind(url: str) -> tuple[bool, bool]:
    """Whether it exists, and whether it is a folder. The first question to its store, which is not waited for long."""
    _, path = open_store(url)
    try:
        return True, open_impatiently(url).info(path)["type"] == "directory"
    except FileNotFoundError:
        return False, False


def _entry(uri: str) -> Entry | BadEntry:
    """A file as it is now."""
    try:
        uri.encode()
    except UnicodeEncodeError:
        return BadEntry(uri.encode("utf-8", "replace").decode(), "unreadable", "the name is not UTF-8")
    try:
        if local_path(uri) is None:
            return _remote_file(uri)
        status = os.stat(uri)
    except FileNotFoundError:
        return BadEntry(uri, "vanished", "no such file")
    except (OSError, ValueError) as error:
        return BadEntry(uri, "unreadable", str(getattr(error, "strerror", None) or error))
    if not stat.S_ISREG(status.st_mode):
        return BadEntry(uri, "unreadable", "not a regular file")
    return Entry(uri, os.path.basename(uri), status.st_size, status.st_mtime_ns)


def _walk(folder: Path, above: frozenset[str]) -> Iterator[Entry | BadEntry]:
    """Files below a folder by name; `above` are the real paths of the folders it is in, so that links cannot go in circles."""
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield BadEntry(os.fspath(folder), "unreadable", f"the folder cannot be listed: {error.strerror}")
        return
    for name in names:
        path = folder / name
        if name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path, above | {real})
        else:
            yield _entry(os.fspath(path))


def _remote_folder(url: str) -> Iterator[Entry | BadEntry]:
    filesystem, root = open_store(url)
    found = filesystem.find(root, detail=True)
    for path in sorted(found):
        is_drawn = path.endswith("/")  # an object by which some programs draw a folder
        if not is_drawn and not any(part.startswith(".") for part in PurePosixPath(path).relative_to(root).parts):
            yield _remote_entry(filesystem.unstrip_protocol(path), PurePosixPath(path).name, found[path])


def _remote_file(uri: str) -> Entry | BadEntry:
    try:
        filesystem, path = open_store(uri)
        return _remote_entry(uri, PurePosixPath(without_query(uri)).name, filesystem.info(path))
    except FileNotFoundError:
        return BadEntry(uri, "vanished", "no such file")
    except Exception as error:  # every kind of store has errors of its own
        return BadEntry(uri, "unreadable", told(without_query(uri), error))


def _remote_entry(uri: str, name: str, info: Mapping[str, Any]) -> Entry:
    times = (info.get(key) for key in ("LastModified", "last_modified", "updated", "mtime", "created"))
    modified = next((time for time in times if isinstance(time, datetime)), None)
    modified_ns = int(modified.timestamp()) * 10**9 + modified.microsecond * 1000 if modified else None
    return Entry(uri, name, int(info["size"] or 0), modified_ns)


def _manifest(url: str, rows: list[ManifestRow | BadRow], media_dir: str | None) -> Iterator[Entry | BadEntry]:
    folder = (local_path(url) or url).rpartition("/")[0]
    beside = media_dir or folder
    names = _names(beside) if any(isinstance(row, ManifestRow) and row.vggsound for row in rows) else []
    for row in rows:
        if isinstance(row, BadRow):
            yield BadEntry(url, row.code, row.message)
            continue
        found = _resolved(row.uri, folder) if row.uri else _vggsound_uri(row, beside, names)
        entry = found if isinstance(found, BadEntry) else _entry(found)
        if isinstance(entry, Entry):
            entry = Entry(
                entry.uri, entry.name, entry.num_bytes, entry.modified_ns,
                row.start_s, row.end_s, row.label, row.split, row.license,
            )  # fmt: skip
        yield entry


def _resolved(uri: str, folder: str) -> str | BadEntry:
    """A uri of a manifest: as it is if it is absolute, else relative to the folder."""
    if "://" in uri:
        if uri.partition("://")[0].lower() not in _STORES:
            allowed = ", ".join(sorted(_STORES))
            return BadEntry(without_query(uri), "unreadable", f"a URL of a manifest begins with one of {allowed}")
        return local_path(uri) or uri
    return f"{folder}/{uri}" if local_path(folder) is None else os.path.abspath(os.path.join(folder, uri))


def _names(folder: str) -> list[str]:
    filesystem, path = open_store(folder)
    try:
        return sorted(PurePosixPath(name).name for name in filesystem.ls(path, detail=False))
    except OSError as error:
        raise SourceError(f"the media folder {folder} cannot be listed: {error}") from None


def _vggsound_uri(row: ManifestRow, folder: str, names: list[str]) -> str | BadEntry:
    """Where a clip of VGGSound is: under its own name, or with something before it (`vggsound_<ytid>_….mp4`)."""
    assert row.vggsound is not None
    wanted = vggsound_names(*row.vggsound)
    for name in names:
        if name in wanted or any(name.endswith(f"_{one}") for one in wanted):
            return _resolved(name, folder)
    return BadEntry(f"{folder}/{wanted[0]}", "vanished", f"row {row.number}: neither {wanted[0]} nor {wanted[1]} is there")
