"""The ledger by stage and model: what served models were asked for a dataset so far. The rows are the table `usage`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.catalog import Catalog
from pipeline.spent import Spent
from pipeline.stages import STAGES

_LINES = """
select stage, model, sum(num_calls) as num_calls, sum(num_reused) as num_reused, sum(prompt_tokens) as prompt_tokens,
       sum(cached_tokens) as cached_tokens, sum(completion_tokens) as completion_tokens, sum(audio_s) as audio_s,
       coalesce(sum(usd), 0.0) as usd, coalesce(sum(num_calls) filter (usd is null), 0) as num_unpriced
from usage group by stage, model order by model
"""


@dataclass(frozen=True)
class UsageLine:
    """What one stage used of one model."""

    stage: str
    model: str
    spent: Spent

    def to_json(self) -> dict[str, Any]:
        return {"stage": self.stage, "model": self.model} | asdict(self.spent)


def usage_lines(catalog: Catalog) -> list[UsageLine]:
    """The ledger of the catalog's generation by stage (in their order) and model. Empty where nothing was served."""
    rows = catalog.query(_LINES).to_pylist()
    order = list(STAGES)
    lines = [UsageLine(row.pop("stage"), row.pop("model"), Spent(**_plain(row))) for row in rows]
    return sorted(lines, key=lambda line: order.index(line.stage))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """DuckDB adds up integers as decimals."""
    return {name: float(value) if name in ("audio_s", "usd") else int(value) for name, value in row.items()}
