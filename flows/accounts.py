"""Accounts as tables: the closed sum, in = done + filtered (by reason) + failed (by code), with a mark where it adds up; and
what served models were asked.
"""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from flows.console import table
from pipeline.accounting import StageAccount
from pipeline.spent import Spent
from pipeline.usage import UsageLine

COLUMNS = ("stage", "in", "done", "filtered", "failed", "adds up")
USAGE_COLUMNS = ("stage", "model", "calls", "reused", "prompt tokens", "cached", "reply tokens", "audio s", "USD")


def accounts_table(accounts: Sequence[StageAccount]) -> Table:
    """One line per stage; what does not add up says why."""
    return table(COLUMNS, (_line(account) for account in accounts), right=("in", "done"))


def usage_table(lines: Sequence[UsageLine]) -> Table:
    """One line per stage and served model, and their sum."""
    rows = [(line.stage, escape(line.model), *_numbers(line.spent)) for line in lines]
    total = sum((line.spent for line in lines), Spent())
    return table(USAGE_COLUMNS, [*rows, ("all", "", *_numbers(total))], title="served models", right=USAGE_COLUMNS[2:])


def _numbers(spent: Spent) -> tuple[str, ...]:
    counts = (spent.num_calls, spent.num_reused, spent.prompt_tokens, spent.cached_tokens, spent.completion_tokens)
    return *(f"{count}" for count in counts), f"{spent.audio_s:.1f}", spent.told_usd


def _line(account: StageAccount) -> tuple[str, str, str, str, str, str]:
    told = "; ".join(account.problems) or "the sum does not close"
    mark = "[green]✓[/]" if account.adds_up else f"[red]✗ {escape(told)}[/]"
    parts = (_parts(account.filtered), _parts(account.failed))
    return account.stage, f"{account.num_in}", f"{account.num_done}", *parts, mark


def _parts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {escape(name)}" for name, count in sorted(counts.items())) or "0"
