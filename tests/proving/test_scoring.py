"""Scores of probabilities: known values, bounds, and intervals over markets."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.proving.calibration.scoring import brier, log_loss, mean_by_market, reliability, share

probability = st.floats(0, 1, allow_nan=False)
cases = st.lists(st.tuples(probability, st.sampled_from([0.0, 1.0])), min_size=1, max_size=60)


def test_scores_have_their_known_values() -> None:
    """A constant 0.5 scores 0.25 and log 2; a sure and right forecast 0."""
    outcome = np.array([0.0, 1.0])
    assert brier(np.array([0.5, 0.5]), outcome).tolist() == [0.25, 0.25]
    assert log_loss(np.array([0.5, 0.5]), outcome).tolist() == pytest.approx([math.log(2)] * 2)
    assert brier(outcome, outcome).tolist() == [0.0, 0.0]
    assert brier(np.array([0.8]), np.array([0.0])).tolist() == pytest.approx([0.64])


@given(cases=cases)
def test_reliability_loses_no_forecast(cases: list[tuple[float, float]]) -> None:
    """Each forecast is in the bin that holds it, and the interval holds the share."""
    forecast, outcome = (np.array(column) for column in zip(*cases, strict=True))
    bins = reliability(forecast, outcome)
    assert sum(one.count for one in bins) == len(cases)
    assert sum(round(one.came_true.value * one.count) for one in bins if one.count) == outcome.sum()
    for one in bins:
        if one.count:
            assert one.low - 1e-9 <= one.forecast <= one.high + 1e-9
            assert 0.0 <= one.came_true.low <= one.came_true.value <= one.came_true.high <= 1.0


def test_wilsons_interval_has_its_known_value() -> None:
    """Ten of 20 at 95 %: 0.299 to 0.701; none of ten: 0 to 0.278; of nothing, anything."""
    half, none, nothing = share(10, 20), share(0, 10), share(0, 0)
    assert (half.low, half.high) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert (none.low, none.high) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high) == (0.0, 1.0)


@given(cases=cases, seed=st.integers(0, 9))
def test_the_interval_of_a_mean_is_a_function_of_the_seed(
    cases: list[tuple[float, float]], seed: int
) -> None:
    """The same draws give the same bounds, and bounds lie within the losses."""
    losses = np.array([value for value, _ in cases])
    market = np.arange(len(losses)) // 3
    one, again = (mean_by_market(losses, market, seed=seed, resamples=50) for _ in range(2))
    assert one == again
    assert one.value == pytest.approx(losses.mean())
    assert losses.min() - 1e-9 <= one.low <= one.high <= losses.max() + 1e-9


def test_forecasts_of_one_market_are_one_draw() -> None:
    """Five copies of each forecast don't narrow the interval."""
    losses = np.random.default_rng(1).random(100)
    market = np.arange(100)
    alone = mean_by_market(losses, market, seed=1, resamples=500)
    copied = mean_by_market(np.repeat(losses, 5), np.repeat(market, 5), seed=1, resamples=500)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))
