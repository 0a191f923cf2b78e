"""The gate: rates in every minute, money under every interleaving, pauses for everyone."""

import asyncio
import itertools
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotators.serving.gate import UNUSED, Limits, LocalGate, Toll, TollBook
from annotators.serving.turnstile import Turnstile
from schemas.errors import BudgetError, ServerError

TOLLS = st.builds(Toll, st.integers(1, 4000), st.just(0.0))


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def passed(limits: Limits, tolls: list[Toll], burst: int, pauses_s: list[float]) -> list[tuple[float, Toll]]:
    """When each toll passes, drawn in bursts by a worker that waits as long as it is told and then some."""
    clock, moments, extra_s = Clock(), [], itertools.cycle(pauses_s or [0.0])
    book = TollBook(clock=clock)
    while tolls:
        grant = book.draw("x", limits, tolls[:burst])
        moments += [(clock.now_s, toll) for toll in tolls[: grant.num_passed]]
        tolls = tolls[grant.num_passed :]
        clock.now_s += grant.wait_s + next(extra_s)
    return moments


def most_in(span_s: float, moments: list[tuple[float, float]]) -> list[list[float]]:
    """The amounts in every half-open window that begins with one of the moments."""
    return [[amount for at, amount in moments if begin <= at < begin + span_s - 1e-6] for begin, _ in moments]


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.one_of(st.integers(1, 12), st.integers(13, 3000)).map(float),
    count=st.integers(1, 150),
    burst=st.integers(1, 64),
    pauses_s=st.lists(st.floats(0, 90), max_size=4),
)
def test_no_minute_has_more_requests_than_the_limit(per_minute: float, count: int, burst: int, pauses_s: list[float]) -> None:
    moments = passed(Limits(per_minute, None), [Toll(1, 0.0)] * count, burst, pauses_s)
    assert len(moments) == count
    assert all(len(window) <= per_minute for window in most_in(60, [(at, 1.0) for at, _ in moments]))
    assert all(len(window) <= max(1.0, per_minute / 60) for window in most_in(1, [(at, 1.0) for at, _ in moments]))


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(500, 90_000).map(float),
    tolls=st.lists(TOLLS, min_size=1, max_size=80),
    burst=st.integers(1, 64),
    pauses_s=st.lists(st.floats(0, 90), max_size=4),
)
def test_no_minute_has_more_tokens_than_the_limit_but_for_one_request_that_has_them_alone(
    per_minute: float, tolls: list[Toll], burst: int, pauses_s: list[float]
) -> None:
    moments = passed(Limits(None, per_minute), tolls, burst, pauses_s)
    assert [toll for _, toll in moments] == tolls
    for window in most_in(60, [(at, float(toll.tokens)) for at, toll in moments]):
        assert sum(window) <= per_minute or len(window) == 1


def test_a_limit_is_used_in_full() -> None:
    moments = passed(Limits(600, None), [Toll(1, 0.0)] * 1200, 64, [])
    assert moments[-1][0] - moments[0][0] == pytest.approx(119, abs=1.5)


def test_tokens_beyond_the_estimate_are_made_up_for() -> None:
    clock = Clock()
    book = TollBook(clock=clock)
    limits = Limits(None, 6000)
    assert book.draw("x", limits, [Toll(100, 0.0)]).num_passed == 1
    book.settle("x", Toll(100, 0.0), Toll(6000, 0.0))
    grant = book.draw("x", limits, [Toll(1, 0.0)])
    assert (grant.num_passed, grant.wait_s) == (0, pytest.approx(60))


@settings(max_examples=100, deadline=None)
@given(
    budget=st.floats(0.0, 3.0),
    most=st.lists(st.floats(0.001, 1.0), min_size=1, max_size=40),
    shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40),
    order=st.randoms(use_true_random=False),
)
def test_the_budget_is_never_exceeded_in_any_order_of_draws_and_replies(
    budget: float, most: list[float], shares: list[float], order: random.Random
) -> None:
    book = TollBook(budget)
    waiting, out, was_refused = [Toll(1, usd) for usd in most], [], False
    cost = itertools.cycle(shares)
    while waiting or out:
        if waiting and (not out or order.random() < 0.6):
            try:
                grant = book.draw("x", Limits(), waiting[: order.randint(1, 8)])
            except BudgetError:
                assert not out, "what is still out could give money back"
                was_refused = True
                break
            out, waiting = out + waiting[: grant.num_passed], waiting[grant.num_passed :]
        if out and (not waiting or order.random() < 0.5):
            toll = out.pop(order.randrange(len(out)))
            assert toll.usd is not None
            book.settle("x", toll, Toll(1, toll.usd * next(cost)))
        assert book.spent_usd <= budget * (1 + 1e-9)
    assert was_refused or not waiting


def test_the_budget_holds_for_threads_that_draw_at_once() -> None:
    book, sent = TollBook(1.0), []

    def work() -> None:
        while True:
            try:
                grant = book.draw("x", Limits(), [Toll(1, 0.01)])
            except BudgetError:
                return
            if grant.num_passed:
                sent.append(0.007)
                book.settle("x", Toll(1, 0.01), Toll(1, 0.007))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == pytest.approx(book.spent_usd)
    assert 0.98 < sum(sent) <= 1.0


def test_money_that_a_killed_worker_held_does_not_make_the_others_wait_for_ever() -> None:
    clock = Clock()
    book = TollBook(1.0, clock)
    assert book.draw("x", Limits(), [Toll(1, 0.7)]).num_passed == 1  # and its worker is killed
    assert book.draw("x", Limits(), [Toll(1, 0.7)]).num_passed == 0  # it may come back
    clock.now_s += 901
    with pytest.raises(BudgetError, match="budget"):
        book.draw("x", Limits(), [Toll(1, 0.7)])
    assert book.draw("x", Limits(), [Toll(1, 0.2)]).num_passed == 1


def test_a_pause_holds_for_everyone_at_that_server_and_for_nobody_else() -> None:
    clock = Clock()
    book = TollBook(clock=clock)
    book.pause("x", 5.0)
    book.pause("x", 1.0)  # a shorter one changes nothing
    assert book.draw("x", Limits(), [Toll(1, 0.0)]).wait_s == pytest.approx(5.0)
    assert book.draw("y", Limits(), [Toll(1, 0.0)]).num_passed == 1
    clock.now_s += 5.0
    assert book.draw("x", Limits(), [Toll(1, 0.0)]).num_passed == 1


def test_what_waits_for_a_rate_holds_no_slot() -> None:
    async def check() -> None:
        one = Turnstile(LocalGate(), "x", Limits(requests_per_minute=60), slots=2)
        await one.enter(Toll(1, 0.0))
        late = asyncio.create_task(one.enter(Toll(1, 0.0)))
        await asyncio.sleep(0.05)
        assert not late.done()
        assert one._free == 1
        await asyncio.wait_for(late, 1.5)
        assert one._free == 0

    asyncio.run(check())


def test_a_refusal_reaches_those_who_wait_at_once_and_those_who_come_later() -> None:
    async def check() -> None:
        one = Turnstile(LocalGate(), "x", Limits(requests_per_minute=1), slots=4)
        await one.enter(Toll(1, 0.0))
        waiting = [asyncio.create_task(one.enter(Toll(1, 0.0))) for _ in range(3)]
        await asyncio.sleep(0.01)
        one.refuse(ServerError("gone"))
        outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 0.5)
        assert [str(outcome) for outcome in outcomes] == ["gone"] * 3
        with pytest.raises(ServerError, match="gone"):
            await one.enter(UNUSED)

    asyncio.run(check())
