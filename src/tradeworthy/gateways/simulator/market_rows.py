"""The events of one simulated market over a stretch of steps: its life, and its books as they change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from tradeworthy.core.events import Event
from tradeworthy.gateways.simulator.book_faults import BookFaults, Fault, FaultKind
from tradeworthy.gateways.simulator.lags import Lags
from tradeworthy.gateways.simulator.prediction_settings import MINUTE_MS
from tradeworthy.gateways.simulator.quoting import COARSE, FINE, Maker, Shown, mirrored
from tradeworthy.gateways.simulator.rivals import Rivals, Taken
from tradeworthy.gateways.simulator.series import Terms
from tradeworthy.gateways.simulator.simulated_market import SimulatedMarket
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import (
    CASH_UNIT,
    FeeCurve,
    Instrument,
    InstrumentChanged,
    InstrumentListed,
)
from tradeworthy.market.predictions import (
    NO,
    YES,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)

FEED = "simulator"
LOT = Decimal("0.01")
LOTS_MIN = 500
NOTIONAL_MIN = Decimal(1)
MS_NS = 1_000_000
EDGE = 0.04
"""Beyond this distance from 0 and 1 ticks are fine."""

MISPRICED_LEAST, MISPRICED_MORE = 0.08, 0.08
CROSSED_LEAST, CROSSED_MORE = 0.06, 0.04

PRICE, CLOSING, OPENING, FETCHED, CHANGE, BOOK = range(6)
"""What comes first of one moment: a window's first price before its opening quotes."""

Entry = tuple[int, int, int, Event]
"""Session time (UTC ns), its order within that moment, a number that keeps entries apart, and the event."""


class Tokens(NamedTuple):
    """Both tokens of a market as instruments."""

    yes: Instrument
    no: Instrument


class MarketRows:
    """One market's events, a function of the step."""

    def __init__(self, terms: Terms, simulated: SimulatedMarket) -> None:
        self._terms, self._simulated = terms, simulated
        self._market, self._life = simulated.card.market, simulated.card.life
        settings, name = terms.settings, self._market.slug
        self._maker = Maker(settings, terms.seed, name, simulated.card.group)
        self._faults = BookFaults(settings.faults, terms.seed, name, settings.step_ms)
        self._cell_steps = MINUTE_MS // settings.step_ms
        self._lags = Lags(settings, terms.seed, simulated.card.group)
        self._rivals = Rivals(settings, terms.seed, name, float(simulated.card.fee_rate))
        self._units: dict[int, int] = {}
        self._stale: dict[int, float] = {}
        self._next = -1
        self._standing: Shown | None = None
        self._told: Shown | None = None
        self._taken: Taken | None = None

    def entries(self, first: int, end: int, numbers: count[int]) -> Iterator[Entry]:
        """What happens in the steps from `first` to before `end`."""
        life = self._life
        if first <= life.opened < end:
            for event in self._opening():
                yield self._terms.ts(life.opened), OPENING, next(numbers), event
        yield from self._books(max(first, life.opened), min(end, life.closed), numbers)
        for step, event in self._ending():
            if first <= step < end:
                yield self._terms.ts(step), CLOSING, next(numbers), event

    def _opening(self) -> Iterator[Event]:
        for instrument in self._tokens(COARSE):
            yield InstrumentListed(instrument)
        yield MarketOpened(self._market)

    def _ending(self) -> Iterator[tuple[int, Event]]:
        life, terms, market = self._life, self._terms, self._market
        yield life.closed, MarketClosed(market.id, terms.ts(life.closed), "ended")
        if life.disputed >= 0:
            yield (
                life.disputed,
                MarketDisputed(market.id, terms.ts(life.disputed), "proposed outcome contested"),
            )
        payout = self._simulated.payout()
        reason = "split" if 0 < payout < CASH_UNIT else ""
        ts = terms.ts(life.resolved)
        yield life.resolved, MarketResolved(market.id, ts, payout, market.resolution_source, reason)

    def _tokens(self, unit: int) -> Tokens:
        market, settings = self._market, self._terms.settings
        tick = Decimal(1) / unit
        yes, no = (
            Instrument(
                id=token,
                venue=market.venue,
                quote=settings.quote,
                tick=tick,
                lot=LOT,
                taker_fee=Decimal(0),
                maker_fee=Decimal(0),
                notional_min=NOTIONAL_MIN,
                lots_min=LOTS_MIN,
                price_max=1 - tick,
                fee_curve=FeeCurve(self._simulated.card.fee_rate),
                market=market.id,
                outcome=outcome,
                token=token,
            )
            for token, outcome in ((market.yes, YES), (market.no, NO))
        )
        return Tokens(yes, no)

    def _books(self, first: int, end: int, numbers: count[int]) -> Iterator[Entry]:
        """Books where they change, and what makes them unknown; `first` to before `end` within its life.

        Entered anywhere it first goes through what others may have taken before, and says nothing of that.
        """
        if first >= end:
            return
        begin = first
        if first != self._next:
            begin = max(self._life.opened, first - self._rivals.memory - 2)
            self._standing = self._told = self._taken = None
        self._next = end
        for step, entries in enumerate(self._steps(begin, end, numbers), begin):
            if step >= first:
                yield from entries

    def _steps(self, first: int, end: int, numbers: count[int]) -> Iterator[list[Entry]]:
        """What is sent in each step: others take of the quotes that stand, the maker requotes, others take of those."""
        rivals, lags = self._rivals, self._lags
        seen = [lags.seen(step) for step in range(first, end)]
        quoted, true = self._simulated.fairs(first, end, seen), self._simulated.fairs(first, end)
        skews, draws = self._maker.skews_ms(first, end), rivals.draws(first, end)
        for step, fair, truth, skew, drawn in zip(range(first, end), quoted, true, skews, draws, strict=True):
            entries: list[Entry] = []
            offset, skew_ms = lags.offset_ms(step), min(skew, lags.lag_ms(step))
            came = rivals.delay_ms(drawn, rivals.gain(self._standing, truth))
            if came < offset:
                entries += self._visit(step, truth, int(came), skew_ms, numbers)
            entries += self._requote(step, fair, truth, skew_ms, numbers)
            comes = rivals.delay_ms(drawn, rivals.gain(self._standing, truth))
            if came >= offset and comes < self._terms.settings.step_ms:
                entries += self._visit(step, truth, max(offset, int(comes)), skew_ms, numbers)
            yield entries

    def _requote(
        self, step: int, fair: float, truth: float, skew_ms: int, numbers: count[int]
    ) -> Iterator[Entry]:
        """What the maker says at `step`."""
        at_ms = self._lags.offset_ms(step)
        ts, unit = self._terms.ts(step) + at_ms * MS_NS, self._unit(step)
        if unit != (self._unit(step - 1) if step > self._life.opened else COARSE):
            self._told = self._taken = None
            for token in self._tokens(unit):
                yield ts, CHANGE, next(numbers), InstrumentChanged(token)
        self._standing = self._shown(step, fair)
        if self._standing is None:
            self._told = None
            if self._gap_begins(step):
                for name in (self._market.yes, self._market.no):
                    yield ts, CHANGE, next(numbers), FeedGap(FEED, name, ts, ts, "connection lost")
            return
        left, self._taken = self._rivals.left(self._standing, truth, self._taken, step)
        yield from self._messages(step, left, at_ms, skew_ms, numbers)

    def _visit(
        self, step: int, truth: float, at_ms: int, skew_ms: int, numbers: count[int]
    ) -> Iterator[Entry]:
        """Others come, and take of what the maker said last."""
        if self._standing is None:
            return
        taken = self._rivals.taken(self._standing, truth, step)
        if taken is not None:
            self._taken = taken
            left, _ = self._rivals.left(self._standing, truth, taken, step)
            yield from self._messages(step, left, at_ms, skew_ms, numbers)

    def _messages(
        self, step: int, shown: Shown, at_ms: int, skew_ms: int, numbers: count[int]
    ) -> Iterator[Entry]:
        """The YES token's book, if it is another, and the NO token's, which is its mirror and may come later."""
        if shown == self._told:
            return
        self._told = shown
        bids, asks = self._maker.book(shown)
        market, begin = self._market, self._terms.ts(step)
        ts = begin + at_ms * MS_NS
        late = begin + min(at_ms + skew_ms, self._terms.settings.step_ms - 1) * MS_NS
        crossed = bool(bids and asks and bids[0].ticks >= asks[0].ticks)
        yield ts, BOOK, next(numbers), BookChanged(market.yes, ts, bids, asks, crossed)
        no_bids, no_asks = mirrored(asks, shown.unit), mirrored(bids, shown.unit)
        yield late, BOOK, next(numbers), BookChanged(market.no, late, no_bids, no_asks, crossed)

    def _shown(self, step: int, fair: float) -> Shown | None:
        """The maker's book of a step; None while nothing is sent (what comes then is sent anew)."""
        unit, maker = self._unit(step), self._maker
        fault = self._faults.at(step)
        if fault is None:
            return maker.shown(fair, step, unit)
        if fault.kind is FaultKind.GAP:
            return None
        if fault.kind is FaultKind.STALE:
            return maker.shown(self._stood(fault), self._from(fault), unit)
        if fault.kind is FaultKind.DEAD:
            return maker.dead(unit, fault.amount)
        if fault.kind is FaultKind.CROSSED:
            return maker.shown(fair, step, unit, crossed_by=CROSSED_LEAST + CROSSED_MORE * fault.amount)
        sign = 1 if fault.amount < 0.5 else -1
        amount = sign * (MISPRICED_LEAST + MISPRICED_MORE * (2 * fault.amount % 1))
        off = self._simulated.mispriced(fair, step, self._lags.seen(step), amount)
        return maker.shown(off, step, unit)

    def _stood(self, fault: Fault) -> float:
        """What the maker held fair when the fault began."""
        begin = self._from(fault)
        if begin not in self._stale:
            self._stale = {begin: self._quoted(begin)}
        return self._stale[begin]

    def _quoted(self, step: int) -> float:
        """What the maker holds fair at one step."""
        return self._simulated.fairs(step, step + 1, (self._lags.seen(step),))[0]

    def _from(self, fault: Fault) -> int:
        """The first step of a fault in this market's life."""
        return max(fault.begin, self._life.opened)

    def _gap_begins(self, step: int) -> bool:
        fault = self._faults.at(step)
        return fault is not None and fault.kind is FaultKind.GAP and step == self._from(fault)

    def _unit(self, step: int) -> int:
        """Ticks in 1 at `step`: looked at once a minute, not before the market's first whole minute."""
        if not self._terms.settings.fine_ticks:
            return COARSE
        cell = step // self._cell_steps
        if cell not in self._units:
            begin, self._units = cell * self._cell_steps, dict(list(self._units.items())[-3:])
            self._units[cell] = self._unit_of(begin)
        return self._units[cell]

    def _unit_of(self, begin: int) -> int:
        if begin <= self._life.opened:
            return COARSE
        fair = self._quoted(begin)
        return COARSE if EDGE <= fair <= 1 - EDGE else FINE
