"""Sources that were taken down: a note for each, by which every later scan keeps it out.

The note holds the hash of the source's bytes, which does not give them back.
"""

from datetime import UTC, datetime

from schemas.layout import Dataset
from schemas.seal import seal_json

FOLDER = "forgotten"


def bar(dataset: Dataset, source_id: str) -> None:
    """Keep a source out from now on."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    dataset.storage.write(f"{FOLDER}/{source_id}.json", seal_json({"source_id": source_id, "since": since}))


def barred_sources(dataset: Dataset) -> set[str]:
    """Ids of the sources that must not come back."""
    return {name.removesuffix(".json") for name in dataset.storage.names(FOLDER)}
