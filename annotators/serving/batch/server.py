"""What answers a batch: a file of requests goes in, a batch is made of it, and some time later there are results."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from annotators.serving.batch.record import Record


@dataclass(frozen=True)
class Look:
    """How far a batch is. `said`: what there is to say about it.

    running  it goes on; `num_done` requests have a result
    ended    results are there, perhaps not for every request
    full     not taken, for there is no room beside the batches that run
    lost     it ended without a trace of a result
    refused  not taken: something is wrong with the file, the model or the account
    """

    state: Literal["running", "ended", "full", "lost", "refused"]
    num_done: int = 0
    said: str = ""


class BatchServer(Protocol):
    """Every method raises ServerError if the server cannot be used. What is full, lost or refused was not paid for."""

    def upload(self, name: str, lines: Iterable[bytes]) -> str:
        """Bring a file to the server and return its id. Costs nothing."""
        ...

    def create(self, name: str, file_id: str, uploaded_at: float) -> str:
        """Make a batch of the file and return its id: never two of one file."""
        ...

    def find(self, file_id: str, uploaded_at: float) -> str | None:
        """The batch that was made of this file, if one was."""
        ...

    def look(self, record: Record) -> Look: ...

    def results(self, record: Record) -> Iterator[bytes]:
        """The lines of a batch that has ended."""
        ...

    def close(self) -> None:
        """Stop waiting. What runs elsewhere goes on."""
        ...
