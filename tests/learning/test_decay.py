"""Decay: trends over time that are more than noise, held against the sign of what was learned."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tradeworthy.learning.decay import Decay, Moments, columns_of, decay_of, slope_rule, trend


def decay(results: Sequence[float], edge: float, hours: float = 1.0) -> Decay:
    """The decay of results that came `hours` apart."""
    at = np.array([number * hours for number in range(len(results))], np.float64)
    sums = columns_of(at, np.array(results, np.float64)).sum(axis=0).tolist()
    return decay_of(Moments(*sums[:6]), Moments(*sums[6:]), edge)


@pytest.mark.parametrize(
    ("slope", "multiplier"),
    [(-0.0005, 1.0), (-0.002, 0.8), (-0.0031, 0.69), (-0.01, 0.5), (0.002, 1.2), (0.01, 1.5), (0.0, 1.0)],
)
def test_slopes_have_their_multipliers(slope: float, multiplier: float) -> None:
    """L8: the spec's vectors of slopes per hour."""
    assert slope_rule(slope)[1] == pytest.approx(multiplier)


def test_alternating_results_are_stable() -> None:
    """B29: a pattern that only alternates has a slope by accident, not a decay."""
    found = decay([2.0, 1.0] * 20, 1.0)
    assert found.slope_per_hour == pytest.approx(-0.0018762, abs=1e-6)
    assert (found.state, found.multiplier, found.halflife_hours) == ("stable", 1.0, None)


def test_a_fading_win_is_decaying() -> None:
    """B29: results that fall towards nothing lower the confidence."""
    found = decay([2.0 - 0.004 * hour for hour in range(100)], 1.0, hours=1.0)
    assert found.state == "decaying"
    assert found.multiplier < 1.0


def test_a_growing_loss_is_not_decaying() -> None:
    """B29: a worsening negative edge is believed more, one that gets better less."""
    worse = [-1.0 - 0.004 * hour for hour in range(100)]
    assert decay(worse, -1.0).state == "improving"
    assert decay(worse[::-1], -1.0).multiplier < 1.0


def test_a_half_life_is_found() -> None:
    """L8: results that halve each 100 hours have that half-life, and their confidence is cut by it."""
    found = decay([2.0 * 0.5 ** (hour / 100.0) for hour in range(0, 400, 10)], 1.0, hours=10.0)
    assert found.halflife_hours == pytest.approx(100.0)
    assert found.multiplier == pytest.approx(0.5 + 0.5 * 100.0 / 168.0)
    assert found.state == "decaying"


def test_a_long_half_life_leaves_the_slope_rule() -> None:
    """From a week on the slope decides."""
    found = decay([2.0 * 0.5 ** (hour / 1000.0) for hour in range(0, 400, 10)], 1.0, hours=10.0)
    assert found.halflife_hours == pytest.approx(1000.0)
    assert found.multiplier == pytest.approx(slope_rule(found.slope_per_hour)[1])


def test_a_result_of_zero_has_no_logarithm() -> None:
    """Zeros are left out of the fit of logarithms, and nothing overflows."""
    assert decay([0.0] * 40, 0.0) == Decay("stable", 1.0, None, 0.0)


def test_few_points_or_one_time_have_no_trend() -> None:
    """Four points, or forty at the same hour, say nothing of time."""
    assert trend(Moments(4, 6, 6, 14, 14, 14)) == (0.0, False)
    assert decay([1.0, 2.0] * 20, 1.0, hours=0.0).state == "stable"


def test_a_straight_line_is_sure() -> None:
    """A line without noise has no error, whatever its slope."""
    hours = np.arange(10.0)
    sums = columns_of(hours, 1.0 + 0.5 * hours).sum(axis=0).tolist()
    slope, sure = trend(Moments(*sums[:6]))
    assert math.isclose(slope, 0.5)
    assert sure
