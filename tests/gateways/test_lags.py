"""How far behind their prices makers are."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.gateways.simulator.lags import LAG_MAX_MS, STRETCH_MS, Lags
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings

STRETCHES = range(0, 4_000 * STRETCH_MS // 1_000, STRETCH_MS // 1_000)


def test_most_makers_are_quick_and_some_sleep() -> None:
    """Log-normal around the median: one stretch in six above two and a half times it, never above the highest."""
    lags = Lags(PredictionSettings(lag_ms=1_000, lag_spread=0.9), 7, "group")
    drawn = [lags.lag_ms(step) for step in STRETCHES]
    assert statistics.median(drawn) == pytest.approx(1_000, rel=0.08)
    assert sum(lag > 2_460 for lag in drawn) / len(drawn) == pytest.approx(0.16, abs=0.02)
    slow = Lags(PredictionSettings(lag_ms=30_000, lag_spread=2.0), 7, "group")
    assert max(slow.lag_ms(step) for step in STRETCHES) == LAG_MAX_MS


@given(
    step=st.integers(0, 10**7),
    seed=st.integers(0, 2**63),
    lag_ms=st.sampled_from([0, 900, 20_000]),
    step_ms=st.sampled_from([100, 1_000, 60_000]),
)
def test_a_maker_never_forgets_a_price(step: int, seed: int, lag_ms: int, step_ms: int) -> None:
    """What is seen never falls and never lies ahead, wherever one looks first; without lag all is seen at once."""
    settings = PredictionSettings(lag_ms=lag_ms, lag_spread=1.5, step_ms=step_ms)
    lags, stretch = Lags(settings, seed, "group"), STRETCH_MS // step_ms
    begin = max(0, step - stretch)
    seen = [lags.seen(at) for at in range(begin, begin + 2 * stretch + 2)]
    assert all(one <= two for one, two in pairwise(seen))
    assert all(at - LAG_MAX_MS // step_ms <= one <= at for at, one in enumerate(seen, begin))
    assert Lags(settings, seed, "group").seen(begin + stretch) == seen[stretch]
    assert 0 <= lags.offset_ms(step) < step_ms
    if not lag_ms:
        assert seen == [*range(begin, begin + 2 * stretch + 2)]


def test_each_group_has_a_lag_of_its_own() -> None:
    """And another one in each stretch."""
    settings = PredictionSettings()
    one, two = Lags(settings, 7, "one"), Lags(settings, 7, "two")
    assert len({one.lag_ms(step) for step in STRETCHES[:50]}) > 45
    assert [one.lag_ms(step) for step in STRETCHES[:9]] != [two.lag_ms(step) for step in STRETCHES[:9]]
