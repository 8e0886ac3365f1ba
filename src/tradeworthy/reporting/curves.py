"""What a backtest's trades and days come to, for pictures and tables: curves, months, exits, exposure.

Money is float currency here: it is for looking at. The exact figures are in the files that it was read from.
"""

from __future__ import annotations

import csv
import itertools
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tradeworthy.reporting.metrics import profit_factor, sharpe, win_rate

DAY_S = 86_400.0
ROLLING_DAYS, ROLLING_DAYS_MIN = 30, 10
ROLLING_TRADES, ROLLING_TRADES_MIN = 50, 20
COLUMNS_MAX = 180
"""The most columns of an exposure: of more days several share one."""


@dataclass(frozen=True)
class ClosedTrade:
    """One row of trades.csv. Times are UTC seconds since 1970."""

    desk: str
    instrument: str
    side: str
    pnl: float
    fees: float
    notional: float
    opened: float
    closed: float
    reason: str


@dataclass(frozen=True)
class DayRow:
    """One row of daily.csv; `capital` is that at the day's end."""

    day: date
    capital: float
    pnl: float

    @property
    def began(self) -> float:
        """The capital at the day's begin."""
        return self.capital - self.pnl


@dataclass(frozen=True)
class Group:
    """Trades that have something in common."""

    name: str
    trades: int
    pnl: float
    fees: float
    win_rate: float
    profit_factor: float | None
    held_s: float
    """The median time from the first fill to the last."""


def read_trades(file: Path) -> list[ClosedTrade]:
    """The rows of a trades.csv, in the order in which the trades closed."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            ClosedTrade(
                row["desk"],
                row["instrument"],
                row["side"],
                float(row["pnl"]),
                float(row["fees"]),
                float(row["entry_notional"]),
                _seconds(row["opened_at"]),
                _seconds(row["closed_at"]),
                row["reason"],
            )
            for row in csv.DictReader(lines)
        ]


def read_days(file: Path) -> list[DayRow]:
    """The rows of a daily.csv."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            DayRow(date.fromisoformat(row["date"]), float(row["capital"]), float(row["pnl"]))
            for row in csv.DictReader(lines)
        ]


def equity(
    begin: float, trades: Sequence[ClosedTrade], first: float, last: float
) -> list[tuple[float, float]]:
    """Capital after each closed trade, from `begin` at time `first` to time `last`."""
    points, capital = [(first, begin)], begin
    for trade in trades:
        capital += trade.pnl
        points.append((trade.closed, capital))
    return [*points, (max(last, points[-1][0]), capital)]


def drawdowns(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """How far each point of a curve of capital is under the highest so far, as a share of that: 0 or less."""
    peak, points = curve[0][1], []
    for time, capital in curve:
        peak = max(peak, capital)
        points.append((time, capital / peak - 1.0 if peak > 0 else 0.0))
    return points


def months(days: Sequence[DayRow]) -> dict[int, dict[int, float]]:
    """The return of each month by year; 0 stands for the whole year. Days without capital have none."""
    found: dict[int, dict[int, float]] = {}
    for year, in_year in itertools.groupby(days, lambda row: row.day.year):
        rows = list(in_year)
        found[year] = {0: _growth(rows)}
        for month, in_month in itertools.groupby(rows, lambda row: row.day.month):
            found[year][month] = _growth(list(in_month))
    return found


def _growth(rows: Sequence[DayRow]) -> float:
    began = rows[0].began
    return rows[-1].capital / began - 1.0 if began > 0 else 0.0


def groups(trades: Iterable[ClosedTrade], key: Callable[[ClosedTrade], str]) -> list[Group]:
    """Trades by what `key` says of them, the largest group first."""
    by: dict[str, list[ClosedTrade]] = {}
    for trade in trades:
        by.setdefault(key(trade), []).append(trade)
    found = [_group(name, part) for name, part in by.items()]
    return sorted(found, key=lambda group: (-group.trades, group.name))


def _group(name: str, trades: Sequence[ClosedTrade]) -> Group:
    results = [trade.pnl for trade in trades]
    won, lost = [one for one in results if one > 0], [one for one in results if one < 0]
    return Group(
        name,
        len(trades),
        sum(results),
        sum(trade.fees for trade in trades),
        win_rate(len(won), len(lost)),
        profit_factor(sum(won), -sum(lost)),
        statistics.median(trade.closed - trade.opened for trade in trades),
    )


def exposure(
    trades: Iterable[ClosedTrade], days: Sequence[DayRow]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]], int]:
    """What was held long and short (below 0), on the average over the time, as shares of the capital.

    Long points, short points, and how many days a point stands for. Of trades that closed, at their entry's worth.
    """
    first = _midnight(days[0].day)
    held = [[0.0] * len(days), [0.0] * len(days)]
    for trade in trades:
        side = held[0] if trade.side == "buy" else held[1]
        for number, share in _days_held(trade, first, len(days)):
            side[number] += trade.notional * share
    grouped = -(-len(days) // COLUMNS_MAX)
    points: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for at in range(0, len(days), grouped):
        rows = days[at : at + grouped]
        for side, sign, into in zip(held, (1, -1), points, strict=True):
            shares = [worth / row.began for worth, row in zip(side[at:], rows, strict=False) if row.began > 0]
            into.append((first + at * DAY_S, sign * statistics.fmean(shares) if shares else 0.0))
    return *points, grouped


def _days_held(trade: ClosedTrade, first: float, days: int) -> Iterator[tuple[int, float]]:
    """The days on which a trade was open, and the share of each."""
    number = max(0, int((trade.opened - first) // DAY_S))
    while number < days and first + number * DAY_S < trade.closed:
        begin, end = first + number * DAY_S, first + (number + 1) * DAY_S
        yield number, max(0.0, min(trade.closed, end) - max(trade.opened, begin)) / DAY_S
        number += 1


def rolling_sharpe(days: Sequence[DayRow]) -> tuple[list[tuple[float, float]], int]:
    """Sharpe of the last days at each day's end, and how many days that are; none under ROLLING_DAYS_MIN days."""
    if len(days) < ROLLING_DAYS_MIN:
        return [], 0
    width = min(ROLLING_DAYS, max(5, len(days) // 3))
    returns = [row.pnl / row.began if row.began > 0 else 0.0 for row in days]
    points = []
    for end in range(width, len(days) + 1):
        value = sharpe(returns[end - width : end])
        if value is not None:
            points.append((_midnight(days[end - 1].day) + DAY_S, value))
    return points, width


def rolling_win_rate(trades: Sequence[ClosedTrade]) -> tuple[list[tuple[float, float]], int]:
    """Wins among the last trades as each closes, and how many those are; none under ROLLING_TRADES_MIN trades."""
    if len(trades) < ROLLING_TRADES_MIN:
        return [], 0
    width = min(ROLLING_TRADES, max(10, len(trades) // 4))
    points, wins, losses = [], 0, 0
    for number, trade in enumerate(trades):
        wins += trade.pnl > 0
        losses += trade.pnl < 0
        if number >= width:
            wins -= trades[number - width].pnl > 0
            losses -= trades[number - width].pnl < 0
        if number >= width - 1:
            points.append((trade.closed, win_rate(wins, losses)))
    return points, width


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
