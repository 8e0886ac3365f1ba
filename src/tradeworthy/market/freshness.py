"""Whether a book can be believed: when it last arrived, since when it says the same, and whose it was before."""

from __future__ import annotations

import math
from bisect import bisect_left
from enum import StrEnum

import msgspec
from pydantic import Field

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Resumed
from tradeworthy.core.settings import Settings
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.chances import CLEAR_S, Chances
from tradeworthy.market.digital import YEAR_NS
from tradeworthy.market.instruments import Instrument, InstrumentChanged, InstrumentDelisted, InstrumentListed
from tradeworthy.market.markets import Markets
from tradeworthy.market.oracles import Oracles
from tradeworthy.market.predictions import NO, YES, Market, MarketClosed, MarketOpened
from tradeworthy.market.stillness import Still, followed

SECOND_NS = 1_000_000_000

SETTLED = 0.90
"""What the winner's middle must have reached when a window ends."""


class BookFault(StrEnum):
    """Why a book is not to be believed, the gravest first."""

    NO_BOOK = "no_book"
    FROZEN_BOOK = "frozen_book"
    CARRIED_OVER = "carried_over"
    NEVER_SETTLED = "never_settled"


class FreshnessSettings(Settings):
    """When a book that says the same for long counts as frozen. Looser values trade on quotes that nobody keeps."""

    content_age_s: float = Field(
        30.0, gt=0, description="Seconds for which a book may say the same, whatever its underlying does."
    )
    sigmas: float = Field(
        3.0,
        gt=0,
        description="After that it is frozen if its underlying has moved by more standard deviations since.",
    )


class Seen(msgspec.Struct):
    """The last book of an instrument, times in session ns.

    It `arrived_ts` (0: lost since) and says the same since `same_ts`. `price` is the oracle's at `price_ts`, the first
    that was known since then (0.0: none). `moved`: the oracle has moved too far since. `line` is `series/outcome` of a
    window that starts at `start_ts` (else ""); `own`: it has shown a book that the window before did not leave it.
    `still` is there while both sides are.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    arrived_ts: int
    same_ts: int
    price: float = 0.0
    price_ts: int = 0
    moved: bool = False
    underlying: str = ""
    line: str = ""
    start_ts: int = 0
    own: bool = False
    series: str = ""
    still: Still | None = None


class Window(msgspec.Struct):
    """One token of a rolling series; of one that was delisted `instrument` is "" and its last book is kept here."""

    start_ts: int
    end_ts: int
    instrument: str
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class FreshnessState(State):
    """Books by instrument, and by line its windows in order of start: the living, and the last that is gone.

    `units` has the ticks in a price of 1 by token, `ends` when a quoted window is over by market, and `next_end` is the
    first of those (0: there is none). `unsettled` names by series the market whose quotes did not come to its end.
    """

    books: dict[str, Seen] = {}
    lines: dict[str, list[Window]] = {}
    units: dict[str, int] = {}
    ends: dict[str, int] = {}
    next_end: int = 0
    unsettled: dict[str, str] = {}


class Freshness(Agent):
    """The part named `freshness`, for the tokens of prediction markets that are known; others have no book here.

    A gap of the feed loses a book until its next one, but not the age of what it says.

    frozen_book: the book says the same for `content_age_s`, and the oracle has moved more than `sigmas` since it began;
    or its middle has stayed within STILL_TICKS while the probability of YES has been more than CHANCE_MOVE from where
    it was for `content_age_s` without a break, so that makers who are only seconds behind had their time. The first
    holds until the book changes, the second until its middle has moved.

    carried_over: equal to the last book of the window before in its series, until it changes.

    never_settled: a window of its series ended with a clear winner (`Chances.winner`: above 0.98 for the last 15 s)
    and a book of both sides, told within those 15 s, whose middle for the winner was below SETTLED. It holds for the
    whole series until a window ends as it should.
    """

    state: FreshnessState

    def __init__(self, markets: Markets, oracles: Oracles, settings: FreshnessSettings) -> None:
        super().__init__("freshness", FreshnessState())
        self._markets, self._oracles, self._chances = markets, oracles, Chances(markets, oracles)
        self._age_ns, self._sigmas = round(settings.content_age_s * SECOND_NS), settings.sigmas

    # What others read

    def arrived_ts(self, instrument: str) -> int:
        """Session time at which the last book arrived, ns; 0 without one, or if it was lost since."""
        seen = self.state.books.get(instrument)
        return seen.arrived_ts if seen else 0

    def fault(self, instrument: str, now: int) -> str:
        """The first BookFault of the instrument's book at session time `now`; "" if there is none."""
        seen = self.state.books.get(instrument)
        if seen is None or not seen.arrived_ts:
            return BookFault.NO_BOOK
        if seen.moved or (seen.still and seen.still.proven) or self._has_moved(seen, now):
            return BookFault.FROZEN_BOOK
        if self._is_carried(seen, now):
            return BookFault.CARRIED_OVER
        return BookFault.NEVER_SETTLED if seen.series in self.state.unsettled else ""

    # What it hears

    @on(BookChanged)
    def take(self, event: BookChanged, context: Context) -> None:
        """Note the arrival, and whether the book says something new."""
        now, seen = context.now, self.state.books.get(event.instrument)
        if 0 < self.state.next_end <= now:
            self._judge_ended(now)
        if seen is None:
            seen = Seen(event.bids, event.asks, now, now)
            if not self._place(event.instrument, seen, now):
                return
            self.state.books[event.instrument] = seen
        elif seen.bids == event.bids and seen.asks == event.asks:
            seen.arrived_ts = now
            if not seen.price:
                self._price(seen, now)
            elif not seen.moved and now - seen.same_ts >= self._age_ns:
                seen.moved = self._has_moved(seen, now)
            self._look(event.instrument, seen, now)
            return
        else:
            seen.bids, seen.asks, seen.arrived_ts, seen.same_ts = event.bids, event.asks, now, now
        seen.moved = False
        self._price(seen, now)
        if seen.line and not seen.own:
            before = self._before(seen)
            seen.own = before is not None and before.end_ts <= now and not self._same(seen, before)
        self._look(event.instrument, seen, now)

    @on(PriceObserved, MarketClosed)
    def pass_end(self, _: PriceObserved | MarketClosed, context: Context) -> None:
        """Judge the windows whose time is over."""
        if 0 < self.state.next_end <= context.now:
            self._judge_ended(context.now)

    @on(FeedGap)
    def lose(self, gap: FeedGap, _: Context) -> None:
        """The book of that instrument, or of all if the gap names none, is unknown until its next one."""
        if gap.instrument:
            self._lose(gap.instrument)
        else:
            self._lose_all()

    @on(Resumed)
    def resume(self, _: Resumed, context: Context) -> None:
        """What was known before the gap is no book any more."""
        self._lose_all()

    @on(InstrumentListed)
    def measure(self, event: InstrumentListed, _: Context) -> None:
        """Note a token's ticks."""
        self._measure(event.instrument)

    @on(InstrumentChanged)
    def void(self, event: InstrumentChanged, _: Context) -> None:
        """Other ticks: what the book said in the old ones can't be compared."""
        self._measure(event.instrument)
        self._lose(event.instrument.id)
        seen = self.state.books.get(event.instrument.id)
        if seen:
            seen.bids = seen.asks = ()
            seen.still = None

    @on(MarketOpened)
    def learn(self, event: MarketOpened, context: Context) -> None:
        """Take a market's new definition."""
        if 0 < self.state.next_end <= context.now:
            self._judge_ended(context.now)
        for token in (event.market.yes, event.market.no):
            seen = self.state.books.get(token)
            if seen:
                self._place(token, seen, context.now)

    @on(InstrumentDelisted)
    def forget(self, event: InstrumentDelisted, context: Context) -> None:
        """Drop the book, but for what the next window of its series is compared with."""
        if 0 < self.state.next_end <= context.now:
            self._judge_ended(context.now)
        self.state.units.pop(event.instrument, None)
        market = self._markets.of(event.instrument)
        if market is not None:
            self._end(market.id, 0)
        seen = self.state.books.pop(event.instrument, None)
        if seen is None or not seen.line:
            return
        windows = self.state.lines[seen.line]
        for window in windows:
            if window.instrument == event.instrument:
                window.instrument, window.bids, window.asks = "", seen.bids, seen.asks
        last = max((place for place, window in enumerate(windows) if not window.instrument), default=0)
        self.state.lines[seen.line] = [
            window for place, window in enumerate(windows) if window.instrument or place == last
        ]

    # How

    def _lose(self, instrument: str) -> None:
        seen = self.state.books.get(instrument)
        if seen:
            seen.arrived_ts = 0

    def _lose_all(self) -> None:
        for seen in self.state.books.values():
            seen.arrived_ts = 0

    def _measure(self, instrument: Instrument) -> None:
        if instrument.market:
            self.state.units[instrument.id] = int(1 / instrument.tick)

    def _end(self, market_id: str, end_ts: int) -> None:
        """The market is to be judged at `end_ts`; 0: never."""
        ends = self.state.ends
        if end_ts:
            ends[market_id] = end_ts
        else:
            ends.pop(market_id, None)
        self.state.next_end = min(ends.values(), default=0)

    def _judge_ended(self, now: int) -> None:
        """Of the windows that are over: whether their quotes came to their ends."""
        ended = sorted((end_ts, name) for name, end_ts in self.state.ends.items() if end_ts <= now)
        for _, market_id in ended:
            market = self._markets.market(market_id)
            if market is not None:
                self._judge(market)
            self._end(market_id, 0)

    def _judge(self, market: Market) -> None:
        winner = self._chances.winner(market)
        if winner is None:
            return
        settled = [
            self._settled(market, market.yes, wins=winner),
            self._settled(market, market.no, wins=not winner),
        ]
        if False in settled:
            self.state.unsettled[market.series] = market.id
        elif True in settled:
            self.state.unsettled.pop(market.series, None)

    def _settled(self, market: Market, token: str, *, wins: bool) -> bool | None:
        """Whether the token's book stood where it should at the end; None if it was too old or too empty to tell."""
        seen, unit = self.state.books.get(token), self.state.units.get(token)
        if seen is None or not unit or seen.arrived_ts < market.end_ts - CLEAR_S * SECOND_NS:
            return None
        bid, ask = seen.bids[0].ticks if seen.bids else 0, seen.asks[0].ticks if seen.asks else unit
        price = (bid + ask) / (2 * unit)
        if (price if wins else 1.0 - price) >= SETTLED:
            return True
        return False if seen.bids and seen.asks else None

    def _look(self, instrument: str, seen: Seen, now: int) -> None:
        still = seen.still = followed(seen.still, seen.bids, seen.asks)
        if still and seen.underlying and still.is_due(now):
            market = self._markets.of(instrument)
            still.look(self._chances.now(market, now) if market else None, now, self._age_ns)

    def _place(self, instrument: str, seen: Seen, now: int) -> bool:
        """Note the instrument's underlying, and its window if it is one of a series; False if no market has it."""
        market = self._markets.of(instrument)
        if market is None:
            return False
        seen.underlying = self._markets.underlying(instrument)
        if seen.line:
            windows = self.state.lines[seen.line]
            windows[:] = [window for window in windows if window.instrument != instrument]
            seen.line = ""
        seen.series, seen.still = market.series, None
        over = not market.series or market.end_ts <= now
        self._end(market.id, 0 if over else market.end_ts)
        if not market.series:
            return True
        outcome = YES if instrument == market.yes else NO
        seen.line, seen.start_ts = f"{market.series}/{outcome}", market.start_ts
        windows = self.state.lines.setdefault(seen.line, [])
        window = Window(market.start_ts, market.end_ts, instrument)
        windows.insert(bisect_left(windows, window.start_ts, key=_start_of), window)
        return True

    def _price(self, seen: Seen, now: int) -> None:
        price = self._oracles.price(seen.underlying) if seen.underlying else None
        seen.price, seen.price_ts = (price, now) if price else (0.0, 0)

    def _has_moved(self, seen: Seen, now: int) -> bool:
        """Whether the oracle stands too far from where it was when the book last said something new.

        Too far is `sigmas` times volatility x root of the time since, after `content_age_s` without a new word.
        """
        if not seen.price or now - seen.same_ts < self._age_ns or now <= seen.price_ts:
            return False
        price = self._oracles.price(seen.underlying)
        if price is None:
            return False
        sigma = self._oracles.volatility(seen.underlying) * math.sqrt((now - seen.price_ts) / YEAR_NS)
        return abs(math.log(price / seen.price)) > self._sigmas * sigma

    def _is_carried(self, seen: Seen, now: int) -> bool:
        if not seen.line or seen.own:
            return False
        before = self._before(seen)
        return before is not None and before.end_ts <= now and self._same(seen, before)

    def _before(self, seen: Seen) -> Window | None:
        """The window before it that had a book."""
        windows = self.state.lines[seen.line]
        place = bisect_left(windows, seen.start_ts, key=_start_of)
        return windows[place - 1] if place else None

    def _same(self, seen: Seen, before: Window) -> bool:
        """Whether `seen` says what `before` said last; two empty books say nothing."""
        last = self.state.books.get(before.instrument) or before
        return bool(seen.bids or seen.asks) and (seen.bids, seen.asks) == (last.bids, last.asks)


def _start_of(window: Window) -> int:
    return window.start_ts
