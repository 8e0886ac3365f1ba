"""Where the fault drills are played: a desk, the days that it trades, and one of them that is worth a drill."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.desks.divergence.results import DayResult, Trade
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import Side
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.batch_path import engine_of
from tradeworthy.proving.subject import KIND, Subject, rows_of, subject_of
from tradeworthy.runtime.assembly import instruments_of, timeframe_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import universes_of
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

DAY_NS = TIMEFRAMES_NS["1d"]
DAY_S = 86_400
DAYS = 30
"""Days among which the day of the drills is chosen, and which the longer drills replay."""

DAYS_A_PIECE = 10
"""Generated days that are held at a time."""


@dataclass(frozen=True)
class Day:
    """One UTC day (`date`: days since 1970): its rows, the engine before it as a snapshot, and what it came to."""

    date: int
    frame: PanelFrame
    before: bytes
    trades: tuple[Trade, ...]


@dataclass(frozen=True)
class Stage:
    """One desk of a configuration without its script, on some days of `feed`; `day` is the one of the most trades."""

    subject: Subject
    desk: str
    feed: str
    day: Day

    @property
    def configuration(self) -> Configuration:
        """The configuration that the desk is of."""
        return self.subject.configuration

    @property
    def frame(self) -> PanelFrame:
        """All rows."""
        return self.subject.desks[self.desk].frame

    @property
    def seed(self) -> int:
        """Of the session's draws, and of the drills'."""
        return self.subject.plan.the_seed

    def engine(self) -> DivergenceEngine:
        """The desk's engine before its first row."""
        return engine_of(self.subject, self.desk)

    def engine_before_day(self) -> DivergenceEngine:
        """The engine as it stands before the day of the drills."""
        return restored(self.engine(), self.day.before)

    def generated(self, days: int) -> Iterator[tuple[int, PanelFrame]]:
        """The rows of each of `days` days that the simulator makes of the configuration, by their date."""
        configuration = self.configuration
        universe = universes_of(configuration)[self.desk]
        instruments, timeframe = instruments_of(configuration), timeframe_of(configuration)
        start = simulator_start(configuration)
        for first in range(0, days, DAYS_A_PIECE):
            last = min(first + DAYS_A_PIECE, days)
            from_ts, to_ts = start + first * DAY_NS, start + last * DAY_NS
            feed = SimulatorFeed(
                *(configuration.simulator, instruments, timeframe),
                seed=self.seed,
                from_ts=from_ts,
                to_ts=to_ts,
            )
            rows = rows_of(panel_frame(feed, grace_ns=0), universe, to_ts + DAY_NS)
            for date, begin, end in rows.days():
                yield date, rows.slice(begin, end)


def simulator_start(configuration: Configuration) -> int:
    """When the simulator's first bar opens, UTC ns."""
    return (configuration.simulator.start.toordinal() - 719_163) * DAY_NS


def set_stage(
    configuration: Configuration, home: Home, desk: str = "", feed: str = "", days: int = DAYS
) -> Stage:
    """The stage of the desk called `desk` ("": the first) on `feed` ("": recorded data, else the simulator).

    UsageError for a configuration without divergence desks alone, and for a desk that it has not; NotAvailable if
    the desk has no trade in that many days.
    """
    names = [one.name for one in configuration.desks]
    others = [one.name for one in configuration.desks if one.kind != KIND]
    if others:
        raise UsageError(
            f"desk {others[0]} of {configuration.name} is no divergence desk, and there are no drills for others; give"
            " a configuration with divergence desks alone, such as configs/blue.toml"
        )
    if desk and desk not in names:
        raise UsageError(f"{configuration.name} has no desk {desk!r}; name one of {', '.join(names)}")
    subject = _subject(configuration, home, feed, days).without_script()
    name = desk or names[0]
    return Stage(subject, name, subject.plan.feed, _busiest(subject, name))


def restored(engine: DivergenceEngine, before: bytes) -> DivergenceEngine:
    """`engine` as it stood at the snapshot `before`, with no trades and rows on its record."""
    engine.reset()
    engine.restore(before)
    return engine


def trace_of(engine: DivergenceEngine, *results: DayResult) -> str:
    """A digest of all that the engine answered and of all that it remembers: equal ones are equal to the bit."""
    made = msgspec.msgpack.encode((results, engine.trades, engine.rows))
    return hashlib.blake2b(made + engine.snapshot(), digest_size=16).hexdigest()


def signed_lots(row: Economic) -> int:
    """What `row` adds to the desk's position: only a fill does."""
    kind, _, _, side, _, lots, *_ = row
    return (lots if side == Side.BUY else -lots) if kind == "fill" else 0


def _subject(configuration: Configuration, home: Home, feed: str, days: int) -> Subject:
    plan = Plan(configuration, Mode.BACKTEST, feed=feed or "recorded", duration_s=days * DAY_S, fresh=True)
    try:
        return subject_of(plan, home)
    except NotAvailable:
        if feed:
            raise
        return subject_of(replace(plan, feed="simulator"), home)


def _busiest(subject: Subject, name: str) -> Day:
    """The day of the most trades among those that begin and end without a position."""
    engine, frame = engine_of(subject, name), subject.desks[name].frame
    best: Day | None = None
    lots = 0
    for date, start, stop in frame.days():
        before, rows = engine.snapshot(), frame.slice(start, stop)
        flat, first = lots == 0, len(engine.rows)
        result = engine.process_day(date, rows)
        lots += sum(signed_lots(row) for row in engine.rows[first:])
        if flat and lots == 0 and len(result.trades) > (len(best.trades) if best else 0):
            best = Day(date, rows, before, result.trades)
    if best is None:
        raise NotAvailable(
            f"desk {name} has no trade in {len(frame.days())} days of the {subject.plan.feed} feed: nothing can be"
            " drilled; give a configuration or a --feed that trades"
        )
    return best
