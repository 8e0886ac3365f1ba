"""Models of a window: volatility from what had arrived, and tails."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.market.digital import YEAR_NS, above
from tradeworthy.market.volatility import VOLATILITY_MAX, VOLATILITY_MIN
from tradeworthy.proving.calibration.window_models import (
    SECOND_NS,
    Cases,
    Model,
    Ticks,
    forecasts,
    heavy_above,
    recent,
    volatilities,
)

DESK = Model("desk")
RECENT = Model("recent", step_s=10, half_life_s=600)


def walk(seconds: int, volatility: float, *, seed: int = 1) -> Ticks:
    """A random walk of a price a second, 1.3 s late."""
    steps = np.random.default_rng(seed).normal(size=seconds) * volatility / math.sqrt(YEAR_NS / SECOND_NS)
    ts_event = (np.arange(seconds) + 1_000_000) * SECOND_NS
    return Ticks(ts_event + 1_300_000_000, ts_event, 60_000.0 * np.exp(np.cumsum(steps)))


@pytest.mark.parametrize("model", [DESK, RECENT])
@pytest.mark.parametrize("true", [0.3, 0.9])
def test_a_known_volatility_is_found(model: Model, true: float) -> None:
    """Half a day of a walk tells its volatility within a tenth; a half-life of ten minutes only roughly."""
    found = volatilities(walk(43_200, true), model)[-3600:].mean()
    assert found == pytest.approx(true, rel=0.1 if model is DESK else 0.25)


@given(cut=st.integers(2, 1999))
def test_volatility_knows_nothing_of_later_prices(cut: int) -> None:
    """What a model knew at a price does not change when prices follow."""
    ticks = walk(2000, 0.6)
    for model in (DESK, RECENT):
        early = volatilities(Ticks(ticks.ts[:cut], ticks.ts_event[:cut], ticks.price[:cut]), model)
        assert early.tolist() == volatilities(ticks, model)[:cut].tolist()


def test_volatility_stays_within_its_bounds_and_ignores_gaps() -> None:
    """A return across a long silence tells nothing of the minutes between."""
    ticks = walk(600, 0.0)
    assert recent(ticks, 10, 60)[-1] == VOLATILITY_MIN
    jumped = Ticks(ticks.ts, ticks.ts_event, np.where(np.arange(600) < 300, 60_000.0, 70_000.0))
    assert recent(jumped, 10, 60)[-250] == VOLATILITY_MAX
    later = np.where(np.arange(600) < 300, 0, 7200) * SECOND_NS
    silent = Ticks(jumped.ts + later, jumped.ts_event + later, jumped.price)
    assert recent(silent, 10, 60).max() <= recent(ticks, 10, 60).max()


@given(
    move=st.floats(-0.01, 0.01),
    deviation=st.floats(1e-4, 0.05),
    tails=st.sampled_from([4, 6, 8, 12]),
)
def test_fat_tails_are_a_distribution(move: float, deviation: float, tails: int) -> None:
    """Within 0 and 1, rising with the price, symmetric about the median."""
    spots = np.array([60_000.0, 60_000.0 * math.exp(move), 60_000.0 * math.exp(abs(move) + 0.001)])
    found = heavy_above(spots, np.full(3, 60_000.0), np.full(3, deviation), tails)
    assert np.all((found >= 0.0) & (found <= 1.0))
    assert found[2] >= found[1] - 1e-12
    median = 60_000.0 * math.exp(deviation**2 / 2)
    pair = heavy_above(
        np.array([median * 1.001, median / 1.001]), np.full(2, 60_000.0), np.full(2, deviation), tails
    )
    assert pair.sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("t", "tails", "expected"), [(2.132, 4, 0.95), (1.943, 6, 0.95), (1.860, 8, 0.95)])
def test_fat_tails_have_the_values_of_the_tables(t: float, tails: int, expected: float) -> None:
    """Student's t at its 95th percentile, for the log price in units of its own deviation."""
    deviation = 0.01
    normal = t / math.sqrt(tails / (tails - 2))
    spot = 100.0 * math.exp((normal + deviation / 2) * deviation)
    found = heavy_above(np.array([spot]), np.array([100.0]), np.array([deviation]), tails)
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_many_degrees_of_freedom_are_the_normal() -> None:
    """The fat-tailed formula tends to the desk's."""
    deviation = 0.5 * math.sqrt(300 / 31_536_000)
    spot = np.array([60_030.0, 59_900.0])
    found = heavy_above(spot, np.full(2, 60_000.0), np.full(2, deviation), 400)
    wanted = [above(price, 60_000.0, 0.5, 300 / 31_536_000) for price in spot.tolist()]
    assert found.tolist() == pytest.approx(wanted, abs=1e-3)


def test_the_own_clock_counts_from_the_prices_second() -> None:
    """A price that is older than it seems has further to go."""
    ticks = Ticks(np.array([2 * SECOND_NS]), np.array([0]), np.array([60_010.0]))
    cases = Cases(
        np.array([0]), np.array([30]), np.array([32.0]), np.array([0]), np.array([60_000.0]), np.array([1.0])
    )
    wall, own = (
        forecasts(cases, ticks, np.array([0.5]), Model("one", own_clock=clock))[0] for clock in (False, True)
    )
    assert wall == above(60_010.0, 60_000.0, 0.5, 30 * SECOND_NS / YEAR_NS)
    assert own == pytest.approx(above(60_010.0, 60_000.0, 0.5, 32 * SECOND_NS / YEAR_NS))
    assert own < wall
