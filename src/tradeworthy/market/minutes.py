"""One-minute bars of prices finer than that: of a token's polled points, and of a venue's trades."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.ticks import BarBuilt, PriceLate, PricePoint, TradeTick

TIMEFRAME = "1m"
MINUTE_NS = TIMEFRAMES_NS[TIMEFRAME]

END = "end"
"""The key of the timer at which the oldest open minute closes."""


class Figures(NamedTuple):
    """A bar's prices and its volume, in base units (`volume`) and in quote currency (`turnover`)."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float


class OpenMinute(msgspec.Struct):
    """What came for a minute that is not closed: points by their time, trades by their id.

    A second point of one time takes the place of the first; a trade that comes again is the same trade.
    """

    points: dict[int, PricePoint] = {}
    trades: dict[str, TradeTick] = {}


class LastClose(msgspec.Struct, frozen=True, gc=False):
    """The close of the newest minute that is known, which opened at `ts`."""

    ts: int
    close: float


class MinuteState(State):
    """The open minutes by open time and instrument; per instrument the last close and the newest bar's open time.

    `closes` also has what a backfill brought, `barred` only minutes whose bar was an event.
    """

    minutes: dict[int, dict[str, OpenMinute]] = {}
    closes: dict[str, LastClose] = {}
    barred: dict[str, int] = {}


class MinuteBars(Agent):
    """The part named `minute-bars`: it closes each minute `tick_buffer_ns` after its end, by session time.

    What comes after that is a PriceLate. A minute without points or trades has no bar; where both came, the trades make
    it; where the feed brought the bar itself, none is made. A plain PriceObserved makes no bar. With `record` each bar
    is also a BarBuilt, whose volume is in quote currency; a BarClosed's is in base units.
    """

    state: MinuteState

    def __init__(self, *, tick_buffer_ns: int, record: bool) -> None:
        super().__init__("minute-bars", MinuteState())
        self._buffer_ns, self._record = tick_buffer_ns, record

    @on(PricePoint)
    def take_point(self, point: PricePoint, context: Context) -> Event | None:
        """Keep the point for its minute."""
        opened = self._minute_of(point, context)
        if opened is None:
            return self._late(point, context)
        opened.points[point.ts_event] = point
        return None

    @on(TradeTick)
    def take_trade(self, trade: TradeTick, context: Context) -> Event | None:
        """Keep the trade for its minute; one without an id is told by time, price and quantity."""
        opened = self._minute_of(trade, context)
        if opened is None:
            return self._late(trade, context)
        opened.trades[trade.trade or f"{trade.ts_event}/{trade.price!r}/{trade.quantity!r}"] = trade
        return None

    @on(BarClosed)
    def hear_bar(self, bar: BarClosed, _: Context) -> None:
        """Remember where the minute closed, whoever made it."""
        if bar.timeframe == TIMEFRAME:
            self._remember(bar.instrument, bar.ts_event, bar.close)
            self.state.barred[bar.instrument] = max(bar.ts_event, self.state.barred.get(bar.instrument, -1))

    @on(BackfillAnswered)
    def hear_backfill(self, answer: BackfillAnswered, context: Context) -> None:
        """Remember the newest close that is before all minutes still open."""
        if answer.timeframe != TIMEFRAME:
            return
        name = answer.instrument
        opened = [ts for ts, minute in self.state.minutes.items() if name in minute]
        before = min([*opened, context.now - MINUTE_NS + 1])
        for ts, close in zip(reversed(answer.ts), reversed(answer.close), strict=True):
            if ts < before:
                self._remember(name, ts, close)
                return

    @on(WokeUp)
    def close(self, _: WokeUp, context: Context) -> list[Event]:
        """Close the minutes that are over, oldest first."""
        minutes = self.state.minutes
        events: list[Event] = []
        for ts in sorted(ts for ts in minutes if self._due(ts) <= context.now):
            for instrument, opened in sorted(minutes.pop(ts).items()):
                events += self._bar(instrument, ts, opened)
        self._set_timer(context)
        return events

    def _minute_of(self, event: PricePoint | TradeTick, context: Context) -> OpenMinute | None:
        """The open minute that `event` belongs to; None if that is closed."""
        ts = event.ts_event - event.ts_event % MINUTE_NS
        if self._due(ts) <= context.now or ts <= self.state.barred.get(event.instrument, -1):
            return None
        minutes = self.state.minutes
        if ts not in minutes:
            minutes[ts] = {}
            self._set_timer(context)
        return minutes[ts].setdefault(event.instrument, OpenMinute())

    def _late(self, event: PricePoint | TradeTick, context: Context) -> PriceLate:
        ts = event.ts_event - event.ts_event % MINUTE_NS
        late_ms = max(0, context.now - self._due(ts)) // 1_000_000
        return PriceLate(event.instrument, event.ts_event, event.price, ts, late_ms)

    def _bar(self, instrument: str, ts: int, opened: OpenMinute) -> list[Event]:
        if ts <= self.state.barred.get(instrument, -1):
            return []
        points = sorted(opened.points.values(), key=_point_order)
        known = self.state.closes.get(instrument)
        before = known.close if known and known.ts < ts else None
        made = (
            figures_of_trades(opened.trades.values()) if opened.trades else figures_of_points(points, before)
        )
        self._remember(instrument, ts, made.close)
        bar = BarClosed(instrument, TIMEFRAME, ts, *made[:5])
        if not self._record:
            return [bar]
        source = "ticks" if opened.trades else "points"
        last = points[-1] if points else None
        pool = (last.liquidity_usd, last.market_cap) if last else (None, None)
        return [BarBuilt(instrument, TIMEFRAME, ts, *made[:4], made.turnover, source, 1, 1, *pool), bar]

    def _remember(self, instrument: str, ts: int, close: float) -> None:
        known = self.state.closes.get(instrument)
        if known is None or known.ts < ts:
            self.state.closes[instrument] = LastClose(ts, close)

    def _due(self, ts: int) -> int:
        return ts + MINUTE_NS + self._buffer_ns

    def _set_timer(self, context: Context) -> None:
        if self.state.minutes:
            context.wake_at(self._due(min(self.state.minutes)), END, late_ok=True)


def figures_of_points(points: Iterable[PricePoint], before: float | None) -> Figures:
    """The minute of `points`, in order of time and one at least; it opens where the minute before closed, `before`.

    Without one it opens at its first price. The turnover is the sum of `volume_1m`, or if no point has one a fifth of
    that of `volume_5m`; a volume that is no number or below 0 is none. Source: specs/uptrend.md 3.2.
    """
    points = list(points)
    prices = [one.price for one in points]
    open_ = prices[0] if before is None else before
    close = prices[-1]
    minutes = [one.volume_1m for one in points if _is_amount(one.volume_1m)]
    fives = [one.volume_5m for one in points if _is_amount(one.volume_5m)]
    turnover = _total(minutes) if minutes else _total(fives) / 5.0
    return Figures(open_, max(open_, *prices), min(open_, *prices), close, turnover / close, turnover)


def figures_of_trades(trades: Iterable[TradeTick]) -> Figures:
    """The minute of `trades`, one at least, in any order: sums are exact before they are rounded once.

    First and last are by the venue's time, then by id (a shorter id first, so that numbers are in order).
    """
    ordered = sorted(trades, key=_trade_order)
    prices = [one.price for one in ordered]
    sized = [one for one in ordered if _is_amount(one.quantity)]
    return Figures(
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        math.fsum(one.quantity for one in sized),
        math.fsum(one.price * one.quantity for one in sized),
    )


def _is_amount(amount: float | None) -> bool:
    return amount is not None and 0.0 <= amount < math.inf


def _total(amounts: Iterable[float | None]) -> float:
    return math.fsum(amount for amount in amounts if amount is not None)


def _point_order(point: PricePoint) -> int:
    return point.ts_event


def _trade_order(trade: TradeTick) -> tuple[int, int, str]:
    return trade.ts_event, len(trade.trade), trade.trade
