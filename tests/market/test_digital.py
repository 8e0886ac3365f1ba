"""Fair prices of markets on a price: the specification's vectors, and what must hold of every probability."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.market.digital import above, between, cdf, dip, reach, touch

DAY = 1 / 365
MINUTE = 1 / 525_600
NOISE = 1e-12

prices = st.floats(1e-4, 1e9)
volatilities = st.floats(0.01, 5.0)
times = st.floats(1e-9, 10.0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (above(97_500, 97_000, 0.5, DAY), 0.572745),
        (above(97_500, 97_000, 0.5, 15 * MINUTE), 0.972791),
        (touch(97_500, 105_000, 0.5, 7 * DAY), 0.274060),
        (above(97_500, 105_000, 0.5, 7 * DAY), 0.134604),
        (above(97_600, 97_500, 0.6, 5 * MINUTE), 0.709874),
    ],
)
def test_the_vectors_of_the_specification(found: float, expected: float) -> None:
    """A3: O1 a day and fifteen minutes before the end, O2 and its end price alone, O3."""
    assert found == pytest.approx(expected, abs=5e-7)


def test_the_normal_distribution_by_the_error_function() -> None:
    """It agrees with erf in the middle, and keeps its tail where erf has none left."""
    for x in (-3.0, -0.5, 0.0, 0.183367, 2.0):
        assert cdf(x) == pytest.approx(0.5 * (1.0 + math.erf(x / math.sqrt(2.0))), abs=1e-15)
    assert cdf(0.183367) == pytest.approx(0.572745, abs=5e-7)
    assert cdf(-20.0) == pytest.approx(2.7536e-89, rel=1e-4)


@given(prices, prices, volatilities, times)
def test_every_probability_is_one(spot: float, strike: float, volatility: float, tau: float) -> None:
    """All lie in 0 to 1, and the touch is never less likely than the end beyond the strike."""
    ends_above = above(spot, strike, volatility, tau)
    touches = touch(spot, strike, volatility, tau)
    assert 0.0 <= ends_above <= 1.0
    assert 0.0 <= between(spot, strike, 1.1 * strike, volatility, tau) <= 1.0
    assert 0.0 <= touches <= 1.0
    assert reach(spot, strike, volatility, tau) >= ends_above - NOISE
    assert dip(spot, strike, volatility, tau) >= 1.0 - ends_above - NOISE


@given(prices, st.floats(1.0, 3.0), prices, volatilities, times)
def test_monotone_in_spot_and_strike(
    spot: float, more: float, strike: float, volatility: float, tau: float
) -> None:
    """A higher price never makes `above` and a reach less likely or a dip more so; a higher strike the reverse."""
    for rising in (above, reach):
        assert rising(spot * more, strike, volatility, tau) >= rising(spot, strike, volatility, tau) - NOISE
        assert rising(spot, strike * more, volatility, tau) <= rising(spot, strike, volatility, tau) + NOISE
    assert dip(spot * more, strike, volatility, tau) <= dip(spot, strike, volatility, tau) + NOISE
    assert dip(spot, strike * more, volatility, tau) >= dip(spot, strike, volatility, tau) - NOISE


@given(prices, prices, volatilities)
def test_without_time_or_volatility_nothing_is_left_to_chance(
    spot: float, strike: float, sigma: float
) -> None:
    """The answer is 0 or 1 and a tie counts as up, at the end and in the limit before it."""
    met = 1.0 if spot >= strike else 0.0
    for volatility, tau in ((sigma, 0.0), (sigma, -1.0), (0.0, 1.0)):
        assert above(spot, strike, volatility, tau) == met
        assert reach(spot, strike, volatility, tau) == met
        assert dip(spot, strike, volatility, tau) == (1.0 if spot <= strike else 0.0)
    if abs(math.log(spot / strike)) > 1e-3:
        assert above(spot, strike, sigma, 1e-12) == pytest.approx(met, abs=1e-9)


def test_huge_volatility() -> None:
    """The median of a log-normal falls to nothing: it ends below every strike, dips to any, and reaches S / K."""
    assert above(100.0, 1.0, 50.0, 10.0) == pytest.approx(0.0, abs=1e-12)
    assert dip(100.0, 1.0, 50.0, 10.0) == pytest.approx(1.0, abs=1e-12)
    assert reach(100.0, 400.0, 50.0, 10.0) == pytest.approx(0.25, abs=1e-12)
    assert above(1e-300, 1e300, 3.0, 100.0) == pytest.approx(0.0, abs=1e-12)
    assert dip(1e300, 1e-300, 0.5, 1.0) == 0.0


def test_prices_at_and_below_zero_have_an_answer() -> None:
    """Total: no error for what a venue may write."""
    assert above(0.0, 100.0, 0.5, 1.0) == 0.0
    assert above(100.0, 0.0, 0.5, 1.0) == 1.0
    assert reach(0.0, 100.0, 0.5, 1.0) == 0.0
    assert dip(100.0, 0.0, 0.5, 1.0) == 0.0


def test_a_touch_takes_its_direction_from_where_the_price_stands() -> None:
    """Above the strike it is a dip, below a reach, and on it certain."""
    assert touch(100.0, 110.0, 0.5, DAY) == reach(100.0, 110.0, 0.5, DAY)
    assert touch(100.0, 90.0, 0.5, DAY) == dip(100.0, 90.0, 0.5, DAY)
    assert touch(100.0, 100.0, 0.5, DAY) == 1.0
    assert reach(110.0, 100.0, 0.5, DAY) == 1.0


def test_the_touch_formula_is_that_of_the_specification() -> None:
    """O2 as written there, with mu = -sigma^2 / 2 and a = ln(K / S)."""
    spot, strike, sigma, tau = 97_500.0, 105_000.0, 0.5, 7 * DAY
    mu, a = -(sigma**2) / 2, math.log(strike / spot)
    root = sigma * math.sqrt(tau)
    written = cdf((-a + mu * tau) / root) + math.exp(2 * mu * a / sigma**2) * cdf((-a - mu * tau) / root)
    assert reach(spot, strike, sigma, tau) == pytest.approx(written, abs=1e-14)


def test_ranges_share_out_all_that_can_happen() -> None:
    """Below, ranges side by side and above add up to 1; a range the wrong way round is empty."""
    edges = [90.0, 95.0, 100.0, 110.0]
    parts = [between(98.0, low, high, 0.5, DAY) for low, high in pairwise(edges)]
    below, over = 1.0 - above(98.0, 90.0, 0.5, DAY), above(98.0, 110.0, 0.5, DAY)
    assert sum(parts) + below + over == pytest.approx(1.0, abs=1e-12)
    assert between(98.0, 100.0, 90.0, 0.5, DAY) == 0.0
