"""The paper venue on order books, with the rules of book_matcher.py.

Its stated assumptions:

    arrival      an order walks the book as it stands when it arrives: order time plus latency. Without a
                 book it is cancelled, or (GTC) waits for the first.
    after that   what is left of a GTC limit rests; what is left of a GTC market order walks each new book.
    groups       all-or-none: all legs whole in their books at one moment, size shared between legs counted
                 once.
    mirrors      an ask of one token of a prediction market is a bid of its twin at 1 - p, one size shown in two
                 books: what is taken of one is gone from the other.
    age          a book that arrived more than `book_max_age_ms` ago is as good as none.
    nonsense     a bid beyond the highest price of its instrument is none either, and nobody buys above that price.
    gaps         a FeedGap or another tick makes the instrument's book unknown until the next one.
    cancels      take the latency, and then effect at once.
"""

from __future__ import annotations

from tradeworthy.core.agents import Context, on
from tradeworthy.core.events import Event, Resumed
from tradeworthy.execution.book_matcher import Taken, taken_at, walk
from tradeworthy.execution.latency import MS
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.matching import Claims, Match, Plan, plan_of
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.paper_venue import PaperVenue
from tradeworthy.execution.reasons import Reason
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.venue_state import Resting, VenueState
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import InstrumentChanged, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.predictions import twin_of


class BookVenueState(VenueState):
    """The last book, when it arrived (session ns) and what we took of it, by instrument."""

    books: dict[str, BookChanged] = {}
    arrived: dict[str, int] = {}
    taken: dict[str, list[Taken]] = {}


class BookVenue(PaperVenue):
    """The part named `paper-executor`, filling from order books."""

    state: BookVenueState

    def __init__(self, settings: PaperVenueSettings, listing: Listing, ledger: Ledger) -> None:
        super().__init__(settings, listing, ledger, BookVenueState())
        self._memory_ns = settings.consumed_memory_ms * MS
        self._age_ns = settings.book_max_age_ms * MS

    @on(BookChanged)
    def match(self, book: BookChanged, context: Context) -> list[Event] | None:
        """Remember the book, and let the orders that rest trade with it, first come first served.

        A book of an instrument that is not listed (any more) is nobody's.
        """
        state = self.state
        if book.instrument not in self._listing.state.instruments:
            return None
        state.books[book.instrument] = book
        state.arrived[book.instrument] = context.now
        working = state.working.get(book.instrument)
        if working is None:
            return None
        made: list[Event] = []
        for order in list(working):
            resting = state.orders.get(order)
            if resting is not None and resting.eligible_at <= context.now:
                made += self._arrive(self._together(resting), context)
        return made

    @on(FeedGap)
    def lose(self, gap: FeedGap, _: Context) -> None:
        """Forget the book of an instrument (of all, if the gap names none): it changed unseen."""
        if gap.instrument:
            self.state.books.pop(gap.instrument, None)
        else:
            self.state.books.clear()

    @on(InstrumentChanged)
    def retick(self, event: InstrumentChanged, context: Context) -> list[Event]:
        """With another tick, forget the book as well: its levels count the old ones."""
        if self._listing.is_reticked(event.instrument.id, context.seq):
            self._forget(event.instrument.id)
        return super().retick(event, context)

    @on(Resumed)
    def resume(self, event: Resumed, context: Context) -> list[Event]:
        """End every order and forget every book."""
        self.state.books.clear()
        return super().resume(event, context)

    def _plan(self, resting: Resting, claims: Claims, now: int) -> Plan:
        place = resting.place
        wanted = self._wanted(resting, claims)
        clipped = wanted < resting.left
        if clipped and not wanted:
            return Plan(0, (), Reason.NOTHING_TO_REDUCE, clipped=True)
        book = self._book(place.instrument, now)
        if book is None:
            return Plan(wanted, (), Reason.NO_PRICE)
        side, limit = place.side, place.limit_ticks
        taken = taken_at(self.state.taken.get(place.instrument, ()), side, now)
        for (instrument, taker, ticks), lots in claims.size.items():
            if (instrument, taker) == (place.instrument, side):
                taken[ticks] = taken.get(ticks, 0) + lots
        rests = resting.arrived and limit is not None
        reach = limit - side.sign if rests and limit is not None else limit
        if reach is None and side is Side.BUY:
            reach = self._listing.scale(place.instrument).ticks_max
        walked = walk(book.asks if side is Side.BUY else book.bids, side, reach, wanted, taken)
        for level in walked.levels:
            for instrument, taker, ticks in self._seen_as(place, level):
                claims.take(instrument, taker, ticks, level.lots)
        matches = tuple(
            Match(level.ticks, level.lots, maker=False, ts=now, levels=(level,)) for level in walked.levels
        )
        if rests and limit is not None and matches:
            lots = sum(match.lots for match in matches)
            matches = (Match(limit, lots, maker=True, ts=now, levels=walked.levels),)
        return plan_of(wanted, matches, walked.short, place.time_in_force, clipped=clipped)

    def _book(self, instrument: str, now: int) -> BookChanged | None:
        """The last book, if it is young enough and could be one."""
        book = self.state.books.get(instrument)
        if book is None or (self._age_ns and now - self.state.arrived[instrument] > self._age_ns):
            return None
        bid = book.best_bid
        return None if bid and bid.ticks > self._listing.scale(instrument).ticks_max else book

    # What the paper venue asks

    def _arrive(self, members: list[Resting], context: Context) -> list[Event]:
        return self._judge(members, lambda resting, claims: self._plan(resting, claims, context.now), context)

    def _take(self, resting: Resting, match: Match, context: Context) -> None:
        if not self._memory_ns:
            return
        place, until = resting.place, context.now + self._memory_ns
        taken = self.state.taken
        for instrument, old in list(taken.items()):
            kept = [one for one in old if one.until > context.now]
            if kept:
                taken[instrument] = kept
            else:
                del taken[instrument]
        for level in match.levels:
            for instrument, taker, ticks in self._seen_as(place, level):
                taken.setdefault(instrument, []).append(Taken(taker, ticks, level.lots, until))

    def _seen_as(self, place: PlaceOrder, level: Level) -> list[tuple[str, Side, int]]:
        """Where the order's level is shown: instrument, taker's side and ticks, in its book and its twin's."""
        shown = [(place.instrument, place.side, level.ticks)]
        scale = self._listing.scale(place.instrument)
        twin = twin_of(scale.instrument)
        other = self._listing.state.instruments.get(twin)
        if other is not None and other.tick == scale.instrument.tick and level.ticks < scale.ticks_of_one:
            shown.append((twin, place.side.opposite, scale.ticks_of_one - level.ticks))
        return shown

    def _reference_ticks(self, order: PlaceOrder) -> int | None:
        book = self.state.books.get(order.instrument)
        levels: tuple[Level, ...] = ()
        if book is not None:
            levels = book.asks if order.side is Side.BUY else book.bids
        return levels[0].ticks if levels else None

    def _forget(self, instrument: str) -> None:
        for kept in (self.state.books, self.state.arrived, self.state.taken):
            kept.pop(instrument, None)
