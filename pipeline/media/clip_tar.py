"""A shard of clips as one tar: written with the same bytes for the same clips, read member by member.

The layout is WebDataset's: the files of a clip stand together and share the name up to the first dot. Headers are USTAR with
time, owner and group 0 and mode 0644. Order is the caller's (clips sorted by id; mp4, flac, json of each); a name that comes
twice is a mistake. Reading seeks: the headers once, then only the members that are asked for, on any seekable file.
"""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from schemas.errors import RootError, StoreError
from schemas.layout import REMEDY
from schemas.media import Clip

Content = bytes | Path
_COPY_BYTES = 1 << 20  # tarfile copies 16 KiB at a time


@dataclass(frozen=True)
class IngestedClip:
    """A clip's row and its files, before they are packed."""

    clip: Clip
    video: Path | None
    audio: Path


def clip_members(ingested: IngestedClip) -> Iterator[tuple[str, Content]]:
    """Names and contents of a clip's files: `<clip_id>.mp4` (not for audio-only clips), `.flac`, `.json` (its row)."""
    clip_id = ingested.clip.clip_id
    if ingested.video is not None:
        yield f"{clip_id}.mp4", ingested.video
    yield f"{clip_id}.flac", ingested.audio
    yield f"{clip_id}.json", ingested.clip.model_dump_json().encode()


def write_tar(sink: IO[bytes], members: Iterable[tuple[str, Content]]) -> None:
    """Write members in the order given; contents are bytes or local files. ValueError for a name that comes twice."""
    names: set[str] = set()
    with tarfile.TarFile(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT, copybufsize=_COPY_BYTES) as tar:
        for name, content in members:
            if name in names:
                raise ValueError(f"a member name comes once in a tar, got {name!r} again")
            names.add(name)
            header = tarfile.TarInfo(name)  # time, owner and group are 0, mode is 0644
            header.size = len(content) if isinstance(content, bytes) else content.stat().st_size
            with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
                tar.addfile(header, source)


@contextmanager
def damage_told(path: str) -> Iterator[None]:
    """Whatever a tar raises that is not as it was written becomes RootError: no clip of it is to blame."""
    try:
        yield
    except StoreError:  # a store that does not answer is asked again
        raise
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise RootError(f"{path} is missing or damaged ({error}); {REMEDY}") from None


class ClipTar:
    """Random access to the members of a tar. Opens the file on the first read and keeps it open until `close`."""

    def __init__(self, opener: Callable[[], IO[bytes]]) -> None:
        self._opener = opener
        self._file: IO[bytes] | None = None
        self._index: dict[str, tuple[int, int]] = {}  # name → offset and size of its content

    def names(self) -> list[str]:
        """Member names in the order of the tar."""
        self._opened()
        return list(self._index)

    def read(self, name: str) -> bytes:
        """The content of one member; KeyError if there is none of that name."""
        file = self._opened()
        if name not in self._index:
            raise KeyError(f"no member {name!r} in the tar")
        offset, size = self._index[name]
        file.seek(offset)
        content = file.read(size)
        if len(content) != size:
            raise OSError(f"the tar ends within its member {name!r}")
        return content

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = self._opener()
            with tarfile.open(fileobj=self._file, mode="r:") as tar:
                self._index = {member.name: (member.offset_data, member.size) for member in tar}
        return self._file
