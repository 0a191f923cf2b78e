"""Jobs: what an executor runs, and the order in which they become ready.

A job is a picklable piece of work with a key, the keys it needs first, and the shard whose media it will read. The queue
hands out, to a worker that asks, the ready job of the latest stage, preferring the shard that worker has in memory: so work
drains instead of piling up, and a clip is decoded once for several stages. A job runs on workers of its pool and on no others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.errors import Rejected

Key = tuple[str, int]  # (stage, shard)
CPU_POOL = "cpu"  # every job that needs no GPU


class Work(Protocol):
    """What runs in the worker. `set_aside` and `note_path` come from the engine after a worker has died on it."""

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> Any: ...


@dataclass(frozen=True)
class Job:
    """`rank`: higher goes first (the stage's place in the plan)."""

    key: Key
    work: Work
    needs: frozenset[Key] = frozenset()
    rank: int = 0
    pool: str = CPU_POOL

    @property
    def stage(self) -> str:
        return self.key[0]

    @property
    def shard(self) -> int:
        return self.key[1]


@dataclass
class JobQueue:
    """Ready jobs by pool and shard; jobs that wait, by how many keys they still need."""

    _ready: dict[str, dict[int, list[Job]]] = field(default_factory=lambda: defaultdict(dict))
    _waiting: dict[Key, Job] = field(default_factory=dict)
    _missing: dict[Key, int] = field(default_factory=dict)
    _dependents: dict[Key, list[Key]] = field(default_factory=dict)
    _left: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, jobs: Iterable[Job], done: Iterable[Key] = ()) -> "JobQueue":
        """A queue of the jobs that are not done yet."""
        queue, finished = cls(), set(done)
        for job in jobs:
            if job.key in finished:
                continue
            queue._left[job.pool] += 1
            missing = job.needs - finished
            if not missing:
                queue.put_back(job)
                continue
            queue._waiting[job.key] = job
            queue._missing[job.key] = len(missing)
            for key in missing:
                queue._dependents.setdefault(key, []).append(job.key)
        return queue

    @property
    def num_left(self) -> int:
        """Jobs that are not finished: waiting, ready or running."""
        return self._left.total()

    def num_left_in(self, pool: str) -> int:
        return self._left[pool]

    def take(self, preferred_shard: int | None = None, pool: str = CPU_POOL) -> Job | None:
        """The best ready job of a pool, or None if every job left in it waits for one that is running."""
        ready = self._ready[pool]
        if not ready:
            return None
        if preferred_shard in ready:
            shard = preferred_shard
        else:  # the furthest stage first, then the first shard
            shard = min(ready, key=lambda number: (-ready[number][-1].rank, number))
        jobs = ready[shard]
        job = jobs.pop()
        if not jobs:
            del ready[shard]
        return job

    @property
    def is_stuck(self) -> bool:
        """Nothing is ready: if nothing runs either, nothing ever will be."""
        return not any(self._ready.values())

    def put_back(self, job: Job) -> None:
        """Make a job ready (again)."""
        jobs = self._ready[job.pool].setdefault(job.shard, [])
        jobs.append(job)
        jobs.sort(key=lambda ready: ready.rank)

    def finish(self, job: Job) -> None:
        """Mark a job done; what waited only for it becomes ready."""
        self._left[job.pool] -= 1
        for key in self._dependents.pop(job.key, ()):
            self._missing[key] -= 1
            if not self._missing[key]:
                self.put_back(self._waiting.pop(key))
