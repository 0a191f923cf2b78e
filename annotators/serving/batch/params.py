"""How questions are put into batches. Nothing here decides an answer: a batch is asked in the same words."""

from typing import Literal

from annotators.base import Params, placement

_OPENAI_REQUESTS = 50_000  # platform.openai.com, batch guide: 50,000 requests and 200 MB in one file
_OPENAI_MB = 200.0
_VLLM_REQUESTS = 5_000  # run-batch writes nothing before a whole file is done, so this much is lost when it is killed


class BatchParams(Params):
    batch: Literal["off", "openai", "vllm"] = placement(
        "off", "ask through OpenAI's Batch API or `vllm run-batch` before the stage runs; slower and cheaper"
    )
    batch_requests: int | None = placement(
        None, f"most requests in one file; null: {_OPENAI_REQUESTS}, OpenAI's limit, or {_VLLM_REQUESTS} with vllm", ge=1
    )
    batch_mb: float = placement(_OPENAI_MB, "most megabytes in one file; the default is OpenAI's limit", gt=0)
    batch_tries: int = placement(2, "batches a request is put into before it is asked directly", ge=1, le=10)
    batch_poll_s: float = placement(60.0, "time between two looks at how far the batches are", gt=0)
    batch_vllm_args: tuple[str, ...] = placement(
        (), "further arguments of `vllm run-batch`, such as --max-model-len and its number; --model if `model` is only a name"
    )

    @property
    def most_requests(self) -> int:
        """What one file may hold."""
        return self.batch_requests or (_VLLM_REQUESTS if self.batch == "vllm" else _OPENAI_REQUESTS)

    @property
    def most_bytes(self) -> int:
        """What one file may weigh."""
        return int(self.batch_mb * 1e6)
