"""Paid replies, kept in the dataset under the hash of the whole request, so that a killed build never pays twice."""

from dataclasses import dataclass

from schemas.storage import Storage


@dataclass(frozen=True)
class ReplyStore:
    """Files `replies/<first two hex digits>/<hash>.json` under the dataset's root."""

    storage: Storage
