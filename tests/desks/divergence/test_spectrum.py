"""The largest eigenvalue: against higher precision, a full solve, a cold start and other arithmetic."""

from itertools import pairwise
from pathlib import Path

import mpmath  # type: ignore[import-untyped]
import numpy as np
import polars as pl
import pytest

from tests.desks.divergence.rows import (
    Floats,
    closes_of,
    correlations,
    features_of,
    fill_row,
    names_of,
    settings_of,
)
from tradeworthy.core.errors import Bug
from tradeworthy.desks.divergence import spectrum
from tradeworthy.desks.divergence.checking import check_spectrum
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURE_STATE, FEATURES, ROW, from_bytes, record_of, to_bytes
from tradeworthy.market.bars import TIMEFRAMES_NS

WINDOWS = (50, 150, 300, 750)
LONG = settings_of(windows=WINDOWS, assets_min=4)
PANELS = {
    "hyperliquid_candles/candles_5m.parquet": "5m",
    "binance_um_1m/klines_1m.parquet": "1m",
}


def exactly(closes: Floats, last: int, width: int) -> mpmath.mpf:
    """The largest eigenvalue of the window that ends at row `last`, in 40 digits from the prices on."""
    with mpmath.workdps(40):
        prices = [[mpmath.mpf(float(one)) for one in row] for row in closes[last - width : last + 1]]
        columns = []
        for i in range(closes.shape[1]):
            returns = [mpmath.log(after[i] / before[i]) for before, after in pairwise(prices)]
            mean = mpmath.fsum(returns) / width
            centred = [one - mean for one in returns]
            spread = mpmath.sqrt(mpmath.fsum(one * one for one in centred))
            columns.append([one / spread for one in centred])
        matrix = mpmath.matrix(
            [[mpmath.fsum(a * b for a, b in zip(x, y, strict=True)) for y in columns] for x in columns]
        )
        return max(mpmath.eigsy(matrix, eigvals_only=True))


def test_a_hundred_windows_agree_with_forty_digits() -> None:
    """Each within 1e-10 of mpmath's, from the prices on, with rolled sums and a warm start behind it."""
    closes = closes_of(400, 5, seed=3)
    found = features_of(settings_of(windows=(12, 20, 30, 50)), closes)
    for last in range(300, 400, 4):
        for k, width in enumerate((12, 20, 30, 50)):
            assert abs(found["eigenvalue"][last, k] - exactly(closes, last, width)) < 1e-10


@pytest.mark.parametrize("file", PANELS)
def test_real_panels_agree_with_a_full_solve(recorded_data: Path, file: str) -> None:
    """All four windows on recorded bars, holes included, within 1e-10 of numpy's."""
    bars = pl.read_parquet(recorded_data / file).filter(pl.col("symbol") != "LAUNCHCOIN")
    table = bars.pivot(on="symbol", index="ts", values="close").sort("ts").head(2_000)
    closes = table.drop("ts").to_numpy()
    times = table["ts"].dt.epoch("ns").to_list()
    settings = settings_of(windows=WINDOWS, assets_min=12)
    state = feature_state(settings, names_of(closes.shape[1]), PANELS[file])
    row, out = record_of(ROW), record_of(FEATURES)
    checked = 0
    for place, (ts, close) in enumerate(zip(times, closes, strict=True)):
        fill_row(row, ts, close)
        feature_step(state, row, out)
        if place % 20 == 0:
            check_spectrum(state)
            checked += int(np.isfinite(out.eigenvalue).sum())
    assert checked > 100


@pytest.mark.parametrize("kernel", ["box", "exp"])
def test_a_warm_start_equals_a_cold_one(kernel: str) -> None:
    """To 1e-12, whatever vector the iteration begins from."""
    closes = closes_of(900, 8, seed=5)
    settings = settings_of(windows=(20, 50, 100, 250), kernel=kernel)
    warm = feature_state(settings, names_of(8), "5m")
    row, out, cold_out = record_of(ROW), record_of(FEATURES), record_of(FEATURES)
    for place, close in enumerate(closes):
        fill_row(row, place * TIMEFRAMES_NS["5m"], close)
        cold = from_bytes(to_bytes(warm), FEATURE_STATE)
        cold.vector[...] = 0.0
        feature_step(warm, row, out)
        feature_step(cold, row, cold_out)
        assert out.eigenvalue == pytest.approx(cold_out.eigenvalue, rel=1e-12, nan_ok=True)
    assert np.isfinite(out.eigenvalue).all()


def test_sums_made_anew_move_nothing() -> None:
    """Rolled over 3,000 bars with spikes of a tenth, or made anew at the last: the same to 1e-12."""
    closes = closes_of(3_000, 6, seed=7)
    closes[1_000::700] *= 1.1
    rolled = feature_state(LONG, names_of(6), "5m")
    features_of(LONG, closes[:-1], state=rolled)
    rolled.since_refresh = 0
    anew = from_bytes(to_bytes(rolled), FEATURE_STATE)
    anew.since_refresh = spectrum.REFRESH - 1
    row, out, other = record_of(ROW), record_of(FEATURES), record_of(FEATURES)
    fill_row(row, int(rolled.ts) + TIMEFRAMES_NS["5m"], closes[-1])
    feature_step(rolled, row, out)
    feature_step(anew, row, other)
    assert (rolled.products != anew.products).any()
    assert out.eigenvalue == pytest.approx(other.eigenvalue, rel=1e-12)
    assert out.efficiency[:6] == pytest.approx(other.efficiency[:6], rel=1e-9)


@pytest.mark.parametrize("story", ["a tick ten times too high", "an asset falls asleep"])
def test_the_rounding_of_great_moves_does_not_stay(story: str) -> None:
    """What a box window has let go leaves no trace beside the small returns that are in it now."""
    returns = np.diff(np.log(closes_of(1_200, 6, seed=3, scale=2e-4)), axis=0)
    if story == "an asset falls asleep":
        returns[:400, 3] *= 100.0
        returns[400:, 3] *= 0.02
    else:
        returns[300, 2] += np.log(10.0)
        returns[301, 2] -= np.log(10.0)
    closes = 100.0 * np.exp(np.cumsum(returns, axis=0))
    state = feature_state(LONG, names_of(6), "1m")
    row, out = record_of(ROW), record_of(FEATURES)
    for place, close in enumerate(closes):
        fill_row(row, place * TIMEFRAMES_NS["1m"], close)
        feature_step(state, row, out)
        if place % 3 == 0:
            check_spectrum(state)


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_eigenvalues_near_each_other_are_told_apart(groups: int) -> None:
    """Independent assets, or blocks of equal strength: the two largest nearly meet, and the larger is found."""
    random = np.random.default_rng(11)
    factors = np.repeat(random.normal(size=(1_500, groups)), 8 // groups, axis=1)
    returns = 1e-3 * (random.normal(size=(1_500, 8)) + (0.0 if groups == 8 else 1.0) * factors)
    closes = 100.0 * np.exp(np.cumsum(returns, axis=0))
    found = features_of(settings_of(windows=(20, 50, 100, 250)), closes)
    nearest = 1.0
    for last in range(300, 1_500):
        full = np.linalg.eigvalsh(correlations(closes, last, 100))
        nearest = min(nearest, 1.0 - full[-2] / full[-1])
        assert found["eigenvalue"][last, 2] == pytest.approx(full[-1], rel=1e-11)
    assert groups == 1 or nearest < 1e-2


def test_equal_eigenvalues_end() -> None:
    """Two pairs that move as one each: the largest is 2, twice, and the vector is a unit one."""
    state = feature_state(settings_of(assets_min=2), names_of(4), "5m")
    state.members[0, :4] = 1
    state.matrix[:4, :4] = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    value = spectrum.largest_eigenvalue(state, 0, np.empty(4), np.empty((4, 4)))
    assert value == pytest.approx(2.0, rel=1e-12)
    assert np.linalg.norm(state.vector[0]) == pytest.approx(1.0)
    assert state.matrix[:4, :4] @ state.vector[0, :4] == pytest.approx(2.0 * state.vector[0, :4])


def test_a_vector_that_hides_the_largest_is_found_out() -> None:
    """Started from the second eigenvector, which the iteration alone would keep, the answer is still the largest."""
    state = feature_state(settings_of(assets_min=2), names_of(4), "5m")
    vectors, _ = np.linalg.qr(np.column_stack([[0.01, 0.011, 0.012, 0.013], *np.eye(4)[:, :3].T]))
    # Eigenvectors 0 (which the start leans on) and 1 have values 1.4 and 1.5.
    state.matrix[:4, :4] = vectors @ np.diag([1.4, 1.5, 0.6, 0.5]) @ vectors.T
    state.members[0, :4] = 1
    state.vector[0, :4] = vectors[:, 0]
    assert spectrum.largest_eigenvalue(state, 0, np.empty(4), np.empty((4, 4))) == pytest.approx(
        1.5, rel=1e-12
    )


@pytest.mark.parametrize("kernel", ["box", "exp"])
def test_the_full_solve_names_what_is_wrong(kernel: str) -> None:
    """Silent while all is well; else a Bug with the bar, the window and both values."""
    settings = settings_of(kernel=kernel)
    state = feature_state(settings, names_of(5), "5m")
    check_spectrum(state)
    features_of(settings, closes_of(200, 5), state=state)
    check_spectrum(state)
    value = float(state.eigenvalue[1])
    state.eigenvalue[1] = value * (1.0 + 3e-10)
    wrong = float(state.eigenvalue[1])
    told = rf"over 12 bars at 2024-10-04T16:35:00Z \(bar 199\).* {wrong!r}, .* {str(value)[:10]}"
    with pytest.raises(Bug, match=told):
        check_spectrum(state)
