"""What becomes of a prediction market's tokens: complete sets are money, outcomes pay, and then they are gone.

sets       what one strategy of a desk holds of both tokens is merged at once, 1 for each share pair; what it
           is short of in both is covered at 1 by splitting money. Not while a fill of either may still fail,
           nor while an intent of several legs is at work on them: what it takes back must still be there.
outcome    MarketResolved settles both tokens for all who hold them, and again whatever is filled late.
           MarketDisputed changes nothing: positions stay open.
overdue    half an hour after a market's end (its closing, if the end is unknown) without an outcome,
           ResolutionOverdue; again every ten minutes while anybody holds it.
the end    a minute after the outcome, once nobody holds the tokens, may hold them again (a fill that fails), or
           has an order for them, both are delisted. So are those of a closed market that nobody holds and that
           has no outcome a day after its end.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.execution.accounting import PositionChanged, ResolutionOverdue, SetsMerged, Settled
from tradeworthy.execution.intents import position_key, strategy_of
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus, PlaceOrder
from tradeworthy.market.instruments import CASH_UNIT, InstrumentDelisted
from tradeworthy.market.markets import Markets, MarketStatus
from tradeworthy.market.predictions import Market, MarketClosed, MarketOpened, MarketResolved

SECOND_NS = 1_000_000_000
OVERDUE_NS = 30 * 60 * SECOND_NS
OVERDUE_AGAIN_NS = 10 * 60 * SECOND_NS
ABANDONED_NS = 24 * 3600 * SECOND_NS
DELIST_NS = 60 * SECOND_NS

OVERDUE, DELIST = "overdue", "delist"


class AtWork(msgspec.Struct):
    """The orders of an intent without its verdict: their instruments, and the positions of those in a group."""

    instruments: list[str] = []
    grouped: list[str] = []


class SettlementState(State):
    """Intents at work by candidate; lots on their way to the ledger, by the YES token's `desk/position`.

    `ends` is when each market without an outcome ends or ended, `resolved` what a YES share of the others paid, until
    they are delisted; `reminded` counts the wake-ups about an overdue one.
    """

    works: dict[int, AtWork] = {}
    merging: dict[str, int] = {}
    ends: dict[str, int] = {}
    resolved: dict[str, int] = {}
    reminded: dict[str, int] = {}


class Settlement(Agent):
    """The part named `settlement`; it comes after the ledger and the order desk."""

    state: SettlementState

    def __init__(self, ledger: Ledger, markets: Markets) -> None:
        super().__init__("settlement", SettlementState())
        self._ledger = ledger
        self._markets = markets

    # Complete sets

    @on(PlaceOrder)
    def note(self, order: PlaceOrder, _: Context) -> None:
        """An intent is at work on the order's token, and on its position if it has several legs."""
        listed = self._ledger.listing.state.instruments.get(order.instrument)
        if listed is None or not listed.market:
            return
        work = self.state.works.setdefault(order.candidate, AtWork())
        work.instruments.append(order.instrument)
        if order.group:
            work.grouped.append(f"{order.desk}/{order.position}")

    @on(Verdict)
    def finish(self, verdict: Verdict, context: Context) -> list[Event] | None:
        """Merge what the intent leaves."""
        work = self.state.works.pop(verdict.candidate, None) if self.state.works else None
        if work is None:
            return None
        made: list[Event] = []
        for key in dict.fromkeys(work.grouped):
            desk, _, position = key.partition("/")
            held = self._ledger.position(desk, position)
            made += self._merge(desk, position, held.instrument, context)
        return made

    @on(PositionChanged)
    def follow(self, event: PositionChanged, context: Context) -> list[Event] | None:
        """Merge what makes complete sets now, and settle what was filled after its market's outcome."""
        if event.instrument not in self._markets.state.tokens:
            return None
        market = self._markets.of(event.instrument)
        if market is None:
            return None
        if event.lots and market.id in self.state.resolved:
            return self._settle(market, (event.instrument,), context.now)
        return self._merge(event.desk, event.position, event.instrument, context)

    @on(FillObserved)
    def confirm(self, fill: FillObserved, context: Context) -> list[Event] | None:
        """A fill that became final may leave complete sets that could not be merged before."""
        if fill.instrument not in self._markets.state.tokens or fill.status is not FillStatus.CONFIRMED:
            return None
        return self._merge(fill.desk, fill.position or fill.instrument, fill.instrument, context)

    @on(SetsMerged)
    def book(self, event: SetsMerged, context: Context) -> list[Event]:
        """The ledger has booked these sets, or could not: ask again for what there is."""
        market = self._markets.market(event.market)
        self.state.merging.pop(f"{event.desk}/{event.yes_position}", None)
        return self._merge(event.desk, event.yes_position, market.yes, context) if market else []

    def _merge(self, desk: str, position: str, instrument: str, context: Context) -> list[Event]:
        market = self._markets.of(instrument)
        strategy = strategy_of(position)
        if market is None or position != position_key(strategy, instrument):
            return []
        yes, no = position_key(strategy, market.yes), position_key(strategy, market.no)
        lots = self._ledger.complete_sets(desk, yes, no)
        keys = f"{desk}/{yes}", f"{desk}/{no}"
        if not lots or keys[0] in self.state.merging or self._are_at_work(keys):
            return []
        self.state.merging[keys[0]] = lots
        return [SetsMerged(desk, market.id, yes, no, lots, context.now)]

    def _are_at_work(self, keys: Iterable[str]) -> bool:
        works = self.state.works.values()
        return any(key in work.grouped for work in works for key in keys)

    # Outcomes

    @on(MarketResolved)
    def resolve(self, event: MarketResolved, context: Context) -> list[Event]:
        """Pay both tokens out; a later word on the same market changes nothing. UsageError for a payout above 1."""
        if not 0 <= event.payout <= CASH_UNIT:
            raise UsageError(
                f"market {event.market} pays {event.payout} cash units a YES share: it must be 0 to {CASH_UNIT}"
            )
        market = self._markets.market(event.market)
        if market is None or market.id in self.state.resolved:
            return []
        self._forget(market)
        self.state.resolved[market.id] = event.payout
        context.wake_at(context.now + DELIST_NS, f"{DELIST}/{market.id}", late_ok=True)
        return self._settle(market, (market.yes, market.no), event.ts_event)

    def _settle(self, market: Market, tokens: Iterable[str], ts: int) -> list[Event]:
        """What a lot of each pays, rounded down to a cash unit."""
        paid = self.state.resolved[market.id]
        made: list[Event] = []
        for token in tokens:
            if token in self._ledger.listing.state.instruments:
                share = paid if token == market.yes else CASH_UNIT - paid
                lot_value = self._ledger.listing.scale(token).lot_value
                made.append(Settled(token, share * lot_value // CASH_UNIT, ts))
        return made

    @on(InstrumentDelisted)
    def drop(self, event: InstrumentDelisted, _: Context) -> None:
        """Forget a market that is gone."""
        market = self._markets.of(event.instrument)
        if market is not None:
            self._forget(market)

    def _forget(self, market: Market) -> None:
        for kept in (self.state.ends, self.state.resolved, self.state.reminded):
            kept.pop(market.id, None)

    # What waits

    @on(MarketOpened)
    def open(self, event: MarketOpened, context: Context) -> list[Event]:
        """Watch for its outcome, and merge what was held before the market was known."""
        market = event.market
        if market.id not in self.state.resolved:
            self._watch(market.id, market.end_ts, context)
        made: list[Event] = []
        for held in self._ledger.positions():
            if held.instrument == market.yes:
                made += self._merge(held.desk, held.position, market.yes, context)
        return made

    @on(MarketClosed)
    def close(self, event: MarketClosed, context: Context) -> None:
        """A market without a known end ends now."""
        known = self._markets.status(event.market) in (MarketStatus.CLOSED, MarketStatus.DISPUTED)
        if known and event.market not in self.state.ends:
            self._watch(event.market, context.now, context)

    def _watch(self, market: str, end_ts: int, context: Context) -> None:
        if end_ts:
            self.state.ends[market] = end_ts
            context.wake_at(end_ts + OVERDUE_NS, f"{OVERDUE}/{market}", late_ok=True)

    @on(WokeUp)
    def wake(self, event: WokeUp, context: Context) -> list[Event]:
        """An outcome is overdue, or tokens may go."""
        what, _, name = event.key.partition("/")
        market = self._markets.market(name)
        if market is None:
            return []
        if what == DELIST:
            return self._delist(market, context)
        return self._remind(market, context) if name in self.state.ends else []

    def _delist(self, market: Market, context: Context) -> list[Event]:
        if self._is_free(market):
            return [InstrumentDelisted(market.yes), InstrumentDelisted(market.no)]
        context.wake_at(context.now + DELIST_NS, f"{DELIST}/{market.id}", late_ok=True)
        return []

    def _remind(self, market: Market, context: Context) -> list[Event]:
        name, ended_ts = market.id, self.state.ends[market.id]
        over = context.now - ended_ts >= ABANDONED_NS
        if over and self._markets.status(name) is not MarketStatus.OPEN and self._is_free(market):
            return [InstrumentDelisted(market.yes), InstrumentDelisted(market.no)]
        context.wake_at(context.now + OVERDUE_AGAIN_NS, f"{OVERDUE}/{name}", late_ok=True)
        times = self.state.reminded.get(name, 0)
        self.state.reminded[name] = times + 1
        held = self._is_held(market)
        return [ResolutionOverdue(name, ended_ts, held)] if held or not times else []

    def _is_held(self, market: Market) -> bool:
        return any(self._ledger.holds(token) for token in (market.yes, market.no))

    def _is_free(self, market: Market) -> bool:
        """Whether nobody holds a token, may hold it again, or has an order for it."""
        wanted = any(
            token in work.instruments
            for work in self.state.works.values()
            for token in (market.yes, market.no)
        )
        return not wanted and not self._is_held(market)
