"""EDX: its role is that an older or weaker trend has more of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.desks.uptrend.seeing import window_of
from tradeworthy.desks.uptrend.decay import (
    BARS_MAX,
    CLOSE,
    COMPRESSION,
    NEUTRAL,
    PARTICIPATION,
    SLOW,
    STRUCTURE,
    decay_since,
    ema_column,
    participation_part,
    series_of,
    slow_part,
    structure_part,
    trend_decay,
    unanchored_decay,
    weakness,
)
from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.technicals import technicals

BEFORE, RUN = 300, 240


def grown(rates: np.ndarray) -> Window:
    """A flat stretch, then a run whose closes grow at these rates with a small wave on top."""
    path = np.concatenate((np.zeros(BEFORE), np.cumsum(rates)))
    wave = 0.006 * np.sin(np.arange(len(path)) / 3.0)
    return window_of(100.0 * np.exp(path + wave))


def edx(window: Window) -> float:
    """EDX of the run."""
    return trend_decay(window, int(window.ts[BEFORE]))


def test_a_weaker_trend_decays_more() -> None:
    """L13: a steady run, one that tires, and one that turns over, in this order."""
    steady = edx(grown(np.full(RUN, 0.004)))
    tiring = edx(grown(np.linspace(0.006, 0.0, RUN)))
    turning = edx(grown(np.linspace(0.006, -0.006, RUN)))
    assert 0.0 <= steady < tiring < turning <= 1.0
    assert steady < 0.5 < turning


def test_a_trend_that_tires_decays_with_age() -> None:
    """L13: the same run is judged weaker the longer it lasts."""
    whole = grown(np.linspace(0.006, -0.003, RUN))
    by_age = [edx(Window._make(column[: BEFORE + age] for column in whole)) for age in (60, 120, 180, 240)]
    assert by_age == sorted(by_age)
    assert by_age[-1] - by_age[0] > 0.1


def test_rising_slow_averages_are_health_and_not_decay() -> None:
    """B26: the slow part is not counted backwards."""
    parts = []
    for rate in (0.004, -0.004):
        series = series_of(grown(np.full(RUN, rate)))
        slow = np.empty((len(series), 3))
        for column, span in enumerate((144, 250, 333)):
            ema_column(np.ascontiguousarray(series[:, CLOSE]), span, slow[:, column])
        parts.append(slow_part(series, slow, BEFORE))
    assert parts[0] < 0.5 < parts[1]


def test_the_weights_are_brought_to_one() -> None:
    """L13: parts that are all at the middle give the middle, and all at the end the end."""
    weights = SLOW + STRUCTURE + PARTICIPATION + COMPRESSION
    assert weights == pytest.approx(0.85)
    flat = window_of(np.full(400, 50.0), spread=0.0)
    assert trend_decay(flat, int(flat.ts[100])) == pytest.approx(NEUTRAL, abs=0.02)


def test_a_young_run_is_neutral() -> None:
    """L13: under ten bars there is nothing to judge."""
    window = grown(np.full(RUN, 0.004))
    assert trend_decay(window, int(window.ts[-9])) == NEUTRAL
    assert trend_decay(window, int(window.ts[-10])) != NEUTRAL


def test_only_the_newest_bars_of_a_long_run_count() -> None:
    """B26: the oldest bars of a run do not decide, and its cost is bounded."""
    window = window_of(100.0 * np.exp(np.linspace(0.0, 2.0, 1_000)))
    assert trend_decay(window, int(window.ts[0])) == trend_decay(window, int(window.ts[-BARS_MAX]))
    assert trend_decay(window, 0) == trend_decay(window, int(window.ts[0]))


def test_higher_swings_are_structure() -> None:
    """L13: rising highs and lows are no decay, falling ones are all of it, no swings say nothing."""
    bars = np.arange(200)
    zigzag = 10.0 * np.abs((bars % 40) / 20.0 - 1.0)
    for slope, expected in ((0.2, 0.0), (-0.2, 1.0)):
        series = series_of(window_of(100.0 + zigzag + slope * bars, spread=0.002))
        assert structure_part(series, 20) == expected
    assert structure_part(series_of(window_of(100.0 + 0.1 * bars)), 20) == NEUTRAL


def test_participation_falls_with_the_volume_weighted_price() -> None:
    """L13: without volume each bar weighs the same."""
    rising, falling = grown(np.full(RUN, 0.004)), grown(np.full(RUN, -0.004))
    assert (
        participation_part(series_of(rising), BEFORE) < 0.5 < participation_part(series_of(falling), BEFORE)
    )
    silent = rising._replace(volume=np.zeros(len(rising.ts)))
    assert participation_part(series_of(silent), BEFORE) < 0.5


def test_without_a_start_of_s3_weakness_is_decay() -> None:
    """L13: the fallback has the same role."""
    rising, falling = grown(np.full(RUN, 0.004)), grown(np.full(RUN, -0.004))
    assert unanchored_decay(rising, technicals(rising)) < 0.5 < unanchored_decay(falling, technicals(falling))
    assert weakness(falling.close, falling.low) > weakness(rising.close, rising.low)


def test_compiled_and_plain_decay_agree() -> None:
    """The kernel is the same step in plain Python."""
    series = series_of(grown(np.linspace(0.006, -0.003, RUN)))
    assert decay_since(series, BEFORE) == decay_since.py_func(series, BEFORE)
    assert weakness.py_func(series[:, CLOSE], series[:, 1]) == weakness(
        np.ascontiguousarray(series[:, CLOSE]), np.ascontiguousarray(series[:, 1])
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.25, 64.0]))
def test_decay_is_a_share_whatever_the_unit_of_price(seed: int, factor: float) -> None:
    """L13: all prices times the same give the same EDX."""
    rng = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, 200)))
    window, other = window_of(closes), window_of(closes * factor)
    for start in (int(window.ts[100]), int(window.ts[150])):
        found = trend_decay(window, start)
        assert 0.0 <= found <= 1.0
        assert trend_decay(other, start) == pytest.approx(found, abs=1e-9)
    assert unanchored_decay(other, technicals(other)) == pytest.approx(
        unanchored_decay(window, technicals(window)), abs=1e-9
    )
