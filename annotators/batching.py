"""Batches that do not fit: a batch that runs out of memory is halved and goes on, down to one sample, which is then refused."""

import gc
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from schemas.errors import Rejected

In = TypeVar("In")
Out = TypeVar("Out")


def in_halves(run: Callable[[Sequence[In]], Sequence[Out | Rejected]], batch: Sequence[In]) -> list[Out | Rejected]:
    """`run` over the batch, or over halves of it for as long as memory does not suffice. Same length, same order."""
    if not batch:
        return []
    try:
        return list(run(batch))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
    free_cached_memory()  # outside the handler: the traceback holds the tensors of the failed batch
    if len(batch) == 1:
        return [Rejected("out_of_memory", said[:500])]
    middle = len(batch) // 2
    return in_halves(run, batch[:middle]) + in_halves(run, batch[middle:])


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA's and the allocator's ways of saying it; torch is not imported for the question."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower()


def free_cached_memory() -> None:
    """Give back what torch keeps for later."""
    gc.collect()
    if (torch := sys.modules.get("torch")) and torch.cuda.is_available():
        torch.cuda.empty_cache()
