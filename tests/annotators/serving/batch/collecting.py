"""A stage's folder of batches, its cells' questions collected there, and batches run to their end."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from annotators.chat.request import ChatRequest, Reply
from annotators.serving.asker import ServedAsker
from annotators.serving.batch.filling import Filling
from annotators.serving.batch.openai_api import OpenAIBatches
from annotators.serving.batch.record import BatchFolder
from annotators.serving.gate import Gate, LocalGate
from annotators.serving.params import ServerParams
from annotators.serving.replies import ReplyStore
from annotators.site import Site
from schemas.accounting import Used
from schemas.errors import Rejected
from schemas.storage import Storage
from tests.serving.standin import Standin

CELLS = "reason-0123abcd"
PRICES = "priced_on: 2026-11-21\nmodels:\n  tiny: {input: 1.0, cached: 1.0, output: 10.0}\n"


def batching(server: Standin, folder: Path, **params: Any) -> ServerParams:
    """Parameters of a model with a price, asked in batches without waiting."""
    prices = folder / "prices.yaml"
    prices.write_text(PRICES)
    given = {
        "model": "tiny", "base_url": server.url, "structured": "json_schema", "video_as": "frames", "prices": str(prices),
        "batch": "openai", "batch_poll_s": 0.001, "timeout_s": 10.0, "max_retries": 1,
    }  # fmt: skip
    return ServerParams.model_validate(given | params)


def folder_of(root: Path) -> BatchFolder:
    return BatchFolder(Storage(str(root)), CELLS)


def collect(folder: BatchFolder, params: ServerParams, requests: Sequence[ChatRequest], shard: int = 0, turn: int = 0) -> None:
    """Ask as a cell does that is rehearsed."""
    site = Site(replies=ReplyStore(folder.storage))
    asker = ServedAsker(params)
    asker.connect(site)
    asker.open()
    with closing(asker), folder.collecting(turn, shard, takes_reasks=params.batch == "vllm") as outbox:
        site.begin(f"{CELLS}/{shard:06d}", outbox)
        asker.ask(requests)
        assert not asker.take_usage()


def fill(
    folder: BatchFolder, params: ServerParams, gate: Gate | None = None, server: OpenAIBatches | None = None, limit: int = 200
) -> list[int]:
    """Advance until nothing is left to wait for; how many batches were open after each step."""
    opened = server or OpenAIBatches(params)
    with closing(opened):
        filling = Filling(folder, 0, params, gate or LocalGate(), opened)
        num_open: list[int] = []
        for _ in range(limit):
            standing = filling.advance()
            num_open.append(standing.num_open)
            if standing.is_finished:
                assert standing.num_done == filling.num_asked
                return num_open
    raise AssertionError(f"not finished after {limit} looks")


def answers(
    folder: BatchFolder, params: ServerParams, requests: Sequence[ChatRequest], shard: int = 0
) -> tuple[list[Reply | Rejected], list[Used]]:
    """What a cell gets that runs as always, and what it puts on the ledger."""
    site = Site(replies=ReplyStore(folder.storage))
    asker = ServedAsker(params)
    asker.connect(site)
    asker.open()
    with closing(asker):
        site.begin(f"{CELLS}/{shard:06d}")
        return asker.ask(requests), list(asker.take_usage())
