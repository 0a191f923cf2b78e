"""Rows of accounting: what failed, and what was used. A failure is a row with a code, never a log line only."""

from typing import ClassVar

from schemas.row import Row


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


class Usage(Row):
    """What calls to served models cost."""

    table: ClassVar[str] = "usage"

    stage: str
    model: str
    clip_id: str | None
    num_calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    audio_s: float
    seconds: float
    usd: float | None
    priced_on: str | None  # date of the price list
