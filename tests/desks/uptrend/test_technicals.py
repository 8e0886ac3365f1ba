"""The figures of a window of bars: the specification's vectors, another library, and plain definitions."""

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tradeworthy.desks.uptrend import technicals as kernels
from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.technicals import FIGURES, Columns, Technicals, technicals, winsor_bounds
from tradeworthy.market.indicators import adx_state, atr_state

Floats = NDArray[np.float64]


def window_of(closes: Floats, width: float = 0.002, volume: Floats | None = None) -> Window:
    """Bars around `closes`, each `width` of its close wide."""
    half = closes * width / 2.0
    volumes = np.ones(len(closes)) if volume is None else volume
    return Window(np.arange(len(closes)), closes, closes + half, closes - half, closes, volumes)


def wander(bars: int, seed: int = 1) -> Window:
    """Random bars whose volume is random too."""
    rng = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, bars)))
    reach = np.abs(rng.normal(0.0, 0.01, (2, bars))) * closes
    return Window(
        np.arange(bars),
        closes,
        closes + reach[0],
        closes - reach[1],
        closes,
        np.exp(rng.normal(3.0, 1.0, bars)),
    )


def growth(share: float, bars: int, start: float = 100.0) -> Floats:
    """Closes that grow by `share` each bar."""
    return np.asarray(start * (1.0 + share) ** np.arange(bars), np.float64)


def line_slope(values: Floats, width: int) -> float:
    """The slope from another library."""
    used = values[-width:]
    return float(np.polyfit(np.arange(len(used)), used, 1)[0]) if len(used) > 2 else 0.0


def ema(closes: Floats, span: int) -> Floats:
    """The average from the words of its definition."""
    out: list[float] = closes[:1].tolist()
    for close in closes[1:].tolist():
        out.append(out[-1] + (close - out[-1]) * 2.0 / (span + 1))
    return np.array(out, np.float64)


@pytest.mark.parametrize(
    ("share", "last", "emas"),
    [
        (0.002, 377.602, (370.576, 366.981, 356.605, 330.445, 302.542, 284.085)),
        (-0.002, 26.413, (26.925, 27.203, 28.072, 30.828, 35.031, 38.661)),
    ],
)
def test_666_bars_of_a_steady_trend(share: float, last: float, emas: tuple[float, ...]) -> None:
    """B1, section 23: all six averages, EMA30 among them, in the order of the trend."""
    closes = growth(share, 666)
    found = technicals(window_of(closes)).emas
    figures = (found.ema20, found.ema30, found.ema60, found.ema144, found.ema250, found.ema333)
    assert closes[-1] == pytest.approx(last, abs=5e-4)
    assert figures == pytest.approx(emas, abs=5e-4)


@pytest.mark.parametrize("bars", [2, 3, 50, 400])
def test_rising_closes_order_the_averages_from_the_second_bar_on(bars: int) -> None:
    """Section 23: EMA20 > EMA30 > ... > EMA333 on the way up, reversed on the way down."""
    for sign in (1.0, -1.0):
        found = technicals(window_of(growth(0.002 * sign, bars))).emas
        figures = (found.ema20, found.ema30, found.ema60, found.ema144, found.ema250, found.ema333)
        assert list(figures) == sorted(figures, reverse=sign > 0)
        assert len(set(figures)) == 6


def test_the_slope_of_a_steady_trend() -> None:
    """B3, section 23: a slope a bar as a fraction of the average, and no acceleration."""
    found = technicals(window_of(growth(0.002, 400)))
    assert found.ema60_slope == pytest.approx(0.00198014, abs=5e-9)
    assert found.ema60_accel == pytest.approx(0.0, abs=1e-8)
    assert found.ema20_accel == pytest.approx(0.0, abs=1e-8)


def test_the_range_of_bars_of_one_width() -> None:
    """Section 23: the ATR of bars that are 2 wide and do not move is 2."""
    closes = np.full(100, 50.0)
    found = technicals(Window(np.arange(100), closes, closes + 1.0, closes - 1.0, closes, closes))
    assert (found.atr, found.atr_mean_20, found.atr_peak_10) == (2.0, 2.0, 2.0)
    assert found.atr_norm == 2.0 / 50.0


@pytest.mark.parametrize("bars", [16, 30, 400])
def test_a_straight_rise_has_all_the_strength(bars: int) -> None:
    """Section 23: its ADX is 100, its RSI too, and neither changes."""
    found = technicals(window_of(growth(0.002, bars)))
    assert (found.adx, found.adx_slope_10) == pytest.approx((100.0, 0.0))
    assert (found.rsi, found.rsi_slope_10) == (100.0, 0.0)


def test_a_flat_series_is_neutral() -> None:
    """B40: its RSI is 50, not 0; its slopes, separations and volume say nothing."""
    found = technicals(window_of(np.full(700, 3.0), volume=np.full(700, 5.0)))
    assert (found.rsi, found.rsi_slope_10) == (50.0, 0.0)
    assert (found.ema20_slope, found.ema333_accel, found.sep_fast, found.dsep_mid_5) == (0.0, 0.0, 0.0, 0.0)
    assert (found.adx, found.vo_z, found.vo_z_cluster) == (0.0, 0.0, False)


@pytest.mark.parametrize("bars", [0, 1, 2, 5, 9, 14])
def test_too_few_bars_give_neutral_figures(bars: int) -> None:
    """B40: no history is made up for what a window is too short for."""
    found = technicals(wander(bars))
    assert found.bars == bars
    assert (found.rsi, found.rsi_slope_10, found.adx, found.adx_slope_10) == (50.0, 0.0, 0.0, 0.0)
    assert (found.atr, found.atr_mean_20, found.atr_peak_10) == (0.0, 0.0, 0.0)
    if bars < 10:
        assert found.ema20_slope == 0.0
    assert found.ema20_accel == 0.0
    if not bars:
        assert found == Technicals()


def test_the_seed_weighs_less_with_every_bar() -> None:
    """B39: what the first close still has of EMA333 is on record."""
    shares = [technicals(wander(bars)).seed_share for bars in (333, 400, 666, 1_000)]
    assert shares == pytest.approx([0.135, 0.091, 0.018, 0.0025], abs=6e-4)


@pytest.mark.parametrize("seed", range(4))
def test_range_and_strength_equal_another_library_where_definitions_agree(seed: int) -> None:
    """ATR from the first figure on; an ADX that begins otherwise is the same once that is forgotten."""
    window = wander(1_000, seed)
    found = technicals(window)
    atr = talib.ATR(window.high, window.low, window.close, 14)
    adx = talib.ADX(window.high, window.low, window.close, 14)
    assert found.atr == pytest.approx(atr[-1], rel=1e-12)
    assert found.atr_mean_20 == pytest.approx(atr[-20:].mean(), rel=1e-12)
    assert found.atr_peak_10 == pytest.approx(atr[-10:].max(), rel=1e-12)
    assert found.adx == pytest.approx(adx[-1], rel=1e-9)
    assert found.adx_slope_10 == pytest.approx(line_slope(adx, 10), rel=1e-9)


def test_the_first_directional_index_seeds_the_adx() -> None:
    """Section 4: from 16 bars on there is one, of the indices so far."""
    window = wander(16)
    direction = talib.DX(window.high, window.low, window.close, 14)[14:]
    expected = (direction[0] * 13.0 + direction[1]) / 14.0
    assert technicals(window).adx == pytest.approx(expected, rel=1e-9)
    assert technicals(wander(15)).adx == 0.0


@pytest.mark.parametrize("bars", [25, 70, 333, 1_000])
def test_averages_slopes_and_separations_are_what_they_are_called(bars: int) -> None:
    """B3, section 4: each from the words of its definition."""
    window = wander(bars, 5)
    found = technicals(window)
    lines = {span: ema(window.close, span) for span in (20, 30, 50, 60, 144, 250, 333)}
    assert found.emas.ema30 == pytest.approx(lines[30][-1], rel=1e-12)
    assert found.ema50 == pytest.approx(lines[50][-1], rel=1e-12)
    for span in (20, 60, 144, 250, 333):
        line = lines[span]
        slope, before = line_slope(line, 10) / line[-1], line_slope(line[:-10], 10) / line[-11]
        assert getattr(found, f"ema{span}_slope") == pytest.approx(slope, rel=1e-6, abs=1e-12)
        assert getattr(found, f"ema{span}_accel") == pytest.approx(slope - before, rel=1e-6, abs=1e-12)
    for name, one, other in (("fast", 20, 60), ("mid", 60, 144)):
        apart = lines[one] / lines[other] - 1.0
        assert getattr(found, f"sep_{name}") == pytest.approx(apart[-1], abs=1e-12)
        assert getattr(found, f"dsep_{name}_5") == pytest.approx(apart[-1] - apart[-6], abs=1e-12)


@pytest.mark.parametrize("bars", [15, 17, 24, 300])
def test_the_rsi_is_of_simple_averages(bars: int) -> None:
    """Section 4: gains over all movement of the last 14 changes; its slope over the values that there are."""
    window = wander(bars, 8)
    series = []
    for end in range(15, bars + 1):
        changes = np.diff(window.close[end - 15 : end])
        series.append(100.0 * changes[changes > 0].sum() / np.abs(changes).sum())
    found = technicals(window)
    assert found.rsi == pytest.approx(series[-1])
    assert found.rsi_slope_10 == pytest.approx(line_slope(np.array(series), 10), abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=300))
def test_extremes_are_cut_at_two_and_98_per_cent(values: list[float]) -> None:
    """Section 4: the bounds are the quantiles of all values."""
    bounds = winsor_bounds(np.array(values))
    assert bounds == pytest.approx(np.quantile(values, (0.02, 0.98)), rel=1e-9, abs=1e-9)
    assert winsor_bounds.py_func(np.array(values)) == bounds


def test_unusual_volume_is_seen_and_bounded() -> None:
    """Section 4: against a mean and variance of about 64 bars; three such bars are a cluster."""
    rng = np.random.default_rng(3)
    quiet = np.exp(rng.normal(3.0, 0.3, 60))
    loud = quiet.copy()
    loud[-3:] *= 20.0
    closes = growth(0.0, 60)
    calm, stormy = (technicals(window_of(closes, volume=one)) for one in (quiet, loud))
    weight, logs = 2.0 / 65.0, np.clip(np.log1p(quiet), *np.quantile(np.log1p(quiet), (0.02, 0.98)))
    mean, variance = logs[0], 0.0
    for value in logs:
        away = value - mean
        mean, variance = mean + weight * away, (1.0 - weight) * (variance + weight * away * away)
    assert calm.vo_z == pytest.approx((logs[-1] - mean) / math.sqrt(variance))
    assert 2.5 < stormy.vo_z <= 6.0
    assert stormy.vo_z_cluster
    loud[:] = 0.0
    assert technicals(window_of(closes, volume=loud)).vo_z == 0.0


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 40), st.floats(1e-6, 1e6))
def test_the_price_level_does_not_matter(seed: int, factor: float) -> None:
    """Section 23: prices times c scale averages and ranges; all else stays."""
    window = wander(420, seed)
    scaled = window._replace(
        **{name: getattr(window, name) * factor for name in ("open", "high", "low", "close")}
    )
    one, other = technicals(window), technicals(scaled)
    assert other.emas.ema333 == pytest.approx(one.emas.ema333 * factor, rel=1e-9)
    assert other.atr == pytest.approx(one.atr * factor, rel=1e-9)
    for name in ("ema60_slope", "sep_mid", "rsi", "rsi_slope_10", "adx", "atr_norm", "vo_z", "dsep_fast_5"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("bars", [1, 2, 15, 16, 19, 20, 40, 400])
def test_the_plain_python_kernel_equals_the_compiled_one(bars: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No arithmetic is reordered by compiling."""
    window = wander(bars, 2)
    compiled = technicals(window)
    for name in ("_follow_averages", "_follow_ranges", "_sum_up_ranges", "_follow_changes", "_follow_volume"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    for name in ("line_slope", "winsor_bounds", "atr_step", "adx_step"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    monkeypatch.setattr(kernels, "analyse", kernels.analyse.py_func)
    assert technicals(window) == compiled


def test_the_pass_needs_nothing_but_the_window() -> None:
    """The same bars give the same figures again, and the window is left as it is."""
    window = wander(500, 3)
    before = [column.copy() for column in window]
    assert technicals(window) == technicals(window)
    assert all(np.array_equal(one, other) for one, other in zip(window, before, strict=True))
    found = np.zeros(1, FIGURES)[0]
    kernels.analyse(Columns(*window[2:]), (atr_state(14), adx_state(14)), found)
    assert found.atr == technicals(window).atr
