"""What is known about the batches of one stage, as files in the dataset, so that any process can go on where another ended.

    batches/<stage>-<fingerprint8>/requests/<round>/000042.jsonl   what the cell would ask, media inside
    batches/<stage>-<fingerprint8>/requests/<round>/000042.json    the same, counted; written last: it says "collected"
    batches/<stage>-<fingerprint8>/000007.json                     one batch: whose requests, which id, what became of it

The requests are removed when the stage has no batch to wait for; the records stay, they are small and say what was paid where.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from annotators.serving.batch.outbox import Asked, Outbox
from schemas.errors import Rejected, RootError, ServerError
from schemas.row import Value
from schemas.storage import Storage

_ASKED = TypeAdapter(list[Asked])


class Record(Value):
    """One batch. `left`: what got no answer, with code and message of a refusal. `usd` None: the model has no price."""

    number: int
    asked_of: Literal["openai", "vllm"]
    asked: tuple[Asked, ...]
    file_id: str
    uploaded_at: float  # seconds since 1970
    batch_id: str | None = None  # None: perhaps there is none
    is_done: bool = False
    num_answered: int = 0
    usd: float | None = None
    left: dict[str, tuple[str, str]] = Field(default_factory=dict)

    def refusals(self) -> Iterator[tuple[str, Rejected]]:
        return ((key, Rejected(code, message)) for key, (code, message) in self.left.items())


class BatchFolder:
    """`cells`: "<stage>-<fingerprint8>", the beginning of the names of its cells."""

    def __init__(self, storage: Storage, cells: str) -> None:
        self.storage, self.cells = storage, cells
        self.path = f"batches/{cells}"

    @contextmanager
    def collecting(self, turn: int, shard: int, takes_reasks: bool) -> Iterator[Outbox]:
        """An outbox whose requests are there when the block has ended without an error, and not before."""
        with self.storage.create(self._requests(turn, shard, "jsonl")) as sink:
            outbox = Outbox(sink, shard, takes_reasks)
            yield outbox
        self.storage.write(self._requests(turn, shard, "json"), _ASKED.dump_json(outbox.asked))

    def collected(self, turn: int) -> set[int]:
        """The shards whose requests of this round are there."""
        names = self.storage.names(f"{self.path}/requests/{turn}")
        return {int(name[:6]) for name in names if name.endswith(".json")}

    def asked(self, turn: int) -> list[Asked]:
        """What the cells of this round would ask, each request once."""
        found: dict[str, Asked] = {}
        for shard in sorted(self.collected(turn)):
            for asked in _ASKED.validate_json(self.storage.read(self._requests(turn, shard, "json"))):
                found.setdefault(asked.key, asked)
        return list(found.values())

    def lines(self, turn: int, asked: Iterable[Asked]) -> Iterator[bytes]:
        """These requests as lines of a batch's file."""
        wanted: dict[int, set[str]] = defaultdict(set)
        for one in asked:
            wanted[one.shard].add(one.key)
        for shard, keys in wanted.items():
            written = _ASKED.validate_json(self.storage.read(self._requests(turn, shard, "json")))
            with self.storage.open(self._requests(turn, shard, "jsonl")) as source:
                yield from (line for one, line in zip(written, source, strict=True) if one.key in keys)

    def drop_requests(self) -> None:
        """They hold media, and are as large as all of it."""
        for turn in self.storage.names(f"{self.path}/requests"):
            names = self.storage.names(f"{self.path}/requests/{turn}")
            for name in sorted(names, key=lambda name: name.endswith(".jsonl")):  # what says "collected" first
                self.storage.remove(f"{self.path}/requests/{turn}/{name}")

    def records(self) -> list[Record]:
        """RootError, with what to do, if one is damaged."""
        names = [name for name in self.storage.names(self.path) if name.endswith(".json")]
        return [self._read(f"{self.path}/{name}") for name in names]

    def _read(self, path: str) -> Record:
        try:
            return Record.model_validate_json(self.storage.read(path))
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"]
            raise RootError(
                f"{path} in {self.storage.url} is damaged ({said}); delete it, and its requests are asked again"
            ) from None

    def add(self, record: Record) -> None:
        """ServerError if another build has added one meanwhile: both would pay for the same requests."""
        try:
            with self.storage.create(self._record(record.number), must_be_new=True) as sink:
                sink.write(record.model_dump_json().encode())
        except FileExistsError:
            raise ServerError(f"one build at a time may ask in batches for {self.cells}; another one is doing so") from None

    def save(self, record: Record) -> None:
        """Write the record, in the place of an older one."""
        self.storage.write(self._record(record.number), record.model_dump_json().encode())

    def forget(self, record: Record) -> None:
        """Nothing came of it, and nothing was paid."""
        self.storage.remove(self._record(record.number))

    def _record(self, number: int) -> str:
        return f"{self.path}/{number:06d}.json"

    def _requests(self, turn: int, shard: int, kind: str) -> str:
        return f"{self.path}/requests/{turn}/{shard:06d}.{kind}"


def left_over(storage: Storage, cell: str) -> dict[str, Rejected]:
    """What the batches of a cell's stage left without an answer, and why, by the key of the request."""
    folder = BatchFolder(storage, cell.partition("/")[0])
    return dict(refusal for record in folder.records() for refusal in record.refusals())
