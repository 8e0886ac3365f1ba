"""The simulated price of an underlying: a fair game, the same wherever it is entered."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeworthy.gateways.simulator.oracle_path import DAY_MINUTES, YEAR_MINUTES, OraclePath
from tradeworthy.gateways.simulator.prediction_settings import AssetSettings, PredictionSettings

ASSET = AssetSettings(symbol="BTC", name="Bitcoin", price=95_000.0, volatility=0.5)
BRISK, COARSE = PredictionSettings(), PredictionSettings(step_ms=60_000)


def path(
    seed: int, prediction_settings: PredictionSettings = BRISK, asset: AssetSettings = ASSET
) -> OraclePath:
    """A path of ASSET, or of another."""
    return OraclePath(prediction_settings, asset, seed)


@settings(max_examples=30)
@given(first=st.integers(-100, 1_500_000), length=st.integers(1, 3_000), seed=st.integers(0, 2**63))
def test_prices_are_the_same_wherever_the_path_is_entered(first: int, length: int, seed: int) -> None:
    """A point's price depends on nothing but seed and number."""
    whole = path(seed).prices(first, first + length)
    entered = path(seed)
    middle = first + length // 2
    assert entered.prices(middle, first + length) == whole[length // 2 :]
    assert [entered.price(point) for point in (first, middle)] == [whole[0], whole[length // 2]]


@pytest.mark.parametrize("step_ms", [100, 500, 5_000, 60_000])
def test_whole_minutes_do_not_depend_on_the_step(step_ms: int) -> None:
    """A coarse run has the prices of a fine one."""
    other = path(3, PredictionSettings(step_ms=step_ms))
    minutes = range(0, 3 * DAY_MINUTES, 97)
    found = [other.price(minute * other.points_a_minute) for minute in minutes]
    assert found == pytest.approx([path(3).price(minute * 60) for minute in minutes], abs=0.0101)


def test_prices_stand_on_the_cent_and_still_before_the_start() -> None:
    """Nobody sees a price from before the session."""
    found = path(1).prices(-5, 500)
    assert found[:6] == [95_000.0] * 6
    assert all(price == round(price, 2) for price in found)


def test_variance_is_what_is_expected() -> None:
    """Over sixty paths of a day volatility comes to the steady part and the jumps."""
    squares = []
    for seed in range(60):
        returns = np.diff(np.log(path(seed, COARSE).prices(0, DAY_MINUTES + 1)))
        squares.append(float(np.mean(returns * returns)))
    jumps = BRISK.jumps_per_day * 365 * (BRISK.jump_bps * 1e-4) ** 2
    assert math.sqrt(np.mean(squares) * YEAR_MINUTES) == pytest.approx(math.sqrt(0.25 + jumps), rel=0.05)


def test_the_price_is_a_fair_game() -> None:
    """Its log falls by half its variance, so that the price itself has no drift: over sixty paths of twenty days."""
    wild = AssetSettings(symbol="BTC", name="Bitcoin", price=95_000.0, volatility=3.0)
    days = np.array(
        [
            np.diff(np.log(path(seed, COARSE, wild).prices(0, 20 * DAY_MINUTES + 1)[::DAY_MINUTES]))
            for seed in range(60)
        ]
    ).ravel()
    error = math.sqrt(days.var() / len(days))
    assert abs(days.mean() + 0.5 * days.var()) < 3 * error


def test_volatility_is_known_and_returns_to_its_mean() -> None:
    """For the next minute it is what it is now, for a year what it always comes back to."""
    one = path(2)
    points = range(0, 5 * 86_400, 3_600)
    now = [one.volatility(point, 1e-9) for point in points]
    later = [one.volatility(point, 50.0) for point in points]
    assert max(now) > 1.2 * min(now)
    assert max(later) == pytest.approx(min(later), rel=1e-3)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("up", [True, False])
def test_the_first_touch_is_the_first_price_there(seed: int, *, up: bool) -> None:
    """As a look at every single price says."""
    one = path(seed, PredictionSettings(step_ms=5_000))
    first, end = 777, 30_000
    strike = one.price(first) * (1.01 if up else 0.99)
    prices = one.prices(first, end)
    there = [at for at, price in enumerate(prices, first) if (price >= strike) == up and price != strike]
    assert one.first_touch(first, end, strike, up=up) == (there[0] if there else end)


def test_a_jump_shows_within_a_step() -> None:
    """Kurtosis of the steps is far above a normal's, without jumps it is not."""
    found = {}
    for jumps in (0.0, 200.0):
        still = PredictionSettings(jumps_per_day=jumps, volatility_spread=0.0)
        steps = np.diff(np.log(path(4, still).prices(0, 200_000)))
        found[jumps] = float(np.mean(steps**4) / np.mean(steps**2) ** 2)
    assert found[0.0] < 3.5
    assert found[200.0] > 50
