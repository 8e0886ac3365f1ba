"""The paper venue on closed bars, with the rules of bar_matcher.py.

Its stated assumptions:

    next_open    an order trades first in the first bar that opens at or after order time plus latency, at its
                 open. A bar is admitted at its close, so the fill is known one bar later than it happened:
                 `ts_event` is the bar's open. A decision at a close with latency 0 trades at the open of the
                 bar that begins there.
    taker_close  an order trades first when it arrives (at once with latency 0), at the close of the bar that
                 was admitted last; what is left of a GTC market order trades at the closes of later bars.
    maker_draw   as taker_close, with the draws of drawn_venue.py.
    after that   GTC orders trade in each later bar: market orders at its open, limits at the open if it
                 gapped through, else at their limit if traded through.
    timeframes   an order trades in bars of one timeframe, the first that it could trade in (of several, the
                 finest).
    groups       an all-or-none group trades in bars of one open time. If one of its instruments has no such
                 bar, a group that can't wait ends as group_incomplete.
    cancels      what traded before the cancel counts. So between bars it waits for the bar that is under way
                 (at most one bar length): the open before the cancel trades, the range only if the bar
                 closed before it.
"""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import Context, on
from tradeworthy.core.events import Event
from tradeworthy.execution.bar_matcher import (
    Touch,
    closed_at,
    lots_on_offer,
    touch_close,
    touch_open,
    touch_range,
)
from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.matching import Claims, Match, Plan, plan_of
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.paper_venue import CANCEL, PaperVenue
from tradeworthy.execution.reasons import Reason
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.venue_state import Resting, VenueState
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.listing import Listing


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Lots that our orders traded in the bar of `timeframe` that opened at `ts_event`."""

    timeframe: str
    ts_event: int
    lots: int


class BarVenueState(VenueState):
    """The last bar admitted and the size used, by instrument."""

    last: dict[str, BarClosed] = {}
    used: dict[str, Use] = {}


class BarVenue(PaperVenue):
    """The part named `paper-executor`, filling from closed bars."""

    state: BarVenueState

    def __init__(self, settings: PaperVenueSettings, listing: Listing, ledger: Ledger) -> None:
        super().__init__(settings, listing, ledger, BarVenueState())
        self._next_open = settings.fills == "next_open"

    @on(BarClosed)
    def match(self, bar: BarClosed, context: Context) -> list[Event] | None:
        """Remember the bar, and let the orders that may trade in it do so, first come first served."""
        state = self.state
        state.last[bar.instrument] = bar
        working = state.working.get(bar.instrument)
        if working is None:
            return None
        made: list[Event] = []
        for order in list(working):
            resting = state.orders.get(order)
            if resting is None:
                continue
            cancel_at = resting.cancel_at
            if self._may_trade(resting, bar) and not 0 < cancel_at <= bar.ts_event:
                made += (
                    self._offer(resting, bar, context)
                    if resting.joint
                    else self._trade(resting, bar, context)
                )
            if 0 < cancel_at <= closed_at(bar) and order in state.orders:
                made += self._end_with(resting, resting.cancel_reason, context.now)
        return made

    def _may_trade(self, resting: Resting, bar: BarClosed) -> bool:
        if bar.ts_event < resting.eligible_at or not (resting.arrived or self._next_open):
            return False
        if not resting.timeframe:
            resting.timeframe = bar.timeframe
        return resting.timeframe == bar.timeframe

    def _trade(self, resting: Resting, bar: BarClosed, context: Context) -> list[Event]:
        """One order's turn in a bar."""

        def plan(resting: Resting, claims: Claims) -> Plan:
            return self._plan(resting, bar, claims, self._touch(resting, bar, context), bar.ts_event)

        return self._judge([resting], plan, context)

    def _offer(self, resting: Resting, bar: BarClosed, context: Context) -> list[Event]:
        """Give a group the bar; judge the group once all its instruments have theirs of that open time."""
        members = self._together(resting)
        bars = self.state.groups[resting.place.group].bars
        if bars.get(bar.instrument) is bar:
            return []
        if any(other.ts_event != bar.ts_event for other in bars.values()):
            bars.clear()
            if any(member.place.time_in_force is not TimeInForce.GTC for member in members):
                return self._end_with(resting, Reason.GROUP_INCOMPLETE, context.now)
        bars[bar.instrument] = bar
        if any(member.place.instrument not in bars for member in members):
            return []

        def plan(member: Resting, claims: Claims) -> Plan:
            its = bars[member.place.instrument]
            return self._plan(member, its, claims, self._touch(member, its, context), its.ts_event)

        return self._judge(members, plan, context)

    def _touch_close(self, place: PlaceOrder, bar: BarClosed, context: Context) -> Touch | None:
        """What the close gives the order, or None."""
        return touch_close(place.side, place.limit_ticks, bar, self._listing.scale(place.instrument))

    def _touch(self, resting: Resting, bar: BarClosed, context: Context) -> Touch | None:
        place = resting.place
        if place.limit_ticks is None and not self._next_open:
            return self._touch_close(place, bar, context)
        scale = self._listing.scale(place.instrument)
        touch = touch_open(place.side, place.limit_ticks, bar, scale, rested=resting.arrived)
        in_time = not resting.cancel_at or closed_at(bar) <= resting.cancel_at
        if touch is None and place.time_in_force is TimeInForce.GTC and in_time:
            return touch_range(place.side, place.limit_ticks, bar, scale)
        return touch

    def _plan(self, resting: Resting, bar: BarClosed, claims: Claims, touch: Touch | None, ts: int) -> Plan:
        """What the order gets at `touch`, which if not inside the bar was at `ts`, or by its own word."""
        place = resting.place
        wanted = self._wanted(resting, claims)
        clipped = wanted < resting.left
        if not wanted and clipped and (touch is not None or place.limit_ticks is None):
            return Plan(0, (), Reason.NOTHING_TO_REDUCE, clipped=True)
        if touch is None:
            missed = Reason.MAKER_MISSED if place.limit_ticks is None else Reason.LIMIT_NOT_REACHED
            return Plan(wanted, (), missed)
        size = lots_on_offer(bar, self._listing.scale(place.instrument), self._settings.participation)
        size -= self._used(bar) + claims.size.get((bar.instrument, "", 0), 0)
        lots = min(wanted, size)
        if lots <= 0:
            return Plan(wanted, (), Reason.NO_LIQUIDITY, clipped)
        claims.take(bar.instrument, "", 0, lots)
        traded_ts = closed_at(bar) if touch.inside else touch.ts or ts
        match = Match(touch.ticks, lots, touch.inside or touch.maker, traded_ts, bar)
        return plan_of(wanted, (match,), Reason.NO_LIQUIDITY, place.time_in_force, clipped=clipped)

    def _used(self, bar: BarClosed) -> int:
        use = self.state.used.get(bar.instrument)
        same = use is not None and (use.timeframe, use.ts_event) == (bar.timeframe, bar.ts_event)
        return use.lots if use is not None and same else 0

    # What the paper venue asks

    def _waits_for_bar(self) -> bool:
        return self._next_open

    def _arrive(self, members: list[Resting], context: Context) -> list[Event]:
        def plan(resting: Resting, claims: Claims) -> Plan:
            place = resting.place
            bar = self.state.last.get(place.instrument)
            if bar is None:
                return Plan(resting.left, (), Reason.NO_PRICE)
            touch = self._touch_close(place, bar, context)
            return self._plan(resting, bar, claims, touch, context.now)

        return self._judge(members, plan, context)

    def _take(self, resting: Resting, match: Match, context: Context) -> None:
        bar = match.bar
        assert bar is not None
        self.state.used[bar.instrument] = Use(bar.timeframe, bar.ts_event, self._used(bar) + match.lots)

    def _take_back(self, resting: Resting, context: Context) -> list[Event]:
        last = self.state.last.get(resting.place.instrument)
        length = TIMEFRAMES_NS.get(last.timeframe, 0) if last is not None else 0
        nothing_to_come = last is None or closed_at(last) >= resting.cancel_at
        sent_since = resting.eligible_at >= resting.cancel_at
        if nothing_to_come or sent_since or context.now > resting.cancel_at + length:
            return super()._take_back(resting, context)
        context.wake_at(resting.cancel_at + length + 1, f"{CANCEL}/{resting.place.order}")
        return []

    def _reference_ticks(self, order: PlaceOrder) -> int | None:
        last = self.state.last.get(order.instrument)
        if last is None:
            return None
        return self._listing.scale(order.instrument).ticks_nearest(last.close)

    def _forget(self, instrument: str) -> None:
        self.state.last.pop(instrument, None)
        self.state.used.pop(instrument, None)
