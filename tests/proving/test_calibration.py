"""Calibration of the window forecast: no look ahead, an honest choice, and the real day's figures."""

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.gateways.market_records import DAY_S, SECOND, Price, gamma, steady, write_day
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.window_record import Arrivals, Window, read_arrivals, read_windows
from tradeworthy.proving.calibration.records import day_folder
from tradeworthy.proving.calibration.window_forecast import (
    BETTER,
    DESK,
    HALF,
    LEFT_S,
    SIGN,
    Calibration,
    Score,
    believed,
    calibrate,
    candidates,
    market_cases,
    price_cases,
)
from tradeworthy.proving.calibration.window_models import Ticks, forecasts, volatilities

REAL = "polymarket_btc5m_markets_chainlink"
DAY = DAY_S * SECOND


@dataclass(frozen=True)
class Day:
    """Prices and windows."""

    arrivals: Arrivals
    windows: list[Window]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Eight hours of a random walk of volatility 0.9, which the prior does not know, and its windows."""
    count = 8 * 3600 + 1
    steps = np.random.default_rng(3).normal(size=count) * 0.9 / math.sqrt(365 * 86_400)
    prices = [
        Price(second, price, late_ms=900 + second % 7 * 100)
        for second, price in enumerate((60_000.0 * np.exp(np.cumsum(steps))).tolist())
    ]
    markets = [
        gamma(start, strike=None, up=prices[start + 300].value >= prices[start].value)
        for start in range(0, count - 300, 300)
    ]
    folder = write_day(tmp_path_factory.mktemp("day"), prices, markets)
    return Day(read_arrivals(folder)[0], read_windows(folder))


def by_model(calibration: Calibration, scope: int = -1) -> dict[str, Score]:
    """The scores of one stretch of the day."""
    return {score.model: score for score in calibration.scopes[scope].scores}


def test_a_right_model_beats_what_knows_nothing(simulated: Day) -> None:
    """On a walk that obeys the formula it beats 0.5 and the sign, and is better the nearer the end."""
    found = calibrate(simulated.arrivals, simulated.windows, resamples=200)
    scores = by_model(found, 0)
    assert set(scores) == {HALF, SIGN, DESK.name, BETTER}
    assert scores[HALF].brier.value == 0.25
    assert scores[DESK.name].brier.high < 0.25
    assert scores[DESK.name].gain.value == 0.0
    assert scores[DESK.name].log_loss < scores[SIGN].log_loss
    by_left_s = [scores[DESK.name].by_left_s[left] for left in LEFT_S]
    assert by_left_s[-1] < by_left_s[0]
    assert found.chosen in candidates()
    assert [scope.markets for scope in found.scopes] == [96, 48, 47]
    assert found == calibrate(simulated.arrivals, simulated.windows, resamples=200)


@hypothesis_settings(max_examples=10)
@given(cut_s=st.integers(600, 8 * 3600))
def test_a_forecast_knows_nothing_that_had_not_arrived(simulated: Day, cut_s: int) -> None:
    """With every later arrival removed, each earlier forecast stays what it was, bit for bit."""
    now = DAY + cut_s * SECOND
    ticks = believed(simulated.arrivals)
    past = believed(simulated.arrivals.between(0, now + 1))
    whole, _ = market_cases(ticks, simulated.windows)
    ends = np.array([window.end_ts for window in simulated.windows])
    before = whole.where(ends[whole.market] - whole.left_s * SECOND <= now)
    for model in (DESK, candidates()[0]):
        known = forecasts(before, ticks, volatilities(ticks, model), model)
        assert known.tolist() == forecasts(before, past, volatilities(past, model), model).tolist()


def test_the_choice_sees_no_price_of_the_second_half(simulated: Day) -> None:
    """Windows of the choice end by the middle, and the last price that they use had arrived by then."""
    ticks = believed(simulated.arrivals)
    middle = int(ticks.ts[0] + ticks.ts[-1]) // 2
    cases = price_cases(ticks, middle)
    assert ticks.ts[cases.tick].max() <= middle
    changed = ticks._replace(price=np.where(ticks.ts_event > middle, 1.0, ticks.price))
    assert all(map(np.array_equal, price_cases(changed, middle), cases))


def test_an_older_price_that_comes_later_is_not_believed() -> None:
    """As the oracles do it."""
    arrivals = Arrivals(np.array([1, 2, 3, 4]), np.array([10, 30, 20, 40]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert believed(arrivals).price.tolist() == [1.0, 2.0, 4.0]
    assert isinstance(believed(arrivals), Ticks)


def test_a_market_without_strike_or_outcome_has_no_forecast(tmp_path: Path) -> None:
    """Five forecasts for each market that can be judged; those from a price gone stale are counted."""
    prices = [
        price for price in steady(1201) if not 598 < price.second < 640 and not 1100 < price.second < 1160
    ]
    markets = [gamma(0), gamma(300, up=None), gamma(600, strike=None), gamma(900)]
    folder = write_day(tmp_path, prices, markets)
    cases, stale = market_cases(believed(read_arrivals(folder)[0]), read_windows(folder))
    assert np.unique(cases.market).tolist() == [0, 3]
    assert len(cases.up) == 2 * len(LEFT_S)
    assert stale == 1


def test_a_day_that_is_too_short_says_so(tmp_path: Path) -> None:
    """A handful of markets shows nothing."""
    folder = write_day(tmp_path, steady(1200), [gamma(start) for start in (0, 300, 600)])
    with pytest.raises(NotAvailable, match="under 20 resolved windows"):
        calibrate(read_arrivals(folder)[0], read_windows(folder))


def test_the_day_is_found_where_the_feed_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder named, or the only one in the folder of all recorded data."""
    monkeypatch.setenv("TRADEWORTHY_DATA__RECORDED", str(tmp_path))
    with pytest.raises(NotAvailable, match="has no day of up/down windows"):
        day_folder("recorded")
    day = write_day(tmp_path / "day", steady(10), [gamma(0)])
    assert day_folder("recorded") == day
    assert day_folder(f"recorded:{day}") == day
    write_day(tmp_path / "other", steady(10), [gamma(0)])
    with pytest.raises(UsageError, match=r"several days of windows \(day, other\)"):
        day_folder("recorded")
    with pytest.raises(UsageError, match="not 'simulator'"):
        day_folder("simulator")
    monkeypatch.delenv("TRADEWORTHY_DATA__RECORDED")
    with pytest.raises(NotAvailable, match="no folder of recorded data is set"):
        day_folder("recorded")


def test_the_real_day_is_forecast_better_than_by_what_knows_nothing(recorded_data: Path) -> None:
    """O3 beats 0.5 and the sign of S-K on 287 markets, beyond the intervals; the better model beats it again."""
    folder = recorded_data / REAL
    found = calibrate(read_arrivals(folder)[0], read_windows(folder))
    assert [(scope.markets, scope.forecasts) for scope in found.scopes] == [
        (287, 1435),
        (144, 720),
        (142, 710),
    ]
    whole, late = by_model(found, 0), by_model(found, 2)
    for model in (DESK.name, BETTER):
        assert whole[model].brier.high < 0.16 < whole[SIGN].brier.low < 0.25
        assert whole[SIGN].gain.high < 0.0
    assert whole[DESK.name].brier.value == pytest.approx(0.1394, abs=5e-4)
    assert late[BETTER].brier.value < late[DESK.name].brier.value
    assert late[BETTER].log_loss < late[DESK.name].log_loss
    assert msgspec.json.decode(msgspec.json.encode(found))["chosen"]["step_s"] == found.chosen.step_s
