"""Sums over rows of the ledger: what a cell, a run, a stage or a whole dataset used of served models.

A sum says how much of it has no price, because an unknown cost is not the same as none: `usd` is what the priced calls cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from schemas.accounting import Used


@dataclass(frozen=True)
class Spent:
    """A sum over rows of the ledger. `num_reused`: replies found in the dataset, which cost nothing again."""

    num_calls: int = 0
    num_reused: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    audio_s: float = 0.0
    usd: float = 0.0
    num_unpriced: int = 0  # calls without a price

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))

    @classmethod
    def of(cls, used: Iterable[Used]) -> "Spent":
        """The sum of these rows."""
        return sum(map(cls._of_row, used), cls())

    @classmethod
    def _of_row(cls, row: Used) -> "Spent":
        return cls(
            row.num_calls, row.num_reused, row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.audio_s,
            usd=row.usd or 0.0, num_unpriced=row.num_calls if row.usd is None else 0,
        )  # fmt: skip

    @property
    def told_usd(self) -> str:
        """The cost in words: exact, a lower bound, or that there is no price."""
        if self.num_unpriced and self.num_unpriced == self.num_calls:
            return "no price"
        return f"{'at least ' if self.num_unpriced else ''}{self.usd:.4f}"
