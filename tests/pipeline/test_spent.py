"""Sums over rows of the ledger."""

import pytest

from pipeline.spent import Spent
from schemas.accounting import Used


def used(num_calls: int, usd: float | None, num_reused: int = 0) -> Used:
    return Used(
        clip_id="a", num_calls=num_calls, num_reused=num_reused, prompt_tokens=10 * num_calls, cached_tokens=0,
        completion_tokens=num_calls, audio_s=0.5, seconds=1.0, usd=usd, priced_on=None,
    )  # fmt: skip


def test_rows_add_up() -> None:
    spent = Spent.of([used(2, 0.5), used(1, 0.25, num_reused=3)])
    assert (spent.num_calls, spent.num_reused, spent.prompt_tokens, spent.completion_tokens) == (3, 3, 30, 3)
    assert (spent.audio_s, spent.usd, spent.num_unpriced) == (1.0, 0.75, 0)
    assert spent + Spent() == spent


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([used(2, 0.5)], "0.5000"),
        ([used(2, None)], "no price"),
        ([used(2, 0.5), used(1, None)], "at least 0.5000"),
        ([used(0, 0.0, num_reused=4)], "0.0000"),
        ([], "0.0000"),
    ],
)
def test_a_cost_that_is_not_known_is_not_told_as_nothing(rows: list[Used], told: str) -> None:
    assert Spent.of(rows).told_usd == told
