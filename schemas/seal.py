"""Seals: a small file that carries the digest of its own bytes, so that damage is found without a second file.

A writer puts `BLANK` somewhere into the file (a value in the metadata of a Parquet part, the last value of a JSON record) and
`sealed` fills in the SHA-256 of all bytes with the seal blank. Whatever byte changes afterwards, one of the seal included,
`is_whole` is false. It finds accidents, not forgers. Files that are too large to be held in memory have no seal: who commits
them writes down their digest in a file that has one.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import IO, Any

_MARK = b"audiocot-seal:"
_DIGITS = 64
BLANK = (_MARK + b"0" * _DIGITS).decode()
SEAL_KEY = "seal"


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of(file: IO[bytes]) -> str:
    """The same of a whole file, block by block."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def sealed(data: bytes) -> bytes:
    """The bytes with their last `BLANK` filled in. ValueError if there is none."""
    start = data.rfind(BLANK.encode()) + len(_MARK)
    if start < len(_MARK):
        raise ValueError("a file that is sealed must have a blank seal")
    return data[:start] + digest(data).encode() + data[start + _DIGITS :]


def is_whole(data: bytes) -> bool:
    """Whether the bytes are those that were sealed; False for a file without a seal."""
    start = data.rfind(_MARK) + len(_MARK)
    if start < len(_MARK):
        return False
    blank = data[:start] + b"0" * _DIGITS + data[start + _DIGITS :]
    return data[start : start + _DIGITS] == digest(blank).encode()


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
