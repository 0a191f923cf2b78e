"""Seals: what was written is whole, and whatever changes afterwards is not."""

import hashlib
import io
import json
import random

import pytest

from schemas.seal import BLANK, Checksum, is_whole, seal_json, sealed, unseal_json

RECORD = {"name": "a", "words": ["ü", None, 1.5]}


def test_a_sealed_record_comes_back_as_it_was() -> None:
    assert unseal_json(seal_json(RECORD)) == RECORD
    assert unseal_json(seal_json(RECORD, indent=1)) == RECORD
    assert json.loads(seal_json(RECORD))["name"] == "a", "and anybody can read it"


def test_every_changed_byte_breaks_the_seal() -> None:
    data = seal_json(RECORD)
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            assert not is_whole(bytes(changed)), (place, bit)


def test_a_shorter_or_longer_file_is_not_whole() -> None:
    data = seal_json(RECORD)
    for end in range(len(data)):
        assert not is_whole(data[:end])
    assert not is_whole(data + b"\n")
    assert not is_whole(b"")


def test_a_blank_seal_in_the_data_itself_is_left_alone() -> None:
    """Whatever people write into captions, the last one is ours."""
    record = {"caption": BLANK}
    assert unseal_json(seal_json(record)) == record


def test_a_file_without_a_blank_cannot_be_sealed() -> None:
    with pytest.raises(ValueError, match="blank seal"):
        sealed(b"{}")


def test_the_checksum_of_a_file_is_that_of_its_bytes_wherever_it_was_read_to() -> None:
    data = random.Random(0).randbytes(3_000_000)
    file = io.BytesIO(data)
    file.seek(1000)
    assert Checksum.of_file(file) == Checksum.of(data) == Checksum(3_000_000, hashlib.sha256(data).hexdigest())
