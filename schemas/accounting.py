"""Rows of accounting: what failed, and what was used. A failure is a row with a code, never a log line only."""

from typing import ClassVar

from schemas.row import Row, Value


class Failure(Row):
    """A listed file, source or clip that got no answer from a stage."""

    table: ClassVar[str] = "failure"

    stage: str
    code: str  # see FAILURE_CODES
    message: str
    source_id: str | None = None
    clip_id: str | None = None
    uri: str | None = None
    model: str | None = None


class Used(Value):
    """What questions about one clip cost on a served model, as the annotator reports it."""

    clip_id: str | None
    num_calls: int  # replies that the server billed
    num_reused: int = 0  # replies found in the dataset, paid for by another cell or an earlier recipe
    prompt_tokens: int
    cached_tokens: int  # of the prompt tokens, those the server had in its prefix cache
    completion_tokens: int
    audio_s: float
    seconds: float  # from sending to the reply, summed
    usd: float | None  # None without a price
    priced_on: str | None  # date of the price list


class Usage(Used, Row):
    """The ledger: what calls to served models cost, by stage and clip. Sums to what the servers billed."""

    table: ClassVar[str] = "usage"

    stage: str
    model: str
