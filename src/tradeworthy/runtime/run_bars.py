"""The closes of a run's own instruments: from its tables, where it keeps bars, else from its journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tradeworthy.core.packets import HEAD, Kind
from tradeworthy.journal.reader import read
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.reporting.drawing import Point
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.store.report_queries import ReportRecords

PARTS = 2_000
"""Of so many parts of the period each one's last close is kept: enough for a curve, whatever the run's length."""

_TAG = BarClosed.__name__.encode()


def closes(home: Home, details: ReportRecords, since: datetime, until: datetime) -> dict[str, list[Point]]:
    """By instrument: times (UTC seconds) at which bars closed in the period, and their closes; empty without bars.

    A journal that is no longer on disk has none to give, and so has a backtest's, whose bars are in its feed.
    """
    found: dict[str, list[Point]] = {}
    for row in details.closes(PARTS):
        found.setdefault(row["instrument"], []).append((row["at"].timestamp(), float(row["close"])))
    return found or _journalled(home, details.runs, since.timestamp(), until.timestamp())


def _journalled(home: Home, runs: list[str], since: float, until: float) -> dict[str, list[Point]]:
    kept: dict[str, dict[int, Point]] = {}
    width = max((until - since) / PARTS, 1e-9)
    for bar in _bars(home, runs):
        at = (bar.ts_event + TIMEFRAMES_NS[bar.timeframe]) / 1e9
        if since <= at <= until:
            kept.setdefault(bar.instrument, {})[int((at - since) / width)] = at, bar.close
    return {name: sorted(parts.values()) for name, parts in kept.items()}


def _bars(home: Home, runs: list[str]) -> Iterator[BarClosed]:
    """The bars that entered, run by run, the oldest run first."""
    decode = codec().decode
    for run in reversed(runs):
        folder = home.runs / run
        for record in read(folder) if folder.is_dir() else ():
            if record.kind == Kind.INPUT and _TAG in record.body[HEAD.size :]:
                event = decode(record.body)[1].event
                if isinstance(event, BarClosed):
                    yield event
