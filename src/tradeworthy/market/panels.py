"""Panels: one row of bars for a universe at a time, closed by its last bar or by the grace timer."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap

GRACE = "grace"
"""The key of the timer at which the oldest open row closes as it is."""


class Universe(msgspec.Struct, frozen=True, gc=False):
    """The instruments of a panel, a column each; a row waits `grace_ns` past the close of its bars."""

    name: str
    timeframe: str
    instruments: tuple[str, ...]
    grace_ns: int


class PanelClosed(Event, frozen=True):
    """One row: the bars that opened at `ts_event` (UTC ns), a column for each instrument of the universe.

    `mask` is True where there is a bar; elsewhere the figures are 0.0 and mean nothing.
    """

    universe: str
    timeframe: str
    ts_event: int
    mask: tuple[bool, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]


class PanelState(State):
    """The rows that wait for bars, by open time and column; `closed_ts` is the newest row closed."""

    rows: dict[int, dict[int, BarClosed]] = {}
    closed_ts: int = -1


class Panel(Agent):
    """The part named `panel-<universe>`; there is one only where a desk asks for a panel."""

    state: PanelState

    def __init__(self, universe: Universe) -> None:
        super().__init__(f"panel-{universe.name}", PanelState())
        if universe.timeframe not in TIMEFRAMES_NS:
            raise UsageError(
                f"universe {universe.name!r} has timeframe {universe.timeframe!r}:"
                f" choose one of {', '.join(TIMEFRAMES_NS)}"
            )
        self._columns = {name: column for column, name in enumerate(universe.instruments)}
        if not self._columns or len(self._columns) < len(universe.instruments):
            raise UsageError(f"universe {universe.name!r} has no instruments or one twice: list each once")
        if universe.grace_ns < 0:
            raise UsageError(
                f"universe {universe.name!r} has a grace of {universe.grace_ns} ns: 0 is the least"
            )
        self._universe = universe
        self._step = TIMEFRAMES_NS[universe.timeframe]

    @on(BarClosed)
    def take_bar(self, bar: BarClosed, context: Context) -> list[Event] | None:
        """Put the bar into its row; a full row closes, and with it those before. A late bar is a FeedGap."""
        column = self._columns.get(bar.instrument)
        if column is None or bar.timeframe != self._universe.timeframe:
            return None
        rows, ts = self.state.rows, bar.ts_event
        if ts <= self.state.closed_ts:
            return [self._gap(bar.instrument, ts, ts + self._step, "late_bar")]
        row = rows.setdefault(ts, {})
        if column in row:
            return [self._gap(bar.instrument, ts, ts + self._step, "repeated_bar")]
        row[column] = bar
        if len(row) == len(self._columns):
            return self._close_through(ts, context)
        if len(row) == 1:
            self._set_timer(context)
        return None

    @on(WokeUp)
    def close_late(self, _: WokeUp, context: Context) -> list[Event]:
        """Close the rows whose grace is over, with the bars that came."""
        over = [ts for ts in self.state.rows if self._due(ts) <= context.now]
        return self._close_through(max(over), context) if over else []

    def _close_through(self, last_ts: int, context: Context) -> list[Event]:
        events: list[Event] = []
        for ts in sorted(ts for ts in self.state.rows if ts <= last_ts):
            expected = self.state.closed_ts + self._step
            if self.state.closed_ts >= 0 and expected < ts:
                events.append(self._gap("", expected, ts, "no_bars"))
            events.append(self._panel(ts, self.state.rows.pop(ts)))
            self.state.closed_ts = ts
        self._set_timer(context)
        return events

    def _panel(self, ts: int, row: dict[int, BarClosed]) -> PanelClosed:
        bars = [row.get(column) for column in range(len(self._columns))]
        return PanelClosed(
            self._universe.name,
            self._universe.timeframe,
            ts,
            tuple(bar is not None for bar in bars),
            tuple(bar.open if bar else 0.0 for bar in bars),
            tuple(bar.high if bar else 0.0 for bar in bars),
            tuple(bar.low if bar else 0.0 for bar in bars),
            tuple(bar.close if bar else 0.0 for bar in bars),
            tuple(bar.volume if bar else 0.0 for bar in bars),
        )

    def _gap(self, instrument: str, from_ts: int, to_ts: int, reason: str) -> FeedGap:
        return FeedGap(self.name, instrument, from_ts, to_ts, reason)

    def _due(self, ts: int) -> int:
        return ts + self._step + self._universe.grace_ns

    def _set_timer(self, context: Context) -> None:
        if self.state.rows:
            due = max(self._due(min(self.state.rows)), context.now)
            context.wake_at(due, GRACE, late_ok=True)
