"""The forewarner: its figures, its status, and the part that reports."""

import math

import numpy as np
import pytest

from tests.desks.divergence.rows import champion_of
from tests.desks.divergence.stage import DAY, HOUR, START, Stage, only
from tradeworthy.core.draws import draw, word_of
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.forewarner import (
    BLOCK_TRADES,
    HORIZON_DAYS,
    Outcome,
    distance,
    env_distance,
    forewarn,
    futures,
    standing,
    status_of,
    worst_mean,
)
from tradeworthy.desks.divergence.forewarning import Forewarner
from tradeworthy.execution.accounting import CashMoved, TradeClosed, TradeReversed
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.risk.stance import ForewarnerReported, McStatus

OK, ORANGE, RED = McStatus.OK, McStatus.ORANGE, McStatus.RED
CAPITAL = 25_000 * CASH_UNIT


def outcomes(
    count: int, *, mean: float = 0.0002, spread: float = 0.004, exposure: float = 0.6
) -> list[Outcome]:
    """Trades of the ten days before START, 38 a day at most."""
    returns = np.random.default_rng(count).normal(mean, spread, count)
    return [
        Outcome(START - (count - place) * DAY // 38, float(one), exposure)
        for place, one in enumerate(returns)
    ]


@pytest.mark.parametrize(("value", "away"), [(0.2, 0.0), (0.1, 0.0), (0.25, 0.0), (0.05, 2 / 3), (0.4, 2.0)])
def test_a_distance_is_in_half_widths(value: float, away: float) -> None:
    """Spec 9: 0 within the box."""
    assert distance(value, (0.10, 0.25)) == pytest.approx(away)


def test_the_champion_stands_in_its_own_box() -> None:
    """And a setting, the volatility or the index outside of it sets the distance."""
    assert env_distance(champion_of(), 1.5, 50.0) == 0.0
    assert env_distance(champion_of(), math.nan, None) == 0.0
    assert env_distance(champion_of(max_hold_bars=12), math.nan, None) == pytest.approx(0.8)
    assert env_distance(champion_of(vel_div_threshold=-0.005), math.nan, None) == pytest.approx(1.0)
    assert env_distance(champion_of(), 5.6, 60.0) == pytest.approx(1.0)
    assert env_distance(champion_of(), 0.8, 120.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("figures", "status"),
    [
        ((0.0, 0.0, 0.0), OK),
        ((0.0299, -0.0599, 1.0), OK),
        ((0.03, 0.0, 0.0), ORANGE),
        ((0.0, -0.06, 0.0), ORANGE),
        ((0.0, 0.0, 1.01), ORANGE),
        ((0.0, 0.0, 2.0), ORANGE),
        ((0.10, 0.0, 0.0), RED),
        ((0.0, 0.0, 2.01), RED),
    ],
)
def test_the_status_by_its_thresholds(figures: tuple[float, float, float], status: McStatus) -> None:
    """Spec 9.4, each threshold at its edge."""
    assert status_of(*figures) is status


def test_too_few_trades_are_no_evidence() -> None:
    """Spec 9.5: under 200, OK and said to be insufficient, wherever the settings stand."""
    report = forewarn(outcomes(199, mean=-0.05), 5.0, START, 42)
    assert (report.status, report.mc_scale, report.evidence) == (OK, 1.0, "insufficient")
    assert (report.p_cat, report.cvar95, report.n_trades, report.env_dist) == (None, None, 199, 5.0)
    assert forewarn(outcomes(200), 0.0, START, 42).evidence == "ok"


def test_a_calm_history_is_ok_and_a_bad_one_red() -> None:
    """And the scale follows; only the last 500 trades count."""
    calm = forewarn(outcomes(400), 0.0, START, 42)
    assert (calm.status, calm.mc_scale, calm.n_trades, calm.asof) == (OK, 1.0, 400, START)
    assert calm.p_cat == 0.0
    bad = forewarn(outcomes(400, mean=-0.002), 0.0, START, 42)
    assert (bad.status, bad.mc_scale) == (RED, 0.0)
    assert bad.p_cat == 1.0
    long = forewarn([*outcomes(500, mean=-0.05), *outcomes(500)], 0.0, START, 42)
    assert (long.status, long.n_trades) == (OK, 500)


def test_the_worst_days_of_independent_trades_are_where_theory_has_them() -> None:
    """A day of 20 normal returns: the mean of its worst twentieth is 2.063 sd below its mean, within a tenth."""
    trades = outcomes(500, mean=0.0, spread=0.004, exposure=1.0)
    spaced = [
        Outcome(START - (500 - place) * DAY // 20, one.on_notional, 1.0) for place, one in enumerate(trades)
    ]
    report = forewarn(spaced, 0.0, START, 42)
    returns = np.array([one.on_notional for one in spaced])
    expected = 20 * returns.mean() - 2.063 * returns.std() * math.sqrt(20)
    assert report.cvar95 == pytest.approx(expected, rel=0.1)


def test_leverage_deepens_the_fall() -> None:
    """The same trades at a higher present exposure."""
    shallow = forewarn(outcomes(400, mean=0.0, exposure=0.5), 0.0, START, 42)
    deep = forewarn(outcomes(400, mean=0.0, exposure=5.0), 0.0, START, 42)
    assert shallow.cvar95 is not None
    assert deep.cvar95 is not None
    # A tenth less than tenfold: returns compound.
    assert deep.cvar95 == pytest.approx(10.0 * shallow.cvar95, rel=0.15)
    assert deep.status is not OK


def test_a_report_is_a_function_of_seed_date_and_trades() -> None:
    """The same within a UTC day, other draws on the next and of another seed."""
    trades = outcomes(300, mean=0.0, spread=0.02)
    first = forewarn(trades, 0.0, START, 42)
    assert forewarn(trades, 0.0, START, 42) == first
    assert forewarn(trades, 0.0, START, 43).cvar95 != first.cvar95
    assert forewarn(trades, 0.0, START + DAY, 42).cvar95 != first.cvar95


def test_futures_are_blocks_of_the_trades_by_the_cores_draws() -> None:
    """Against the rule written out: one trade in twenty begins anew, the others follow, the first after the last."""
    returns = np.random.default_rng(2).normal(0.0, 0.05, 30)
    stream, a_day, paths = "2024-10-04/MC", 7, 5
    days = np.empty(paths * HORIZON_DAYS)
    fallen = futures(returns, days, a_day, np.uint64(42), np.uint64(word_of(stream)))
    expected, lost = [], 0
    for path in range(paths):
        equity, peak, deep, place = 1.0, 1.0, False, -1
        for day in range(HORIZON_DAYS):
            before = equity
            for trade in range(a_day):
                key = 2 * ((path * HORIZON_DAYS + day) * a_day + trade)
                anew = place < 0 or draw(42, stream, key) < 1.0 / BLOCK_TRADES
                place = int(draw(42, stream, key + 1) * 30) if anew else (place + 1) % 30
                equity *= 1.0 + returns[place]
                peak = max(peak, equity)
                deep = deep or equity <= 0.75 * peak
            expected.append(equity / before - 1.0)
        lost += deep
    assert days.tolist() == expected
    assert fallen == lost > 0


def test_an_account_that_is_gone_stays_gone() -> None:
    """A trade that loses more than everything ends the path at nothing; no figure is NaN."""
    days = np.empty(HORIZON_DAYS)
    assert futures(np.array([-1.5]), days, 1, np.uint64(42), np.uint64(1)) == 1
    assert days.tolist() == [-1.0, *[0.0] * 9]


def test_the_worst_mean_is_of_the_lowest() -> None:
    """A twentieth, at least one."""
    assert worst_mean(np.arange(40.0), 0.05) == 0.5
    assert worst_mean(np.array([3.0, 1.0, 2.0]), 0.05) == 1.0


def test_an_old_report_is_orange() -> None:
    """Spec 9.5: after 24 hours; RED stays RED, and before the first report all is well."""
    report = ForewarnerReported(OK, 1.0, START)
    assert standing(None, START) is OK
    assert standing(report, START + DAY) is OK
    assert standing(report, START + DAY + 1) is ORANGE
    assert standing(ForewarnerReported(RED, 0.0, START), START + 9 * DAY) is RED


class Desk:
    """A desk's forewarner and a volatility to turn."""

    def __init__(self) -> None:
        self.volatility = math.nan
        self.agent = Forewarner("blue", champion_of(), lambda: CAPITAL, lambda: self.volatility)
        self.stage = Stage(self.agent)
        self.stage.put(CashMoved(CAPITAL, "initial cash"))

    def trade(self, pnl: float, desk: str = "blue") -> None:
        """A trade of 10,000 closes now."""
        notional = 10_000 * CASH_UNIT
        closed = TradeClosed(
            *(desk, "BTC", "BTC", Side.SELL, 10, notional, notional, 0),
            *(round(pnl * CASH_UNIT), self.stage.now, self.stage.now, "MAX_HOLD", 1),
        )
        self.stage.put(closed)

    def reports(self, events: list[Event]) -> list[ForewarnerReported]:
        """The reports among these."""
        return only(events, ForewarnerReported)


def test_it_reports_every_four_hours() -> None:
    """At 04:00, 08:00 and so on by session time, from the first cash on."""
    desk = Desk()
    assert desk.reports(desk.stage.wait(4 * HOUR - 1)) == []
    assert [one.asof for one in desk.reports(desk.stage.wait(1))] == [START + 4 * HOUR]
    assert [one.asof for one in desk.reports(desk.stage.wait(9 * HOUR))] == [
        START + 8 * HOUR,
        START + 12 * HOUR,
    ]


def test_it_counts_its_own_desks_trades() -> None:
    """Net returns on the notional, notional over capital; the last 500."""
    desk = Desk()
    desk.trade(50.0)
    desk.trade(50.0, desk="green")
    assert desk.agent.state.outcomes == [Outcome(START, 0.005, 0.4)]
    for _ in range(505):
        desk.trade(-20.0)
    assert len(desk.agent.state.outcomes) == 500
    (report,) = desk.reports(desk.stage.wait(4 * HOUR))
    # Fifty trades a day lose 0.08 % of the capital each: a third of it in ten days.
    assert (report.status, report.n_trades, report.desk) == (RED, 500, "blue")


def test_a_reversed_trade_is_forgotten() -> None:
    """The last one that closed then."""
    desk = Desk()
    desk.trade(50.0)
    desk.stage.put(TradeReversed("blue", "BTC", "BTC", Side.SELL, 10, 0, 50, START, 1, START, "failed"))
    assert desk.agent.state.outcomes == []
    desk.stage.put(TradeReversed("green", "BTC", "BTC", Side.SELL, 10, 0, 50, START, 1, START, "failed"))


def test_the_market_may_be_outside_the_box() -> None:
    """The index while it is fresh, and the volatility over its threshold."""
    desk = Desk()
    desk.stage.wait(4 * HOUR)
    desk.stage.put(FactorsObserved(desk.stage.now, dvol_btc=120.0), START + 8 * HOUR - 1)
    (fresh,) = desk.reports(desk.stage.wait(1))
    assert fresh.env_dist == 0.0
    desk.stage.put(FactorsObserved(START + 12 * HOUR - 1, dvol_btc=120.0), START + 12 * HOUR - 1)
    assert [one.env_dist for one in desk.reports(desk.stage.wait(1))] == [1.0]
    desk.volatility = 7.2
    assert [one.env_dist for one in desk.reports(desk.stage.wait(4 * HOUR))] == [pytest.approx(2.0)]
