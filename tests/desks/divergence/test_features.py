"""The feature step against plain array formulas, and what holes, gaps and days do to it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.desks.divergence.rows import (
    DAY_NS,
    START,
    Floats,
    champion_of,
    closes_of,
    correlations,
    features_of,
    fill_row,
    names_of,
    settings_of,
    times_of,
)
from tradeworthy.desks.divergence.features import beta_of, feature_step, percentile_of
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of
from tradeworthy.market.bars import TIMEFRAMES_NS

FAST, SLOW = 6, 12
"""The first two windows of settings_of()."""


def largest(closes: Floats, last: int, width: int) -> float:
    """The largest eigenvalue by a full solve."""
    return float(np.linalg.eigvalsh(correlations(closes, last, width))[-1])


def test_vel_div_is_the_fast_growth_less_the_slow() -> None:
    """Spec 3.1: ln lam now less ln lam a bar ago, fast window less slow window."""
    closes = closes_of(80, 5)
    found = features_of(settings_of(), closes)
    for last in range(SLOW + 1, 80):
        growth = [
            math.log(largest(closes, last, width)) - math.log(largest(closes, last - 1, width))
            for width in (FAST, SLOW)
        ]
        assert found["velocity"][last, :2] == pytest.approx(growth, abs=1e-11)
        assert found["vel_div"][last] == pytest.approx(growth[0] - growth[1], abs=1e-11)


def test_nothing_is_said_before_a_window_is_full() -> None:
    """A window of w returns needs w + 1 rows, its growth one more."""
    found = features_of(settings_of(), closes_of(60, 5))
    for k, width in enumerate((6, 12, 24, 48)):
        assert int(np.flatnonzero(np.isfinite(found["eigenvalue"][:, k]))[0]) == width
        assert int(np.flatnonzero(np.isfinite(found["velocity"][:, k]))[0]) == width + 1
    assert int(np.flatnonzero(np.isfinite(found["vel_div"]))[0]) == SLOW + 1


def test_efficiency_is_the_net_path_over_the_whole() -> None:
    """Kaufman's, over the fast window."""
    closes = closes_of(40, 5)
    found = features_of(settings_of(), closes)
    returns = np.diff(np.log(closes), axis=0)
    for last in range(FAST, 40):
        path = returns[last - FAST : last]
        expected = np.abs(path.sum(axis=0)) / np.abs(path).sum(axis=0)
        assert found["efficiency"][last, :5] == pytest.approx(expected, rel=1e-9)


def test_noise_ranks_what_the_market_mode_leaves() -> None:
    """The residual of each asset's returns after the projection on the largest eigenvector, by rank in [0, 1]."""
    closes = closes_of(60, 5, seed=9)
    found = features_of(settings_of(), closes)
    returns = np.diff(np.log(closes), axis=0)
    for last in range(FAST, 60):
        window = returns[last - FAST : last]
        spread = window.std(axis=0)
        standard = (window - window.mean(axis=0)) / spread
        mode = np.linalg.eigh(correlations(closes, last, FAST))[1][:, -1]
        residual = standard - np.outer(standard @ mode, mode)
        ranks = (spread * residual.std(axis=0)).argsort().argsort() / 4.0
        assert found["noise"][last, :5] == pytest.approx(ranks)


def test_instability_is_the_spread_of_the_fast_growth() -> None:
    """Population sd of the last `fast` velocities."""
    found = features_of(settings_of(), closes_of(50, 5))
    assert np.isnan(found["instability"][: 2 * FAST]).all()
    for last in range(2 * FAST, 50):
        velocities = found["velocity"][last - FAST + 1 : last + 1, 0]
        assert found["instability"][last] == pytest.approx(velocities.std(), rel=1e-9)


def test_closes_and_returns_look_back_as_many_bars_as_they_say() -> None:
    """Confirmation over 7 bars, outcomes over 30; NaN before."""
    closes = closes_of(90, 4)
    found = features_of(settings_of(), closes)
    assert (found["close"][:, :4] == closes).all()
    for field, bars in (("confirm", 7), ("outcome", 30)):
        assert np.isnan(found[field][:bars, :4]).all()
        assert found[field][bars:, :4] == pytest.approx(closes[bars:] / closes[:-bars] - 1.0, rel=1e-12)


def test_volatility_is_of_simple_returns_of_one_instrument() -> None:
    """Population sd over `vol_lookback` returns."""
    closes = closes_of(30, 4)
    found = features_of(settings_of(vol_symbol="A02", vol_lookback=9), closes)
    returns = closes[1:, 2] / closes[:-1, 2] - 1.0
    assert np.isnan(found["volatility"][:9]).all()
    for last in range(9, 30):
        assert found["volatility"][last] == pytest.approx(returns[last - 9 : last].std(), rel=1e-9)


def test_the_threshold_is_calibrated_on_two_days_and_held() -> None:
    """The 60th percentile of the readings of the first two UTC days, the first a part of one; not known before."""
    times = times_of(24 * 4, "1h", START + DAY_NS // 2)
    closes = closes_of(len(times), 4)
    closes[60:] = closes_of(len(times) - 60, 4, seed=2, scale=0.05)
    found = features_of(settings_of(), closes, timeframe="1h", ts=times)
    first = 36
    readings = found["volatility"][5:first]
    assert np.isnan(found["vol_p60"][:first]).all()
    assert (found["vol_ok"][:first] == -1).all()
    assert (found["vol_p60"][first:] == found["vol_p60"][first]).all()
    assert found["vol_p60"][first] == pytest.approx(np.quantile(readings, 0.6), rel=1e-12)
    assert (found["vol_ok"][first:] == (found["volatility"][first:] > found["vol_p60"][first])).all()


def test_a_threshold_that_was_written_down_holds_from_the_start() -> None:
    """Mode "fixed": what was tested is what runs; the gate is strict."""
    closes = closes_of(40, 4)
    seen = features_of(settings_of(), closes)["volatility"]
    fixed = settings_of(vol_calibration={"mode": "fixed", "vol_p60": float(seen[20])})
    found = features_of(fixed, closes)
    assert (found["vol_p60"] == seen[20]).all()
    assert found["vol_ok"][20] == 0
    assert set(found["vol_ok"][:5]) == {0}
    assert (found["vol_ok"][5:] == (seen[5:] > seen[20])).all()


def test_days_that_tell_nothing_do_not_calibrate() -> None:
    """The instrument has no bars for two days: the calibration's days are counted from the third."""
    closes = closes_of(24 * 5, 4)
    closes[:50, 0] = np.nan
    found = features_of(settings_of(), closes, timeframe="1h")
    assert np.isnan(found["vol_p60"][: 24 * 4]).all()
    assert found["vol_p60"][24 * 4] == pytest.approx(np.quantile(found["volatility"][55 : 24 * 4], 0.6))


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h"])
def test_bars_of_a_day_are_counted_by_the_clock(timeframe: str) -> None:
    """Spec 2.1: a day has as many bars as its length says; a day that begins late begins at its own number."""
    step = TIMEFRAMES_NS[timeframe]
    times = times_of(30, timeframe, START + DAY_NS - 20 * step)
    found = features_of(settings_of(), closes_of(30, 4), timeframe=timeframe, ts=times)
    last = DAY_NS // step
    assert found["bar"].tolist() == [*range(last - 20, last), *range(10)]


def test_an_asset_with_a_hole_is_left_out_until_its_window_is_whole() -> None:
    """It has no efficiency while it is out; the others go on, and growth is unknown when the set changes."""
    closes = closes_of(60, 5)
    closes[30, 2] = np.nan
    found = features_of(settings_of(), closes)
    assert found["assets"][29:31].tolist() == [5, 4]
    # Two returns are lost, so six of them are there again eight rows after the hole's first.
    out = range(30, 37)
    assert (found["assets"][30:37] == 4).all()
    assert found["assets"][37] == 5
    others = [0, 1, 3, 4]
    for last in out:
        assert found["eigenvalue"][last, 0] == pytest.approx(
            largest(closes[:, others], last, FAST), rel=1e-11
        )
    assert np.isnan(found["efficiency"][30:37, 2]).all()
    assert np.isnan(found["velocity"][[30, 37], 0]).all()
    assert np.isfinite(found["velocity"][31:37, 0]).all()
    assert math.isnan(found["close"][30, 2])


def test_too_few_assets_say_nothing() -> None:
    """Below assets_min the eigenvalue is NaN, and so is vel_div; the champion asks for twenty."""
    closes = closes_of(40, 5)
    closes[20:25, 1:3] = np.nan
    found = features_of(settings_of(assets_min=4), closes)
    assert np.isfinite(found["vel_div"][14:20]).all()
    assert np.isnan(found["vel_div"][20 : 25 + FAST + 1]).all()
    assert np.isnan(found["eigenvalue"][20:30, 0]).all()
    assert champion_of().assets_min == 20


def test_an_asset_that_does_not_move_is_left_out() -> None:
    """Without variance it has no correlation with anything."""
    closes = closes_of(40, 5)
    closes[10:, 1] = closes[10, 1]
    found = features_of(settings_of(), closes)
    assert found["assets"][15] == 5
    assert (found["assets"][16:] == 4).all()


def test_missing_rows_make_everything_new() -> None:
    """No return, look back or window crosses a hole in time."""
    closes = closes_of(120, 5)
    times = times_of(121)[:60] + times_of(121)[61:]
    found = features_of(settings_of(), closes, ts=times)
    alone = features_of(settings_of(), closes[60:], ts=times[60:])
    for field in (
        "vel_div",
        "eigenvalue",
        "confirm",
        "outcome",
        "volatility",
        "efficiency",
        "noise",
        "instability",
    ):
        assert found[field][60:] == pytest.approx(alone[field], rel=1e-9, abs=1e-12, nan_ok=True), field


@pytest.mark.parametrize("price", [0.0, -1.0, math.inf])
def test_a_price_that_is_none_is_no_bar(price: float) -> None:
    """Zero, less, or without end: the asset has a hole there, the volatility's own too."""
    closes, holed = closes_of(40, 5), closes_of(40, 5)
    closes[20, [0, 3]] = price
    holed[20, [0, 3]] = np.nan
    assert features_of(settings_of(), closes).tobytes() == features_of(settings_of(), holed).tobytes()


def test_a_spike_is_kept() -> None:
    """Spec 3.1: spikes are signal; a tenth of the price in one bar is in the window like any other return."""
    closes = closes_of(40, 5)
    closes[20:] *= 1.1
    found = features_of(settings_of(), closes)
    assert found["eigenvalue"][22, 0] == pytest.approx(largest(closes, 22, FAST), rel=1e-11)
    assert found["eigenvalue"][22, 0] > 4.9


def test_a_shock_echoes_from_a_box_and_not_from_an_exponential_window() -> None:
    """Spec 3.1: 51 bars after a shock of all assets the box window drops it: a vel_div that means nothing.

    A common move of 2 % (about ten times a bar's) in one bar of 28 assets: the box kernel's echo is several times the
    threshold, the exponential kernel's stays within what the bars around it show.
    """
    closes = closes_of(500, 28, seed=13, scale=2e-3, share=0.4)
    closes[300:] *= 1.02
    echo, around = {}, {}
    for kernel in ("box", "exp"):
        found = features_of(champion_of(kernel=kernel), closes)["velocity"][:, 0]
        echo[kernel] = float(found[350])
        around[kernel] = float(np.abs(found[310:349]).max())
    assert echo["box"] < -0.2
    assert abs(echo["box"]) > 3.0 * around["box"]
    assert abs(echo["exp"]) < around["exp"]


def test_the_exponential_kernel_weighs_by_age() -> None:
    """Half-life a third of the window, and twice the window before it speaks."""
    closes = closes_of(60, 5)
    found = features_of(settings_of(kernel="exp"), closes)
    assert int(np.flatnonzero(np.isfinite(found["eigenvalue"][:, 0]))[0]) == 2 * FAST
    returns = np.r_[np.zeros((1, 5)), np.diff(np.log(closes), axis=0)]
    weights = 0.5 ** (np.arange(59, -1, -1) / (FAST / 3))
    covariance = np.cov(returns, rowvar=False, aweights=weights, ddof=0)
    spread = np.sqrt(np.diag(covariance))
    full = np.linalg.eigvalsh(covariance / np.outer(spread, spread))[-1]
    assert found["eigenvalue"][59, 0] == pytest.approx(full, rel=1e-9)


def stress_of(found: NDArray[Any], halflife: int) -> list[float]:
    """The smoothed growth of the slowest window, bar by bar."""
    alpha, smooth, values = 1.0 - 0.5 ** (1.0 / halflife), math.nan, []
    for slow in found["velocity"][:, 3]:
        if not math.isnan(slow):
            smooth = slow if math.isnan(smooth) else smooth + alpha * (slow - smooth)
        values.append(smooth)
    return values


def test_beta_is_high_above_the_percentile_of_thirty_days() -> None:
    """Spec 7: EWMA of the slowest growth over the 60th percentile of its 720 hourly readings, set anew each day."""
    closes = closes_of(24 * 40, 4, seed=4)
    chosen = settings_of(acb={"halflife_bars": 10})
    state = feature_state(chosen, names_of(4), "1h")
    found = features_of(chosen, closes, timeframe="1h", state=state)
    smooth = np.array(stress_of(found, 10))
    assert found["stress"] == pytest.approx(smooth, nan_ok=True, abs=1e-15)
    known = np.flatnonzero(np.isfinite(smooth))
    first_day = -(-(known[0] + 720) // 24)
    assert set(found["beta"][: 24 * first_day]) == {0.2}
    for day in range(first_day, 40):
        readings = smooth[known[known < 24 * day]][-720:]
        threshold = np.quantile(readings, 0.6)
        today = slice(24 * day, 24 * day + 24)
        assert found["beta"][today].tolist() == [0.8 if one > threshold else 0.2 for one in smooth[today]]
    assert set(found["beta"]) == {0.2, 0.8}
    assert beta_of(state) == found["beta"][-1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0, 1))
def test_a_percentile_is_linear_between_neighbours(values: list[float], share: float) -> None:
    """As numpy's default."""
    assert percentile_of(np.array([*values, 7.0]), len(values), share) == pytest.approx(
        np.quantile(values, share), rel=1e-9, abs=1e-6
    )


def test_a_percentile_of_nothing_is_unknown() -> None:
    """NaN, which no value is above."""
    assert math.isnan(percentile_of(np.zeros(3), 0, 0.6))


@settings(max_examples=25)
@given(cut=st.integers(1, 119), seed=st.integers(0, 2**32 - 1))
def test_the_future_changes_no_earlier_feature(cut: int, seed: int) -> None:
    """Other prices, holes and gaps from row `cut` on: all bytes before are the same."""
    closes, times = closes_of(120, 4), times_of(120, "1h")
    random = np.random.default_rng(seed)
    other, later = closes.copy(), list(times)
    other[cut:] *= np.exp(random.normal(0.0, 0.1, (120 - cut, 4)))
    other[cut:][random.random((120 - cut, 4)) < 0.1] = np.nan
    shift = int(random.integers(0, 3)) * TIMEFRAMES_NS["1h"]
    later[cut:] = [ts + shift for ts in later[cut:]]
    before = features_of(settings_of(), closes, timeframe="1h", ts=times)
    after = features_of(settings_of(), other, timeframe="1h", ts=later)
    assert before[:cut].tobytes() == after[:cut].tobytes()


def test_a_step_may_stop_and_go_on() -> None:
    """The state's bytes are all that it remembers."""
    closes = closes_of(100, 4)
    whole = features_of(settings_of(), closes)
    state = feature_state(settings_of(), names_of(4), "5m")
    features_of(settings_of(), closes[:50], state=state)
    row, out = record_of(ROW), record_of(FEATURES)
    for place in range(50, 100):
        fill_row(row, times_of(100)[place], closes[place])
        feature_step(state, row, out)
        assert out.tobytes() == whole[place].tobytes()
