"""A cell: one stage over one shard, as the worker that does it sees it.

It reads what earlier stages wrote about the shard, collects rows and failures, and commits them: failures and further tables
first, the stage's first table last, because its part is what says "done". Nothing of it passes through the driver but the
report.
"""

import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import IO, Any, TypeVar

from pipeline.media_cache import LazyMedia, MediaCache
from pipeline.plan import Plan, PlannedStage
from pipeline.sample import Sample
from pipeline.spent import Spent
from schemas.accounting import Failure, Usage, Used
from schemas.errors import Rejected
from schemas.layout import Dataset
from schemas.media import Clip
from schemas.row import AnnotationRow, Row
from schemas.seal import Checksum

R = TypeVar("R", bound=Row)


def peak_memory_mb() -> float:
    """The most memory this process has held so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # getrusage counts bytes there, KiB here
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


@dataclass
class Tally:
    """What became of what came in. The sum closes: num_in = num_done + filtered + failed."""

    num_in: int = 0
    num_done: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def is_closed(self) -> bool:
        return self.num_in == self.num_done + self.filtered.total() + self.failed.total()


@dataclass(frozen=True)
class CellReport:
    """What a finished cell says about itself; stored in its part, sent to the driver.

    `peak_rss_mb`: its process so far. `spent`: on served models.
    """

    stage: str
    shard: int
    num_in: int
    num_done: int
    filtered: dict[str, int]
    failed: dict[str, int]
    num_rows: dict[str, int]
    seconds: float
    peak_rss_mb: float
    spent: Spent = field(default_factory=Spent)  # parts of an earlier version say nothing about it

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "CellReport":
        return cls(**{**record, "spent": Spent(**record.get("spent", {}))})


class Cell:
    """`set_aside`: subjects that killed their worker. `note` tells the engine what is being worked on, if it asked."""

    def __init__(
        self,
        dataset: Dataset,
        plan: Plan,
        planned: PlannedStage,
        shard: int,
        cache: MediaCache,
        set_aside: Mapping[str, Rejected] | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self.dataset = dataset
        self.plan = plan
        self.planned = planned
        self.shard = shard
        self.set_aside = dict(set_aside or {})
        self.is_careful = note is not None
        self.tally = Tally()
        self._note = note
        self._cache = cache
        self._rows: dict[type[Row], list[Row]] = defaultdict(list)
        self._failures: list[Failure] = []
        self._usage: list[Usage] = []
        self._files: dict[str, Checksum] = {}
        self._started = time.perf_counter()

    def note(self, subject: str) -> None:
        if self._note:
            self._note(subject)

    def read(self, row_type: type[R]) -> list[R]:
        """All rows of a table about this shard, from the stages that this one reads from."""
        rows: list[R] = []
        for stage, stage_fingerprint in self.plan.inputs(self.planned, row_type):
            rows += self.dataset.read_part(row_type, stage, stage_fingerprint, self.shard)
        return rows

    @cached_property
    def failed_upstream(self) -> dict[str, str]:
        """clip_id → the first stage, among those this one reads from, that failed on it."""
        failed: dict[str, str] = {}
        for name in self.planned.upstream:
            for failure in self.dataset.read_part(Failure, name, self.plan[name].fingerprint, self.shard):
                if failure.clip_id:
                    failed.setdefault(failure.clip_id, name)
        return failed

    def samples(self, tables: Sequence[type[Row]]) -> list[Sample]:
        """The clips of the shard with the rows of the given tables and their media on demand."""
        rows: dict[str, dict[type[Row], list[Row]]] = defaultdict(lambda: {table: [] for table in tables})
        for table in tables:
            if issubclass(table, AnnotationRow):
                for row in self.read(table):
                    rows[row.clip_id][table].append(row)
        tar_path = self.dataset.clips_path(self.plan["ingest"].fingerprint, self.shard)
        return [
            Sample(clip, LazyMedia(self._cache, self.dataset.storage, tar_path, clip), rows[clip.clip_id])
            for clip in self.read(Clip)
        ]

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows[type(row)].append(row)

    def add_failures(self, failures: Iterable[Failure]) -> None:
        """Record failure rows without counting them; `fail` does both."""
        self._failures += failures

    def fail(self, failure: Failure) -> None:
        self.add_failures([failure])
        self.tally.failed[failure.code] += 1

    def add_usage(self, used: Iterable[Used]) -> None:
        """Put what the stage's annotator used on the ledger, whatever becomes of its answers."""
        stage, model = self.planned.name, self.planned.stage.model
        self._usage += [Usage(stage=stage, model=model, **one.model_dump()) for one in used]

    @contextmanager
    def create(self, path: str) -> Iterator[IO[bytes]]:
        """A further file of this cell, such as its tar; the mark will hold its checksum."""
        with self.dataset.storage.create(path) as sink:
            yield sink
            self._files[path] = Checksum.of_file(sink)

    def commit(self, tables: Sequence[type[Row]]) -> CellReport:
        """Write every part, the first table's last: it holds the report, and the checksum of every other file of the cell.

        AssertionError if the sum does not close: a bug, nothing is committed. LeaseError if somebody else builds here now.
        """
        assert self.tally.is_closed, f"{self.planned.name} shard {self.shard} does not add up: {self.tally}"
        assert set(self._rows) <= set(tables), f"{self.planned.name} wrote {set(self._rows)}, it declares {tables}"
        report = self.report(tables)
        where = (self.planned.name, self.planned.fingerprint, self.shard)
        files = self._files | self.dataset.write_part(Failure, self._failures, *where)
        if self._usage:
            files |= self.dataset.write_part(Usage, self._usage, *where)
        for table in reversed(tables[1:]):
            files |= self.dataset.write_part(table, self._rows[table], *where)
        self.dataset.write_part(tables[0], self._rows[tables[0]], *where, report=report.to_json(), files=files)
        return report

    def report(self, tables: Sequence[type[Row]]) -> CellReport:
        """What the cell has to say of itself so far."""
        return CellReport(
            stage=self.planned.name,
            shard=self.shard,
            num_in=self.tally.num_in,
            num_done=self.tally.num_done,
            filtered=dict(sorted(self.tally.filtered.items())),
            failed=dict(sorted(self.tally.failed.items())),
            num_rows={table.table: len(self._rows[table]) for table in tables},
            seconds=round(time.perf_counter() - self._started, 3),
            peak_rss_mb=peak_memory_mb(),
            spent=Spent.of(self._usage),
        )
