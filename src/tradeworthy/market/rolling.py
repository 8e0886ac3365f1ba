"""Bars of longer timeframes while a session runs; market.rollup makes the same of whole columns."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap
from tradeworthy.market.ticks import BarBuilt, BarRefused

GRACE = "grace"
"""The key of the timer at which the bar that is due first closes as it is."""


class OpenBar(msgspec.Struct, gc=False):
    """A longer bar that is not closed: `count` base bars came, the last of which opened at `last_ts`.

    It closes at `due` at the latest (session time, ns). `volume` is in base units, `turnover` in quote currency.
    """

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    count: int
    last_ts: int
    due: int
    liquidity_usd: float | None = None
    market_cap: float | None = None


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a BarBuilt said besides the figures of the BarClosed that follows it."""

    ts: int
    turnover: float
    liquidity_usd: float | None
    market_cap: float | None


class RollingState(State):
    """Open bars, and the open times of the last ones closed, by timeframe and instrument; `told` by base bar's key."""

    opened: dict[str, dict[str, OpenBar]] = {}
    closed: dict[str, dict[str, int]] = {}
    told: dict[str, Told] = {}


class BarRollup(Agent):
    """The part named `bar-rollup`: bars of each timeframe in `made_of` from the bars of another that it names.

    A bar closes with the last base bar of its span, with the first one after it, or `grace_ns` after its end (and after
    the last that came); a bar made of bars that are themselves made here waits as long again. It counts if
    `coverage_min` of its base bars came (0 to 1), else it is a BarRefused. A base bar that is late or comes twice is in
    no bar: a FeedGap says so. A timeframe that is made of itself comes from the feed and is left as it is. With
    `record` each bar is also a BarBuilt, whose volume is in quote currency; a BarClosed's is in base units.
    """

    state: RollingState

    def __init__(
        self, *, made_of: Mapping[str, str], coverage_min: float, grace_ns: int, record: bool
    ) -> None:
        rolled = {made: base for made, base in made_of.items() if made != base}
        for made, base in rolled.items():
            _check_timeframes(made, base)
        super().__init__("bar-rollup", RollingState())
        order = [name for name in TIMEFRAMES_NS if name in rolled]
        self._base = {made: rolled[made] for made in order}
        self._targets = {
            base: tuple(made for made in order if rolled[made] == base) for base in rolled.values()
        }
        self._waits: dict[str, int] = {}
        for made in order:
            self._waits[made] = grace_ns + self._waits.get(rolled[made], 0)
        self._coverage_min, self._grace_ns, self._record = coverage_min, grace_ns, record
        self.state.opened = {made: {} for made in order}
        self.state.closed = {made: {} for made in order}

    @on(BarBuilt)
    def hear_built(self, built: BarBuilt, _: Context) -> None:
        """Remember what the BarClosed that follows does not say."""
        if self._record and built.timeframe in self._targets:
            told = Told(built.ts_event, built.volume, built.liquidity_usd, built.market_cap)
            self.state.told[f"{built.timeframe}@{built.instrument}"] = told

    @on(BarClosed)
    def take_bar(self, bar: BarClosed, context: Context) -> list[Event] | None:
        """Add the bar to those that are made of its timeframe; the shortest closes first."""
        targets = self._targets.get(bar.timeframe)
        if targets is None:
            return None
        told = self.state.told.pop(f"{bar.timeframe}@{bar.instrument}", None)
        if told is None or told.ts != bar.ts_event:
            told = Told(bar.ts_event, bar.volume * bar.close, None, None)
        return [event for made in targets for event in self._add(made, bar, told, context)]

    @on(WokeUp)
    def close_late(self, _: WokeUp, context: Context) -> list[Event]:
        """Close the bars whose grace is over, with what came."""
        due = [
            (one.due, TIMEFRAMES_NS[made], instrument, made)
            for made, bars in self.state.opened.items()
            for instrument, one in bars.items()
            if one.due <= context.now
        ]
        events = [event for *_, instrument, made in sorted(due) for event in self._close(made, instrument)]
        self._set_timer(context)
        return events

    def _add(self, made: str, bar: BarClosed, told: Told, context: Context) -> list[Event]:
        name, step = bar.instrument, TIMEFRAMES_NS[bar.timeframe]
        length = TIMEFRAMES_NS[made]
        ts = bar.ts_event - bar.ts_event % length
        opened = self.state.opened[made].get(name)
        if opened is not None and bar.ts_event <= opened.last_ts:
            reason = "repeated_bar" if bar.ts_event == opened.last_ts else "late_bar"
            return [FeedGap(self.name, name, bar.ts_event, bar.ts_event + step, reason)]
        if ts <= self.state.closed[made].get(name, -1):
            return [FeedGap(self.name, name, bar.ts_event, bar.ts_event + step, "late_bar")]
        events: list[Event] = []
        if opened is not None and opened.ts < ts:
            events += self._close(made, name)
            opened = None
        # A burst that catches up is given time as well: the grace also runs from the last bar that came.
        due = max(ts + length + self._waits[made], context.now + self._grace_ns)
        if opened is None:
            opened = OpenBar(ts, bar.open, bar.high, bar.low, bar.close, 0.0, 0.0, 0, 0, due)
            self.state.opened[made][name] = opened
        _fold(opened, bar, told)
        opened.due = due
        if bar.ts_event + step == ts + length:
            events += self._close(made, name)
        elif opened.count == 1:
            self._set_timer(context)
        return events

    def _close(self, made: str, instrument: str) -> list[Event]:
        """The bar as it is, or why there is none."""
        one = self.state.opened[made].pop(instrument)
        self.state.closed[made][instrument] = one.ts
        expected = TIMEFRAMES_NS[made] // TIMEFRAMES_NS[self._base[made]]
        if one.count / expected < self._coverage_min:
            return [BarRefused(instrument, made, one.ts, one.count, expected, self._coverage_min)]
        prices = (one.open, one.high, one.low, one.close)
        closed = BarClosed(instrument, made, one.ts, *prices, one.volume)
        if not self._record:
            return [closed]
        counts = (one.count, expected, one.liquidity_usd, one.market_cap)
        return [BarBuilt(instrument, made, one.ts, *prices, one.turnover, "rollup", *counts), closed]

    def _set_timer(self, context: Context) -> None:
        dues = [one.due for bars in self.state.opened.values() for one in bars.values()]
        if dues:
            context.wake_at(min(dues), GRACE, late_ok=True)


def _fold(opened: OpenBar, bar: BarClosed, told: Told) -> None:
    opened.high = max(opened.high, bar.high)
    opened.low = min(opened.low, bar.low)
    opened.close = bar.close
    opened.volume += bar.volume
    opened.turnover += told.turnover
    opened.count += 1
    opened.last_ts = bar.ts_event
    opened.liquidity_usd, opened.market_cap = told.liquidity_usd, told.market_cap


def _check_timeframes(made: str, base: str) -> None:
    """UsageError unless bars of `base` make whole bars of `made`."""
    for name in (made, base):
        if name not in TIMEFRAMES_NS:
            raise UsageError(f"timeframe {name!r} is unknown; it is one of {', '.join(TIMEFRAMES_NS)}")
    if TIMEFRAMES_NS[made] <= TIMEFRAMES_NS[base] or TIMEFRAMES_NS[made] % TIMEFRAMES_NS[base]:
        raise UsageError(f"bars of {base} make no bars of {made}; name a longer timeframe")
