"""Which requests go into the next batch: those without a reply, as many as the file and the budget hold."""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from annotators.serving.batch.outbox import Asked
from annotators.serving.batch.params import BatchParams
from annotators.serving.batch.record import Record
from annotators.serving.batch.results import may_be_tried_again
from annotators.serving.replies import ReplyStore

_THREADS = 16


def pending(asked: Iterable[Asked], records: Iterable[Record], replies: ReplyStore, params: BatchParams) -> list[Asked]:
    """Requests to put into batches: without a reply, in no batch that runs, not refused, tried less than `batch_tries` times.

    One that is larger than a file may be is asked directly, too.
    """
    settled: set[str] = set()
    tries: Counter[str] = Counter()
    for record in records:
        if not record.is_done:
            settled |= {one.key for one in record.asked}
        tries.update(record.left.keys())  # of a mapping it would add up the values
        settled |= {key for key, why in record.refusals() if not may_be_tried_again(why)}
    wanted = [
        one
        for one in asked
        if one.key not in settled and tries[one.key] < params.batch_tries and one.num_bytes <= params.most_bytes
    ]
    with ThreadPoolExecutor(_THREADS) as threads:
        found = threads.map(lambda one: replies.get(one.key), wanted)
        return [one for one, reply in zip(wanted, found, strict=True) if reply is None]


def first_file(asked: Sequence[Asked], params: BatchParams) -> Sequence[Asked]:
    """The first of them, as many as one file may hold."""
    num_bytes = 0
    for number, one in enumerate(asked):
        num_bytes += one.num_bytes
        if number == params.most_requests or num_bytes > params.most_bytes:
            return asked[:number]
    return asked
