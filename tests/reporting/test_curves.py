"""Curves, months, groups and exposure of a backtest's trades and days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tradeworthy.reporting.curves import (
    COLUMNS_MAX,
    ClosedTrade,
    DayRow,
    drawdowns,
    equity,
    exposure,
    groups,
    months,
    read_days,
    read_trades,
    rolling_sharpe,
    rolling_win_rate,
)

DAY = 86_400.0
BEGIN = datetime(2025, 1, 30, tzinfo=UTC).timestamp()


def trade(
    pnl: float, opened: float = 0.0, closed: float = 0.5, *, side: str = "buy", reason: str = "held"
) -> ClosedTrade:
    """A trade of 1,000, with times in days from BEGIN."""
    times = BEGIN + opened * DAY, BEGIN + closed * DAY
    return ClosedTrade("one", "BTC", side, pnl, 1.0, 1_000.0, *times, reason)


def days(*pnls: float) -> list[DayRow]:
    """Days from 2025-01-30 on, beginning with 10,000."""
    rows, capital = [], 10_000.0
    for number, pnl in enumerate(pnls):
        capital += pnl
        rows.append(DayRow(date(2025, 1, 30) + timedelta(days=number), capital, pnl))
    return rows


def test_equity_begins_with_the_capital_and_ends_with_the_time() -> None:
    """A point for each trade between."""
    curve = equity(100.0, [trade(5.0), trade(-7.0, closed=1.0)], BEGIN, BEGIN + 3 * DAY)
    assert curve == [
        (BEGIN, 100.0),
        (BEGIN + DAY / 2, 105.0),
        (BEGIN + DAY, 98.0),
        (BEGIN + 3 * DAY, 98.0),
    ]


def test_a_drawdown_counts_from_the_highest_so_far() -> None:
    """It is 0 at each new peak."""
    fell = drawdowns([(0.0, 100.0), (1.0, 80.0), (2.0, 120.0), (3.0, 90.0)])
    assert [value for _, value in fell] == pytest.approx([0.0, -0.2, 0.0, -0.25])


def test_months_compound_to_the_year() -> None:
    """The first month begins with the capital at the begin."""
    found = months(days(100.0, -50.0, 200.0, 0.0))
    assert found == {2025: pytest.approx({0: 0.025, 1: 0.005, 2: 10_250 / 10_050 - 1})}


def test_trades_are_grouped_with_the_largest_first() -> None:
    """Each group has its own win rate, profit factor and median holding time."""
    trades = [trade(3.0), trade(-1.0, closed=1.0), trade(4.0, reason="stop")]
    held, stop = groups(trades, lambda one: one.reason)
    assert (held.name, held.trades, held.pnl, held.fees, held.win_rate, held.profit_factor) == (
        *("held", 2, 2.0, 2.0, 0.5, 3.0),
    )
    assert held.held_s == 0.75 * DAY
    assert stop.profit_factor is None


def test_exposure_is_what_was_held_over_the_time() -> None:
    """A trade through midnight counts on both days, a short below zero."""
    trades = [trade(0.0, 0.5, 1.25), trade(0.0, 1.0, 2.0, side="sell")]
    long, short, grouped = exposure(trades, days(0.0, 0.0, 0.0))
    assert grouped == 1
    assert [value for _, value in long] == pytest.approx([0.05, 0.025, 0.0])
    assert [value for _, value in short] == pytest.approx([0.0, -0.1, 0.0])


def test_years_of_exposure_share_columns() -> None:
    """There are never more than fit."""
    long, _, grouped = exposure([trade(0.0)], days(*[0.0] * 1_000))
    assert (len(long), grouped) == (167, 6)
    assert len(long) <= COLUMNS_MAX
    assert long[0][1] == pytest.approx(0.05 / 6)


def test_rolling_figures_need_enough_to_roll_over() -> None:
    """A handful of days or trades has none."""
    assert rolling_sharpe(days(*[1.0] * 9)) == ([], 0)
    assert rolling_win_rate([trade(1.0)] * 19) == ([], 0)
    points, width = rolling_sharpe(days(*[1.0, -2.0] * 30))
    assert (len(points), width) == (60 - 20 + 1, 20)


def test_a_rolling_win_rate_forgets_what_is_long_over() -> None:
    """Of 40 trades it looks at ten."""
    points, width = rolling_win_rate([trade(1.0)] * 20 + [trade(-1.0)] * 20)
    assert width == 10
    assert [value for _, value in points] == pytest.approx(
        [1.0] * 11 + [one / 10 for one in range(9, -1, -1)] + [0.0] * 10
    )


def test_files_read_back_as_they_were_written(tmp_path: Path) -> None:
    """Times may have nine places."""
    (tmp_path / "trades.csv").write_text(
        "desk,instrument,side,entry_notional,fees,pnl,opened_at,closed_at,reason\n"
        "one,BTC,sell,1000.00,1.5,-2.25,2025-01-30T00:00:00Z,2025-01-30T00:00:00.123456789Z,stop\n"
    )
    (tmp_path / "daily.csv").write_text("date,capital,pnl,trades\n2025-01-30,9997.75,-2.25,1\n")
    (read,) = read_trades(tmp_path / "trades.csv")
    assert (read.pnl, read.opened) == (-2.25, BEGIN)
    assert read.closed == pytest.approx(BEGIN + 0.123456, abs=1e-6)
    assert read_days(tmp_path / "daily.csv") == [DayRow(date(2025, 1, 30), 9_997.75, -2.25)]
