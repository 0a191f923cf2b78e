"""The order of work: what is ready, what goes first, and that nothing is handed out twice."""

import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.jobs import Job, JobQueue


def nothing(worker: Any, set_aside: Mapping[str, Any], note_path: str | None) -> None:
    return


def chain(num_stages: int, num_shards: int) -> list[Job]:
    """Stage k of a shard needs stage k-1 of it."""
    return [
        Job((f"s{k}", n), nothing, frozenset({(f"s{k - 1}", n)}) if k else frozenset(), rank=k)
        for k in range(num_stages)
        for n in range(num_shards)
    ]


def test_a_job_waits_for_what_it_needs() -> None:
    queue = JobQueue.of(chain(2, 1))
    first = queue.take()
    assert first is not None
    assert first.key == ("s0", 0)
    assert queue.take() is None
    queue.finish(first)
    second = queue.take()
    assert second is not None
    assert second.key == ("s1", 0)


def test_done_jobs_are_left_out_and_satisfy_those_that_need_them() -> None:
    queue = JobQueue.of(chain(3, 2), done={("s0", 0), ("s1", 0), ("s0", 1)})
    assert queue.num_left == 3
    assert {job.key for job in (queue.take(), queue.take()) if job} == {("s2", 0), ("s1", 1)}


def test_the_furthest_stage_goes_first_so_that_work_drains() -> None:
    queue = JobQueue.of(chain(3, 2), done={("s0", 0), ("s1", 0)})
    job = queue.take()
    assert job is not None
    assert job.key == ("s2", 0)


def test_a_worker_stays_on_its_shard_while_there_is_work_on_it() -> None:
    queue = JobQueue.of(chain(2, 3))
    for shard in (2, 0, 1):
        job = queue.take(preferred_shard=shard)
        assert job is not None
        assert job.shard == shard


@given(stages=st.integers(1, 4), shards=st.integers(0, 5), chance=st.randoms(use_true_random=False))
def test_every_job_is_handed_out_once_and_after_its_needs(stages: int, shards: int, chance: random.Random) -> None:
    jobs = chain(stages, shards)
    queue, running, finished = JobQueue.of(jobs), [], []
    while queue.num_left:
        job = queue.take(chance.choice([None, 0, 1, 2, 3, 4, 5]))
        if job:
            assert job.needs <= {done.key for done in finished}
            running.append(job)
        if running and (job is None or chance.random() < 0.5):
            ended = running.pop(chance.randrange(len(running)))
            if chance.random() < 0.2:  # its worker died
                queue.put_back(ended)
                continue
            finished.append(ended)
            queue.finish(ended)
    assert sorted(job.key for job in finished) == sorted(job.key for job in jobs)
