"""Seals: a small file that carries the digest of its own bytes, so that damage is found without a second file.

A writer puts `BLANK` somewhere into the file (a value in the metadata of a Parquet part, the last value of a JSON record) and
`sealed` fills in the SHA-256 of all bytes with the seal blank. Whatever byte changes afterwards, one of the seal included,
`is_whole` is false. It finds accidents, not forgers. Files that are too large to be held in memory have no seal: who commits
them writes down their digest in a file that has one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any

_MARK = b"audiocot-seal:"
_DIGITS = 64
_BLOCK_BYTES = 1 << 20
BLANK = (_MARK + b"0" * _DIGITS).decode()
SEAL_KEY = "seal"


@dataclass(frozen=True)
class Checksum:
    """What a file must be: its size and the SHA-256 of its bytes."""

    num_bytes: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Checksum":
        return cls(len(data), hashlib.sha256(data).hexdigest())

    @classmethod
    def of_file(cls, file: IO[bytes]) -> "Checksum":
        """Of a whole file, block by block."""
        file.seek(0)
        digest = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
        return cls(file.tell(), digest.hexdigest())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def sealed(data: bytes) -> bytes:
    """The bytes with their last `BLANK` filled in. ValueError if there is none."""
    start = data.rfind(BLANK.encode()) + len(_MARK)
    if start < len(_MARK):
        raise ValueError("a file that is sealed must have a blank seal")
    return data[:start] + Checksum.of(data).sha256.encode() + data[start + _DIGITS :]


def is_whole(data: bytes) -> bool:
    """Whether the bytes are those that were sealed; False for a file without a seal."""
    start = data.rfind(_MARK) + len(_MARK)
    if start < len(_MARK):
        return False
    blank = data[:start] + b"0" * _DIGITS + data[start + _DIGITS :]
    return data[start : start + _DIGITS] == Checksum.of(blank).sha256.encode()


def seal_json(record: Mapping[str, Any], indent: int | None = None) -> bytes:
    """A JSON record with its seal as the last key."""
    return sealed(json.dumps({**record, SEAL_KEY: BLANK}, indent=indent).encode())


def unseal_json(data: bytes) -> dict[str, Any]:
    """The record without its seal. ValueError if the bytes are not those that were sealed."""
    if not is_whole(data):
        raise ValueError("the file is not as it was written: its seal does not fit")
    record: dict[str, Any] = json.loads(data)
    del record[SEAL_KEY]
    return record
