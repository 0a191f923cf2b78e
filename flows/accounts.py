"""The closed sum as a table: in = done + filtered (by reason) + failed (by code), with a mark where it adds up."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from flows.console import table
from pipeline.accounting import StageAccount

COLUMNS = ("stage", "in", "done", "filtered", "failed", "adds up")


def accounts_table(accounts: Sequence[StageAccount]) -> Table:
    """One line per stage; what does not add up says why."""
    return table(COLUMNS, (_line(account) for account in accounts), right=("in", "done"))


def _line(account: StageAccount) -> tuple[str, str, str, str, str, str]:
    told = "; ".join(account.problems) or "the sum does not close"
    mark = "[green]✓[/]" if account.adds_up else f"[red]✗ {escape(told)}[/]"
    parts = (_parts(account.filtered), _parts(account.failed))
    return account.stage, f"{account.num_in}", f"{account.num_done}", *parts, mark


def _parts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {escape(name)}" for name, count in sorted(counts.items())) or "0"
