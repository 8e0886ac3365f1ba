"""Puts together what a report shows: the tables' rows, the run's own words, and what it stands beside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.reporting.assumptions import Assumption, assumptions_of
from tradeworthy.reporting.benchmarks import Comparison, caveats, compare, held
from tradeworthy.reporting.curves import ClosedTrade
from tradeworthy.reporting.day_report import Report
from tradeworthy.reporting.drawing import Point
from tradeworthy.reporting.series_file import read_series
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.concluded import concluded
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.run_bars import closes
from tradeworthy.store.queries import Queries
from tradeworthy.store.report_queries import ReportRecords

PREDICTIONS = (
    "Its markets are predictions: a token's worth is known at its end, and there is nothing to hold instead."
)
NO_BARS = (
    "No bars of the run are on record (a backtest's are in its feed, an old journal is removed), so buy-and-hold of"
    " its own instruments is not known; give --benchmark FILE."
)
NO_CURVE = "The account was not marked twice yet: there is nothing to set beside anything."


def day_report(
    home: Home,
    records: Queries,
    days: float | None = None,
    strategy: str = "",
    *,
    benchmark: str = "",
    with_holding: bool = False,
) -> Report:
    """The report of the last `days` of session time (None: all), of one `strategy` or all ("").

    `benchmark` names a file with a series (FILE or FILE:SYMBOL); `with_holding` sets buy-and-hold of the run's own
    instruments beside it, where their bars are on record. UsageError for a strategy or a file that can't be used.
    """
    series = read_series(benchmark) if benchmark else None
    details = records.details(days, strategy)
    marks = details.equity()
    report = Report(
        summary=records.summary(days, strategy),
        about=details.about(),
        account=details.account(),
        days=details.days(),
        strategies=details.strategies(),
        wins=details.largest(wins=True),
        losses=details.largest(wins=False),
        held=details.open_trades(),
        trades=[_closed_trade(row) for row in details.closed()],
        equity=[(row["created_at"].timestamp(), float(row["equity"])) for row in marks],
        postures=details.postures(),
        halts=details.halts(),
        ended=_ended(home, records.run),
    )
    comparisons = [_beside(report, *series, is_own=False)] if series else []
    no_holding = ""
    if with_holding:
        own, no_holding = _holding(home, report, details)
        comparisons += own
    return replace(report, assumptions=_assumptions(report), comparisons=comparisons, no_holding=no_holding)


def _beside(
    report: Report, name: str, points: list[Point], *, is_own: bool, left_out: tuple[str, ...] = ()
) -> Comparison:
    found = compare(name, report.equity, points)
    notes = caveats(
        found,
        exposure=report.performance["exposure"],
        made_up=report.is_made_up,
        is_own=is_own,
        left_out=left_out,
    )
    return replace(found, caveats=tuple(notes))


def _holding(home: Home, report: Report, details: ReportRecords) -> tuple[list[Comparison], str]:
    """The comparison with buy-and-hold of the run's own instruments, or why there is none."""
    period = report.summary["period"]
    if len(report.equity) < 2:
        return [], NO_CURVE
    together = held(closes(home, details, period["from"], period["to"]))
    if together is None:
        return [], PREDICTIONS if "arbitrage" in report.summary["desk_kinds"] else NO_BARS
    what = ", ".join(together.names) if len(together.names) <= 4 else f"{len(together.names)} instruments"
    name = f"buy-and-hold of {what}"
    return [_beside(report, name, together.curve, is_own=True, left_out=together.left_out)], ""


def _closed_trade(row: dict[str, Any]) -> ClosedTrade:
    return ClosedTrade(
        row["desk"],
        row["instrument"] or "",
        row["side"] or "",
        pnl=float(row["pnl"]),
        fees=float(row["fees"]),
        notional=float(row["notional"]),
        opened=row["opened_at"].timestamp(),
        closed=row["closed_at"].timestamp(),
        reason=row["reason"],
    )


def _ended(home: Home, run: str) -> dict[str, Any] | None:
    """Digest and fingerprint of a run that was seen to its end and whose journal is whole and on disk."""
    folder = home.runs / run
    try:
        return concluded(folder) if folder.is_dir() else None
    except TradeworthyError:
        return None  # A damaged journal has no word that counts; `replay` names the place.


def _assumptions(report: Report) -> list[Assumption]:
    """What fills and costs rested on; none where this program can't read the run's configuration any more."""
    about = report.about
    try:
        configuration = from_values(about["configuration"], f"the configuration of run {about['run']}")
        instruments = instruments_of(configuration)
    except TradeworthyError:
        return [
            ("settings", "the run's configuration is of another version of this program, which knows them")
        ]
    feed = "simulator" if report.is_made_up else str((about["feed"] or {}).get("feed", ""))
    leverage = configuration.risk.leverage_max
    assumed = assumptions_of(
        configuration.venue, instruments, feed=feed, seed=about["seed"] or 0, leverage=leverage
    )
    told = "realised when a trade closes, after fees; equity, and so the drawdown, as the account was marked"
    return [(name, told if name == "profit and loss" else words) for name, words in assumed]
