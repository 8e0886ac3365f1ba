"""Performance figures from integer money (cash units). What is not defined is None, never a flattering zero."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

DAYS_A_YEAR = 365
"""These markets trade every day."""


def roi(begin: int, end: int) -> float | None:
    """Profit as a share of the capital at the beginning; None without capital."""
    return (end - begin) / begin if begin > 0 else None


def win_rate(wins: int, losses: int) -> float:
    """Wins among the trades that won or lost, 0 to 1; 0.0 if there is none."""
    return wins / (wins + losses) if wins + losses else 0.0


def profit_factor(won: float, lost: float) -> float | None:
    """What winners made over what losers lost, both unsigned; None if nothing was lost."""
    return won / lost if lost else None


def sharpe(returns: Sequence[float], *, periods: int = DAYS_A_YEAR) -> float | None:
    """Mean over sample standard deviation of daily `returns`, times the root of `periods`, with no risk-free rate.

    None for fewer than two days or no variation. With n days its standard error is about sqrt(periods / n): under a
    year of days it says little about skill.
    """
    if len(returns) < 2:
        return None
    deviation = statistics.stdev(returns)
    return statistics.fmean(returns) / deviation * math.sqrt(periods) if deviation > 0 else None


def sharpe_error(value: float, days: int, *, periods: int = DAYS_A_YEAR) -> float:
    """The standard error of a Sharpe ratio over `days` days of independent returns (Lo 2002, eq. 9, annualised)."""
    daily = value / math.sqrt(periods)
    return math.sqrt((1.0 + daily * daily / 2.0) / days * periods)


class Drawdown:
    """The largest fall from a peak so far, as a share of the peak, of the capital that `add` is told of."""

    def __init__(self, capital: int) -> None:
        self.peak = capital
        self.largest = 0.0

    def add(self, capital: int) -> None:
        """Note the capital after a trade."""
        if capital > self.peak:
            self.peak = capital
        elif self.peak > 0:
            self.largest = max(self.largest, (self.peak - capital) / self.peak)


class Performance:
    """A run's figures as its trades close and its days end, from `capital` on. One number is kept for each day."""

    def __init__(self, capital: int) -> None:
        self._begin = self.capital = self._day_began = capital
        self._won = self._lost = self.wins = self.losses = 0
        self._returns: list[float] = []
        self._drawdown = Drawdown(capital)

    def trade(self, pnl: int) -> None:
        """Note a closed trade."""
        self.capital += pnl
        self._won += max(pnl, 0)
        self._lost += max(-pnl, 0)
        self.wins += pnl > 0
        self.losses += pnl < 0
        self._drawdown.add(self.capital)

    def undo(self, pnl: int) -> None:
        """Take back a trade that was reversed; the drawdown that it caused stays on record."""
        self.capital -= pnl
        self._won -= max(pnl, 0)
        self._lost -= max(-pnl, 0)
        self.wins -= pnl > 0
        self.losses -= pnl < 0

    def end_day(self) -> None:
        """Note that a UTC day is over."""
        if self._day_began > 0:
            self._returns.append((self.capital - self._day_began) / self._day_began)
        self._day_began = self.capital

    def figures(self) -> dict[str, float | int | None]:
        """ROI, profit factor, drawdown on the curve of closed trades, Sharpe and win rate, over how many days."""
        return {
            "roi": roi(self._begin, self.capital),
            "profit_factor": profit_factor(self._won, self._lost),
            "max_drawdown": self._drawdown.largest,
            "sharpe": sharpe(self._returns),
            "win_rate": win_rate(self.wins, self.losses),
            "days": len(self._returns),
        }
