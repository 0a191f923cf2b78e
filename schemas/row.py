"""What every table row is: an immutable, strictly validated pydantic model that knows its table's name."""

import math
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, field_validator


class Value(BaseModel):
    """Immutable and strict: unknown fields and infinite numbers are errors, never stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Row(Value):
    """One row of one table. A class is a table, an Arrow schema and a DuckDB view at once."""

    table: ClassVar[str]


class AnnotationRow(Row):
    """A row somebody said about a clip. `model` is "name@revision"; `prompt_id` is None where no prompt was used."""

    clip_id: str
    model: str
    prompt_id: str | None = None


class Span(Value):
    """A half-open stretch of a clip, in seconds from the clip's start."""

    start_s: float
    end_s: float

    @field_validator("end_s")
    @classmethod
    def _ends_after_it_starts(cls, end_s: float, info: Any) -> float:
        start_s = info.data.get("start_s", -math.inf)
        if end_s < start_s:
            raise ValueError(f"a span ends at or after its start, got [{start_s}, {end_s})")
        return end_s
