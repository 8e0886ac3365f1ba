"""What a report on a run says beyond its summary: the account's figures, its days, and what it stands beside."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tradeworthy.reporting.assumptions import Assumption
from tradeworthy.reporting.benchmarks import Comparison
from tradeworthy.reporting.caveats import caveats
from tradeworthy.reporting.curves import ClosedTrade, DayRow
from tradeworthy.reporting.drawing import Point
from tradeworthy.reporting.metrics import sharpe, sharpe_error

Found = dict[str, Any]

MADE_UP = frozenset({"simulator", "predictions"})
"""Feeds that are simulators."""


@dataclass(frozen=True)
class Report:
    """All that is shown. `summary` is the store's; rows are those of its ReportRecords, money as Decimal.

    `ended` holds digest and fingerprint of a run that was seen to its end, None otherwise. `no_holding` says why
    nothing stands beside the run that could have been held instead ("": something does, or nobody asked).
    """

    summary: Mapping[str, Any]
    about: Mapping[str, Any]
    account: Mapping[str, Any]
    days: Sequence[Mapping[str, Any]]
    strategies: Sequence[Mapping[str, Any]]
    wins: Sequence[Mapping[str, Any]]
    losses: Sequence[Mapping[str, Any]]
    held: Sequence[Mapping[str, Any]]
    trades: Sequence[ClosedTrade]
    equity: Sequence[Point]
    postures: Sequence[Mapping[str, Any]]
    halts: Sequence[Mapping[str, Any]]
    ended: Mapping[str, Any] | None = None
    assumptions: Sequence[Assumption] = ()
    comparisons: Sequence[Comparison] = ()
    no_holding: str = ""
    performance: Found = field(init=False)

    def __post_init__(self) -> None:
        held = exposure(self.trades, self.held, self.equity)
        object.__setattr__(self, "performance", performance(self.account, self.days) | {"exposure": held})

    @property
    def is_made_up(self) -> bool:
        """Whether the market was a simulator's."""
        return str((self.about.get("feed") or {}).get("feed", "")) in MADE_UP

    def notes(self) -> Iterator[str]:
        """What a reader must know before the figures."""
        if self.is_made_up:
            yield "The market was made up by a simulator: nothing here says anything about a real one."
        rows = day_rows(self.account, self.days)
        # What is open is in the equity here, and in a table of its own.
        figures = {**self.summary, "open_trades": 0, "sharpe": self.performance["sharpe"]}
        yield from caveats(figures, self.trades, rows)

    def figures(self) -> Found:
        """The summary with everything else that is shown, as JSON values: money is Decimal."""
        return {
            **self.summary,
            "performance": self.performance,
            "by_day": [dict(row) for row in self.days],
            "strategies": [dict(row) for row in self.strategies],
            "largest_wins": [dict(row) for row in self.wins],
            "largest_losses": [dict(row) for row in self.losses],
            "held": [dict(row) for row in self.held],
            "posture_changes": [dict(row) for row in self.postures],
            "halts": [dict(row) for row in self.halts],
            "benchmarks": [comparison_figures(one) for one in self.comparisons],
            "notes": list(self.notes()),
            "identity": identity(self),
        }


def performance(account: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> Found:
    """The account's figures, from its marks: equity, return, drawdowns, Sharpe and its standard error.

    Shares are floats. The Sharpe ratio is a year's, of daily returns; None where it is not defined, and all of it
    where the account was never marked.
    """
    rows = day_rows(account, days)
    ratio = sharpe([row.pnl / row.began for row in rows if row.began > 0])
    first, last = account["first_equity"], account["last_equity"]
    return {
        "first_equity": first,
        "last_equity": last,
        "return": float(last / first - 1) if first else None,
        "max_drawdown": account["max_drawdown"],
        "drawdown": account["drawdown"],
        "sharpe": ratio,
        "sharpe_error": None if ratio is None else sharpe_error(ratio, len(rows)),
        "days": len(rows),
    }


def exposure(
    trades: Sequence[ClosedTrade], held: Sequence[Mapping[str, Any]], equity: Sequence[Point]
) -> float | None:
    """What was held, at its entry's worth, as a share of the equity on the average over the curve's time.

    None without a curve. `held` are the open trades.
    """
    if len(equity) < 2 or not statistics.fmean(value for _, value in equity) > 0:
        return None
    first, last = equity[0][0], equity[-1][0]
    spans = [(trade.notional, trade.opened, trade.closed) for trade in trades]
    spans += [
        (float(row["cost"] or 0), row["opened_at"].timestamp(), last) for row in held if row["opened_at"]
    ]
    worth_s = sum(abs(worth) * max(0.0, min(end, last) - max(begin, first)) for worth, begin, end in spans)
    return worth_s / (last - first) / statistics.fmean(value for _, value in equity)


def day_rows(account: Mapping[str, Any], days: Sequence[Mapping[str, Any]]) -> list[DayRow]:
    """Each day on which the account was marked, with the equity at its end and what that is more than before."""
    before = account["first_equity"]
    rows = []
    for day in days:
        if day["equity"] is not None and before is not None:
            rows.append(DayRow(day["day"], float(day["equity"]), float(day["equity"] - before)))
            before = day["equity"]
    return rows


def comparison_figures(one: Comparison) -> Found:
    """A comparison as JSON values; its curves are left out."""
    sides = {
        name: {
            "return": side.total_return,
            "max_drawdown": side.max_drawdown,
            "volatility": side.volatility,
        }
        for name, side in (("run", one.own), ("benchmark", one.other))
    }
    return {
        "name": one.name,
        "from_s": one.first,
        "to_s": one.last,
        "days": one.days,
        **sides,
        "difference": one.difference,
        "difference_error": one.error,
        "caveats": list(one.caveats),
    }


def identity(report: Report) -> Found:
    """What the run was made of, and what it came to: enough to find it, and to replay it."""
    about, ended = report.about, report.ended or {}
    return {
        "run": about["run"],
        "parents": list(report.summary["runs"])[1:],
        "mode": about["mode"],
        "configuration": (about["configuration"] or {}).get("name"),
        "feed": about["feed"],
        "seed": about["seed"],
        "decision_hash": about["decision_hash"],
        "finished": report.ended is not None,
        "packets": ended.get("packets"),
        "digest": ended.get("digest"),
        "fingerprint": ended.get("fingerprint"),
        "replay": f"tradeworthy replay {about['run']}",
    }
