"""Prices of underlyings: what is believed, how old it is, and where a window began."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.oracles import RECENT_S, STARTS_KEPT_S, Oracles, OracleSettings

S = 1_000_000_000
T0 = 1_704_067_200 * S
"""A whole hour."""


def fed(prices: Sequence[tuple[float, float]], symbol: str = "BTC", late_ns: int = 0) -> Oracles:
    """Oracles that heard prices of (seconds after T0, price), each `late_ns` after it was seen."""
    oracles = Oracles(OracleSettings())
    session = Session(oracles)
    for seconds, price in prices:
        ts = T0 + round(seconds * S)
        session.admit(PriceObserved(symbol, price, ts), ts + late_ns)
    return oracles


def test_a_price_is_known_with_its_two_times() -> None:
    """Ages count from its arrival; nothing is known of another symbol but the volatility that is assumed."""
    oracles = fed([(0, 100.0), (1, 101.0)], late_ns=5)
    assert (oracles.price("BTC"), oracles.ts_event("BTC"), oracles.arrived_ts("BTC")) == (
        101.0,
        T0 + S,
        T0 + S + 5,
    )
    assert (oracles.price("ETH"), oracles.ts_event("ETH"), oracles.arrived_ts("ETH")) == (None, 0, 0)
    assert oracles.volatility("ETH") == OracleSettings().volatility_prior
    assert oracles.price_at_start("ETH", T0, S) is None


def test_a_volatility_of_little_data_is_doubted() -> None:
    """By 1 / sqrt(2 n) of the minutes it rests on, those of the prior included; of one symbol alone."""
    assert Oracles(OracleSettings(prior_minutes=0.0)).volatility_doubt("BTC") == pytest.approx(0.5**0.5)
    minutes = fed([(60 * minute, 100.0) for minute in range(22)])
    assert minutes.volatility_doubt("ETH") == pytest.approx((2 * 30) ** -0.5)
    assert minutes.volatility_doubt("BTC") == pytest.approx((2 * (30 + 20)) ** -0.5)


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_price_is_not_believed(price: float) -> None:
    """0.0 is how records write a missing value."""
    oracles = fed([(0, 100.0), (1, price)])
    assert (oracles.price("BTC"), oracles.arrived_ts("BTC")) == (100.0, T0)
    assert oracles.state.rejected == {"BTC": 1}
    assert fed([(0, price)]).price("BTC") is None


def test_a_jump_waits_for_a_second_price_that_confirms_it() -> None:
    """More than 5 % away: believed once the next price is near it."""
    oracles = fed([(0, 100.0), (1, 106.0)])
    assert oracles.price("BTC") == 100.0
    assert fed([(0, 100.0), (1, 105.0)]).price("BTC") == 105.0
    assert fed([(0, 100.0), (1, 106.0), (2, 107.0)]).price("BTC") == 107.0


def test_a_jump_that_nothing_confirms_was_an_error() -> None:
    """The next price near the one before, or another jump elsewhere, rejects it."""
    oracles = fed([(0, 100.0), (1, 10.0), (2, 100.5)])
    assert (oracles.price("BTC"), oracles.state.rejected) == (100.5, {"BTC": 1})
    oracles = fed([(0, 100.0), (1, 10.0), (2, 1000.0)])
    assert (oracles.price("BTC"), oracles.state.rejected) == (100.0, {"BTC": 1})
    assert fed([(0, 100.0), (1, 10.0), (2, 1000.0), (3, 1001.0)]).price("BTC") == 1001.0


def test_a_price_older_than_the_last_is_no_news() -> None:
    """And none is newer than its arrival, so that a wrong clock can't silence the source."""
    oracles = Oracles(OracleSettings())
    session = Session(oracles)
    session.admit(PriceObserved("BTC", 100.0, T0 + 3600 * S), T0)
    assert oracles.ts_event("BTC") == T0
    session.admit(PriceObserved("BTC", 101.0, T0 + S), T0 + S)
    session.admit(PriceObserved("BTC", 99.0, T0), T0 + 2 * S)
    assert oracles.price("BTC") == 101.0


def test_a_window_starts_at_the_first_price_at_or_after_its_time() -> None:
    """By the source's clock, within the tolerance, and never one that is still to come."""
    oracles = fed([(-0.1, 100.0), (0.0, 101.0), (0.4, 102.0), (301.5, 103.0), (301.9, 104.0)], late_ns=9 * S)
    assert oracles.price_at_start("BTC", T0, 2 * S) == 101.0
    assert oracles.price_at_start("BTC", T0 + 300 * S, 2 * S) == 103.0
    assert oracles.price_at_start("BTC", T0 + 300 * S, S) is None
    assert oracles.price_at_start("BTC", T0 + 300 * S, -1) is None
    assert oracles.price_at_start("BTC", T0 + 1, 2 * S) is None
    assert oracles.price_at_start("BTC", T0 + 600 * S, 400 * S) is None


@given(
    st.lists(st.integers(1, 5_000), min_size=1, max_size=60),
    st.integers(0, 150),
    st.sampled_from([0, 500, 3000]),
)
def test_a_strike_is_what_a_search_of_all_prices_finds(
    gaps: list[int], start_s: int, tolerance_ms: int
) -> None:
    """For any whole second of the last twenty minutes."""
    times, now = [], 0.0
    for gap in gaps:
        now += gap / 1000
        times.append(now)
    prices = [(time, 100.0 + number / 1000) for number, time in enumerate(times)]
    start, end = start_s, start_s + tolerance_ms / 1000
    expected = next((price for time, price in prices if start <= time <= end), None)
    assert fed(prices).price_at_start("BTC", T0 + start_s * S, tolerance_ms * 1_000_000) == expected


def test_what_is_kept_of_a_symbol_is_bounded() -> None:
    """Seconds of twenty minutes, starts of a day: after two days no more than after one; delisted, nothing."""
    oracles = Oracles(OracleSettings())
    session = Session(oracles)
    for second in range(0, 2 * STARTS_KEPT_S, 20):
        session.admit(PriceObserved("BTC", 100.0, T0 + second * S), T0 + second * S)
    quoted = oracles.state.symbols["BTC"]
    assert len(quoted.seconds) <= RECENT_S // 20 + 1
    assert len(quoted.starts) == STARTS_KEPT_S // 300 + 1
    half_a_day_ago = session.sequencer.now - STARTS_KEPT_S * S // 2 + 20 * S
    assert oracles.price_at_start("BTC", half_a_day_ago // (300 * S) * 300 * S, S) == 100.0
    session.admit(InstrumentDelisted("BTC"))
    assert oracles.state == type(oracles.state)()


def test_the_volatility_is_that_of_the_believed_prices() -> None:
    """An outlier that was rejected leaves no trace, and a snapshot loses nothing."""
    calm = [(60.0 * minute, 100.0 * (1.0 + 0.001 * (minute % 2))) for minute in range(120)]
    oracles = fed(calm)
    spiked = fed(sorted([*calm, (3605.0, 5.0)]))
    assert oracles.volatility("BTC") == spiked.volatility("BTC") != OracleSettings().volatility_prior
    before = oracles.volatility("BTC")
    oracles.state = reborn(oracles.state)
    assert oracles.volatility("BTC") == before
