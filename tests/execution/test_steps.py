"""The compiled steps against the objects whose arithmetic they repeat."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.execution.trading import instrument
from tradeworthy.core.draws import draw, word_of
from tradeworthy.core.errors import UsageError
from tradeworthy.execution import steps
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.execution.positions import Booked, Movement, Position, book
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import (
    CLOSED,
    FILL,
    MAKER,
    MAKER_MISSED,
    POSITION,
    TAKER,
    TAKER_AFTER_MISS,
    draw_step,
    fill_step,
    ledger_step,
    record,
    takes_step,
    terms_of,
)
from tradeworthy.market import arithmetic
from tradeworthy.market.instruments import FeeCurve, Side
from tradeworthy.market.money import Scale

SCALE = Scale(instrument("A"))
VENUE = PaperVenueSettings(fills="maker_draw")
TERMS = terms_of(SCALE, VENUE)
CENT_COIN = Scale(
    instrument("C", tick=Decimal("0.00001"), lot=Decimal("0.1"), lots_max=0, maker_fee=Decimal("-0.00003"))
)

integers = st.integers(-(10**12), 10**12)
wholes = st.integers(1, 10**6)


def whether(step: Callable[..., Any], *, compiled: bool) -> Callable[..., Any]:
    """The step as it is, or the plain Python in it."""
    return step if compiled else step.py_func  # type: ignore[attr-defined]


@given(
    price=st.floats(1e-6, 1e9),
    above=st.integers(1, 1000),
    below=st.integers(1, 10**8),
    sign=st.sampled_from([-1, 1]),
)
def test_float_leaves_are_the_same_compiled(price: float, above: int, below: int, sign: int) -> None:
    """P6: on the step, near it and between steps."""
    near = round(price * below / above) * above / below
    for one in (price, near, np.nextafter(near, 0.0), np.nextafter(near, np.inf)):
        value = float(one)
        assert steps.ticks_against(value, above, below, sign) == arithmetic.ticks_against(
            value, above, below, sign
        )
        assert steps.ticks_near(value, above, below) == arithmetic.ticks_near(value, above, below)
        assert steps.whole_lots(value, above, below) == arithmetic.whole_lots(value, above, below)
    assert steps.price_at(below, above, below) == arithmetic.price_at(below, above, below)


@given(amount=st.integers(-(2**62), 2**62), whole=st.integers(1, 3 * 10**9), data=st.data())
def test_shares_are_exact_where_their_product_is_beyond_int64(
    amount: int, whole: int, data: st.DataObject
) -> None:
    """P6: compiled and plain, against the quotient of whole products."""
    part = data.draw(st.integers(-whole, whole))
    down, up = amount * part // whole, -(-amount * part // whole)
    assert steps.share_down(amount, part, whole) == arithmetic.share_down(amount, part, whole) == down
    assert steps.share_up(amount, part, whole) == arithmetic.share_up(amount, part, whole) == up


@given(seed=st.integers(0, 2**63 - 1), stream=st.text(max_size=8), key=st.integers(0, 2**63 - 1))
def test_a_drawn_step_is_the_core_s_draw(seed: int, stream: str, key: int) -> None:
    """P6: bit for bit, compiled and plain."""
    drawn = draw(seed, stream, key)
    for compiled in (True, False):
        assert whether(draw_step, compiled=compiled)(seed, word_of(stream), key) == drawn


# Fills


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("sign", "chance", "only", "uniform", "branch", "ticks", "fee"),
    [
        (1, 0.62, False, 0.6199, MAKER, 10_000, 10_000 * 10 * 100),
        (-1, 0.62, False, 0.0, MAKER, 10_000, 10_000 * 10 * 100),
        (1, 0.62, False, 0.62, TAKER_AFTER_MISS, 10_001, 10_001 * 10 * 1000),
        (-1, 0.62, False, 0.99, TAKER_AFTER_MISS, 9_999, 9_999 * 10 * 1000),
        (1, 0.62, True, 0.62, MAKER_MISSED, 0, 0),
        (1, 0.62, True, 0.3, MAKER, 10_000, 10_000 * 10 * 100),
        (1, 0.0, False, 0.0, TAKER, 10_001, 10_001 * 10 * 1000),
        (-1, 0.0, False, 0.0, TAKER, 9_999, 9_999 * 10 * 1000),
        (1, 0.0, True, 0.0, MAKER_MISSED, 0, 0),
    ],
)
def test_each_branch_has_its_price_and_fee(
    *, sign: int, chance: float, only: bool, uniform: float, branch: int, ticks: int, fee: int, compiled: bool
) -> None:
    """P6: at 100.00 a slippage of 1 bp is one tick of 0.01; a lot of 1 tick is 10^6 cash units."""
    fill = record(FILL)
    step = whether(fill_step, compiled=compiled)
    assert step(TERMS, fill, sign, 10, 100.0, chance, only, uniform) == branch == fill.branch
    assert (fill.ticks, fill.fee, fill.maker) == (ticks, fee, branch == MAKER)
    assert fill.lots == (0 if branch == MAKER_MISSED else 10)
    assert fill.notional == SCALE.cost(ticks, 10)


@given(
    close=st.floats(0.0001, 900.0),
    lots=st.integers(1, 10**5),
    side=st.sampled_from(Side),
    chance=st.sampled_from([0.0, 0.62]),
    uniform=st.floats(0.0, 1.0, exclude_max=True),
)
def test_a_fill_costs_what_the_scale_says(
    close: float, lots: int, side: Side, chance: float, uniform: float
) -> None:
    """P6: price, notional and fee of an instrument with a maker's rebate."""
    terms, fill, twin = terms_of(CENT_COIN, VENUE), record(FILL), record(FILL)
    branch = fill_step(terms, fill, side.sign, lots, close, chance, False, uniform)
    fill_step.py_func(terms, twin, side.sign, lots, close, chance, False, uniform)
    assert fill == twin
    price = close if branch == MAKER else close * (1_000_000 + side.sign * 100) / 1_000_000
    ticks = max(1, CENT_COIN.ticks_of(price, side))
    assert fill.ticks == ticks
    assert fill.notional == CENT_COIN.cost(ticks, lots)
    assert fill.fee == CENT_COIN.fee(ticks, lots, maker=branch == MAKER)


@pytest.mark.parametrize("compiled", [True, False])
def test_an_entry_too_small_or_too_large_is_not_taken(*, compiled: bool) -> None:
    """As the paper venue refuses it: lots out of range, or a notional below the least."""
    scale = Scale(instrument("A", lots_min=2, notional_min=Decimal(5)))
    terms, step = terms_of(scale, VENUE), whether(takes_step, compiled=compiled)
    taken = [step(terms, 1.0, lots) for lots in (1, 4, 5, 1_000_000, 1_000_001)]
    assert taken == [False, False, True, True, False]


# The ledger


@settings(max_examples=60)
@given(
    fills=st.lists(
        st.tuples(
            st.sampled_from([-1, 1]), st.integers(1, 9), st.integers(1, 10**14), st.integers(-(10**9), 10**9)
        ),
        max_size=25,
    ),
    scale=st.sampled_from([1, 1_000_003]),
)
def test_the_ledger_step_books_as_the_ledger(fills: list[tuple[int, int, int, int]], scale: int) -> None:
    """P6: opening, adding, closing, in part and through zero, to the last unit, compiled and plain."""
    held = Position("desk", "A")
    state, twin = record(POSITION), record(POSITION)
    closed, twin_closed, fill = record(CLOSED), record(CLOSED), record(FILL)
    for ts, (sign, lots, notional, fee) in enumerate(fills, start=1):
        movement = Movement("A", sign * lots * scale, notional, fee, ts, "signal")
        booked = book(held, (movement,))
        held = booked.position
        fill.lots, fill.notional, fill.fee = lots * scale, notional, fee
        ended = ledger_step(state, closed, fill, sign, ts)
        assert ended == ledger_step.py_func(twin, twin_closed, fill, sign, ts)
        assert state == twin
        assert closed == twin_closed
        assert tuple(state) == figures_of(held)
        assert trade_of(booked) == (tuple(closed) if ended else None)


def figures_of(held: Position) -> tuple[int, ...]:
    """A position in the order of POSITION."""
    return (
        *(held.lots, held.cost, held.realised, held.fees, held.entry_notional),
        *(held.exit_notional, held.lots_entered, held.opened_ts),
    )


def trade_of(booked: Booked) -> tuple[int, ...] | None:
    """The trade that was closed, in the order of CLOSED."""
    for one in booked.events:
        if isinstance(one, TradeClosed):
            return (
                *(one.pnl, one.lots, one.entry_notional, one.exit_notional, one.fees),
                *(one.opened_ts, one.closed_ts, one.side.sign),
            )
    return None


# Terms

VAST = {"price_max": Decimal("9.9e15"), "tick": Decimal(10_000), "lot": Decimal("1e-6"), "lots_max": 1}
"""Prices beyond 2^53."""


def test_terms_are_the_scale_s() -> None:
    """Fractions in lowest terms, bounds and the venue's slippage."""
    terms = terms_of(SCALE, PaperVenueSettings(fills="maker_draw", slippage_bps=Decimal("2.25")))
    assert (terms.tick_above, terms.tick_below, terms.lot_above, terms.lot_below) == (1, 100, 1, 1)
    assert (terms.taker_above, terms.taker_below, terms.maker_above, terms.maker_below) == (
        1,
        1000,
        1,
        10_000,
    )
    assert (terms.tick_value, terms.ticks_max, terms.lots_max) == (10**6, 100_000, 1_000_000)
    assert (terms.lots_min, terms.notional_min, terms.slippage_ppm) == (1, 0, 225)
    assert terms_of(SCALE, PaperVenueSettings(fills="taker_close")).slippage_ppm == 0


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"fee_curve": FeeCurve(Decimal("0.07"))}, "follow a curve"),
        ({"taker_fee": Decimal("0.000000000001")}, "fee .* too many places"),
        (VAST, "too many places"),
    ],
)
def test_what_a_step_can_t_hold_is_refused(changes: dict[str, Any], fault: str) -> None:
    """In one line that names the instrument."""
    scale = Scale(instrument("A", **changes))
    with pytest.raises(UsageError, match=f"A can't be run by compiled steps.*{fault}"):
        terms_of(scale, VENUE)


@pytest.mark.parametrize("notional_max", [0, 2**62])
def test_a_notional_that_sums_past_int64_is_refused(notional_max: int) -> None:
    """A quarter of int64 is the most."""
    with pytest.raises(UsageError, match="notional_max"):
        terms_of(SCALE, VENUE, notional_max)
