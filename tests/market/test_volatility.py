"""Realised volatility: minute returns that are counted once, expire, and never drift."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.market.volatility import (
    LOOKBACK,
    MINUTE_NS,
    MINUTES_A_YEAR,
    UNIT,
    UNKNOWN,
    MinuteReturns,
)

PRIOR, WEIGHT = 0.6, 30.0


def fed(prices: dict[int, float]) -> MinuteReturns:
    """Fed with one price a minute, given by minute."""
    returns = MinuteReturns()
    for minute, price in prices.items():
        returns.feed(minute * MINUTE_NS, price)
    return returns


def by_hand(returns: list[float], prior: float = 0.0, weight: float = 0.0) -> float:
    """Annualised, with the prior as so many minutes more."""
    squares = sum(one * one for one in returns) * MINUTES_A_YEAR
    return math.sqrt((squares + prior**2 * weight) / (len(returns) + weight))


def test_annualised_is_the_root_of_the_mean_squared_minute_return() -> None:
    """Close to close by minute; the minute that goes on does not count yet."""
    prices = {1: 100.0, 2: 100.1, 3: 99.9, 4: 100.0, 5: 250.0}
    expected = [math.log(100.1 / 100.0), math.log(99.9 / 100.1), math.log(100.0 / 99.9)]
    assert fed(prices).annualised(PRIOR, 0.0) == pytest.approx(by_hand(expected), rel=1e-9)


def test_ticks_within_a_minute_only_move_its_last_price() -> None:
    """However many there are, a minute has one return."""
    returns = fed({1: 100.0})
    for second in range(60):
        returns.feed(2 * MINUTE_NS + second * 1_000_000_000, 100.0 + second)
    returns.feed(3 * MINUTE_NS, 159.5)
    assert returns.known == 1
    assert returns.total == pytest.approx(min(0.25, math.log(1.59) ** 2) * UNIT, rel=1e-12)


def test_little_data_is_drawn_towards_the_prior() -> None:
    """Without data it is the prior; thirty calm minutes weigh as much as it does."""
    assert MinuteReturns().annualised(PRIOR, WEIGHT) == PRIOR
    assert MinuteReturns().annualised(PRIOR, 0.0) == PRIOR
    prices = {minute: 100.0 * math.exp(0.0008 * (minute % 2)) for minute in range(1, 33)}
    seen = by_hand([0.0008] * 30)
    halfway = math.sqrt((seen**2 + PRIOR**2) / 2)
    assert fed(prices).annualised(PRIOR, WEIGHT) == pytest.approx(halfway, rel=1e-6)


def test_never_beyond_what_markets_do() -> None:
    """A dead feed says 0.15 and a broken one 3.0, whatever the prior."""
    flat = fed(dict.fromkeys(range(1, 200), 100.0))
    wild = fed({minute: 100.0 if minute % 2 else 1.0 for minute in range(1, 200)})
    assert flat.annualised(PRIOR, 0.0) == 0.15
    assert wild.annualised(PRIOR, 0.0) == 3.0
    assert MinuteReturns().annualised(9.0, WEIGHT) == 3.0


def test_a_short_gap_is_one_return_over_its_minutes() -> None:
    """Two minutes of silence: the move counts once, as three minutes."""
    returns = fed({1: 100.0, 4: 101.0, 5: 101.0})
    assert returns.known == 3
    expected = math.log(1.01) / math.sqrt(3)
    assert returns.annualised(PRIOR, 0.0) == pytest.approx(min(3.0, by_hand([expected] * 3)), rel=1e-9)


def test_nothing_is_claimed_of_a_long_gap() -> None:
    """After more than five minutes the move is no return, and the silent minutes are unknown."""
    returns = fed({1: 100.0, 2: 100.1, 10: 140.0, 11: 140.1, 12: 140.1})
    assert returns.known == 2
    expected = [math.log(100.1 / 100.0), math.log(140.1 / 140.0)]
    assert returns.annualised(PRIOR, 0.0) == pytest.approx(by_hand(expected), rel=1e-9)


def test_returns_expire_after_a_day_silent_or_not() -> None:
    """A wild hour is forgotten 1,440 minutes later, also when the feed said nothing in between."""
    wild = {minute: 100.0 if minute % 2 else 110.0 for minute in range(1, 61)}
    calm = dict.fromkeys(range(61, 63 + LOOKBACK), 100.0)
    assert fed(wild | calm).total == 0
    silent = {10_000: 100.0, 10_001: 100.0, 10_002: 100.0}
    assert fed(wild | silent).known == 1


def test_what_is_no_observation_changes_nothing() -> None:
    """A price of 0.0 (a record's "missing") and one of an earlier minute are not taken."""
    returns, same = fed({5: 100.0, 6: 100.2}), fed({5: 100.0, 6: 100.2})
    returns.feed(7 * MINUTE_NS, 0.0)
    returns.feed(7 * MINUTE_NS, -1.0)
    returns.feed(5 * MINUTE_NS, 77.0)
    assert returns == same


steps = st.tuples(st.integers(1, 12), st.floats(-0.05, 0.05))


@given(st.lists(steps, min_size=1, max_size=80), st.integers(0, 3))
def test_the_sums_are_always_those_of_the_ring(moves: list[tuple[int, float]], long_gaps: int) -> None:
    """Running sums equal a count from scratch, to the last integer, over gaps of any length."""
    returns, minute, price = MinuteReturns(), 1, 100.0
    for place, (gap, move) in enumerate(moves):
        returns.feed(minute * MINUTE_NS, price)
        minute += gap + (LOOKBACK - 3 if place % 20 < long_gaps else 0)
        price *= math.exp(move)
    known = [square for square in returns.squares if square != UNKNOWN]
    assert (returns.known, returns.total) == (len(known), sum(known))
    assert len(returns.squares) == LOOKBACK
    assert returns.total >= 0


def test_it_survives_a_snapshot() -> None:
    """P1: what was written and read again goes on alike."""
    returns = fed({minute: 100.0 + minute % 7 for minute in range(1, 400)})
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(returns), type=MinuteReturns)
    for one in (returns, again):
        one.feed(400 * MINUTE_NS, 101.0)
        one.feed(401 * MINUTE_NS, 102.0)
    assert again == returns
