"""Limits, pauses, budget and paid replies across worker processes: several Ray workers, one server, one account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from annotators.base import Resources
from annotators.chat.request import ChatRequest
from annotators.serving.asker import ServedAsker
from annotators.serving.params import ServerParams
from annotators.serving.replies import ReplyStore
from pipeline.engine import Engine
from pipeline.executors import Shared, start_executor
from pipeline.jobs import CPU_POOL, Job, JobQueue
from pipeline.pools import Pool, Pools
from schemas.errors import BudgetError, Rejected
from schemas.storage import Storage
from tests.serving.standin import Faults, Standin

NUM_JOBS, NUM_QUESTIONS = 6, 20
RETRY_AFTER_S = 1.5
NEWS_S = 0.9  # what was under way may still arrive, and the word of a pause has to reach every worker of a busy machine
PRICES = "priced_on: 2026-11-21\nmodels:\n  tiny: {input: 1.0, cached: 1.0, output: 10.0}\n"


@dataclass(frozen=True)
class Asks:
    """Asks a shard's questions as a served stage does."""

    params: ServerParams
    shard: int

    def __call__(self, worker: Any, set_aside: Mapping[str, Rejected], note_path: str | None) -> float:
        """USD that this shard cost."""
        worker.site.begin(f"ask-00000000/{self.shard:06d}")
        asker = ServedAsker(self.params)
        asker.connect(worker.site)
        asker.open()
        try:
            asker.ask([ChatRequest("clip", f"{self.shard}: question {n}", max_tokens=100) for n in range(NUM_QUESTIONS)])
        finally:
            asker.close()
        return sum(used.usd or 0.0 for used in asker.take_usage())


@pytest.fixture
def params(tmp_path: Path) -> dict[str, Any]:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES)
    return {"model": "tiny", "structured": "text", "prices": str(prices), "max_in_flight": 8}


@pytest.fixture
def server() -> Iterator[Standin]:
    with Standin(faults=Faults(latency_s=0.02, too_many=0.05, retry_after_s=RETRY_AFTER_S, seed=1)) as standin:
        yield standin


def run(root: Path, server: Standin, params: dict[str, Any], budget_usd: float | None = None) -> float:
    """Run all shards on two workers; USD that they say they cost."""
    told: list[float] = []
    given = ServerParams.model_validate(params | {"base_url": server.url})
    executor = start_executor("ray", Shared(ReplyStore(Storage(str(root))), True, budget_usd))
    try:
        pools = Pools(executor, [Pool(CPU_POOL, Resources(), num_workers=2)])
        jobs = [Job(("ask", shard), Asks(given, shard)) for shard in range(NUM_JOBS)]
        Engine(pools, Storage(str(root)), "run").run(JobQueue.of(jobs), lambda job, usd: told.append(usd))
    finally:
        executor.close()
    return sum(told)


def billed_usd(server: Standin) -> float:
    _, prompt, completion = server.billed
    return (prompt * 1.0 + completion * 10.0) / 1e6


def test_a_pause_holds_every_worker_and_all_pay_what_was_billed(
    server: Standin, params: dict[str, Any], tmp_path: Path
) -> None:
    told = run(tmp_path / "root", server, params)
    assert server.quiet_windows
    too_early = [s.arrived for s in server.served for begin, end in server.quiet_windows if begin + NEWS_S < s.arrived < end]
    assert too_early == []
    assert server.billed[0] == NUM_JOBS * NUM_QUESTIONS
    assert told == pytest.approx(billed_usd(server), rel=1e-9)


def test_a_budget_is_one_for_all_workers_and_the_next_build_pays_only_the_rest(
    server: Standin, params: dict[str, Any], tmp_path: Path
) -> None:
    budget_usd = 0.012
    with pytest.raises(BudgetError, match=r"of the budget of 0\.012 USD"):
        run(tmp_path / "root", server, params, budget_usd)
    assert 0 < billed_usd(server) <= budget_usd
    run(tmp_path / "root", server, params)
    assert server.billed[0] == NUM_JOBS * NUM_QUESTIONS, "every question was paid once over both builds"
