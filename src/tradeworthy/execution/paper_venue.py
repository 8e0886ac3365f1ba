"""The paper venue: takes orders as a venue would, holds them, and reports what became of them.

What the two kinds share is here: acceptance, latency, groups, reduce-only, cancels and reports. When and at
what price orders trade is said by bar_venue.py and book_venue.py.

    latency      an order is at the venue `latency_ms` after it was sent (and up to `latency_jitter_ms` more, or
                 log-normally around it, drawn); a cancel takes `latency_ms`.
    groups       orders of an all-or-none group are judged together when they trade: each whole, or none at
                 all. One that can't wait (not GTC) then ends all.
    reduce-only  trades at most what the position is at that moment, fills counted that the ledger is yet to
                 book.
    fills        CONFIRMED at once, with ids `<order>/<n>`; fees by the instrument's schedule.
    ticks        another tick ends the orders with a limit in the old one as CANCELLED tick_changed.
    closing      a closed market's tokens trade no more: its orders end as CANCELLED market_closed.
    a restart    ends every order as CANCELLED restart, the session's end as CANCELLED session_ended.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from tradeworthy.core.agents import Agent, Context, on
from tradeworthy.core.events import Event, Resumed, SessionEnded, WokeUp
from tradeworthy.execution.accounting import Settled
from tradeworthy.execution.intents import Policy, TimeInForce
from tradeworthy.execution.latency import Latency
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.matching import Claims, Match, Plan
from tradeworthy.execution.orders import (
    CancelOrder,
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
)
from tradeworthy.execution.reasons import Reason
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.venue_state import Group, Resting, VenueState
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted
from tradeworthy.market.listing import Listing
from tradeworthy.market.predictions import MarketClosed, MarketResolved

ARRIVE, CANCEL = "arrive", "cancel"


class PaperVenue(Agent, ABC):
    """The part named `paper-executor`. `ledger` is read for reduce-only; fills reach it as events."""

    state: VenueState

    def __init__(
        self, settings: PaperVenueSettings, listing: Listing, ledger: Ledger, state: VenueState
    ) -> None:
        super().__init__("paper-executor", state)
        self._settings = settings
        self._listing = listing
        self._ledger = ledger
        self._latency = Latency(settings)

    # What a kind of venue says

    @abstractmethod
    def _arrive(self, members: list[Resting], context: Context) -> list[Event]:
        """Give orders that reached the venue their first chance to trade."""

    @abstractmethod
    def _take(self, resting: Resting, match: Match, context: Context) -> None:
        """Note that `match` used up size."""

    @abstractmethod
    def _reference_ticks(self, order: PlaceOrder) -> int | None:
        """A price for the smallest notional of an order without limit, if there is one."""

    @abstractmethod
    def _forget(self, instrument: str) -> None:
        """Drop what is remembered of an instrument's prices."""

    def _waits_for_bar(self) -> bool:
        """Whether orders first trade when a bar is admitted, rather than when they arrive."""
        return False

    def _take_back(self, resting: Resting, context: Context) -> list[Event]:
        """A cancel reached the venue."""
        return self._end_with(resting, resting.cancel_reason, context.now)

    # What is asked of it

    @on(PlaceOrder)
    def place(self, order: PlaceOrder, context: Context) -> list[Event]:
        """Accept or reject an order, and let it (or its group, once complete) begin."""
        joint = order.group_size > 1 and order.group_policy == Policy.ALL_OR_NONE
        refusal = self._refusal(order)
        answers: list[Event] = []
        if refusal is None:
            self._hold(order, context, joint=joint)
            answers.append(OrderObserved(order.order, OrderStatus.ACCEPTED, context.now))
        else:
            answers.append(OrderObserved(order.order, OrderStatus.REJECTED, context.now, refusal))
        if not joint:
            return answers if refusal else answers + self._begin([order.order], context)
        group = self.state.groups.setdefault(order.group, Group())
        group.told += 1
        if refusal is None:
            group.members.append(order.order)
        else:
            group.broken = True
        if group.told < order.group_size:
            return answers
        if not group.broken:
            return answers + self._begin(group.members, context)
        members = [self.state.orders[member] for member in group.members]
        answers += (self._end(member, Reason.GROUP_INCOMPLETE, context.now) for member in members)
        self.state.groups.pop(order.group, None)
        return answers

    @on(CancelOrder)
    def cancel(self, command: CancelOrder, context: Context) -> list[Event]:
        """Take an order back once the cancel is there; one that is over already stays as it ended."""
        resting = self.state.orders.get(command.order)
        if resting is None or resting.cancel_at:
            return []
        resting.cancel_at = context.now + self._latency.ns
        resting.cancel_reason = command.reason
        if not self._latency.ns:
            return self._take_back(resting, context)
        context.wake_at(resting.cancel_at, f"{CANCEL}/{command.order}")
        return []

    @on(WokeUp)
    def wake(self, event: WokeUp, context: Context) -> list[Event]:
        """An order or a cancel reached the venue."""
        what, _, order = event.key.partition("/")
        resting = self.state.orders.get(order)
        if resting is None:
            return []
        if what == CANCEL:
            return self._take_back(resting, context)
        return self._arrive(self._together(resting), context)

    @on(FillObserved)
    def see_booked(self, fill: FillObserved, _: Context) -> None:
        """The ledger, earlier in line, has booked this fill."""
        key = f"{fill.desk}/{fill.position}"
        unbooked = self.state.unbooked
        left = unbooked.get(key, 0) - fill.side.sign * fill.lots
        if left:
            unbooked[key] = left
        else:
            unbooked.pop(key, None)

    @on(Resumed)
    def resume(self, _: Resumed, context: Context) -> list[Event]:
        """End every order: nobody knows what the market did in the gap."""
        return [
            self._end(resting, Reason.RESTART, context.now) for resting in list(self.state.orders.values())
        ]

    @on(SessionEnded)
    def end_session(self, _: SessionEnded, context: Context) -> list[Event]:
        """End every order, and take no more: no price will come that could fill them."""
        self.state.ended = True
        return [
            self._end(resting, Reason.SESSION_ENDED, context.now)
            for resting in list(self.state.orders.values())
        ]

    @on(Settled)
    def settle(self, event: Settled, context: Context) -> list[Event]:
        """End the orders of an instrument that paid out, and forget its prices."""
        self._forget(event.instrument)
        return self._end_all(event.instrument, Reason.MARKET_SETTLED, context)

    @on(MarketClosed, MarketResolved)
    def close(self, event: MarketClosed | MarketResolved, context: Context) -> list[Event]:
        """End the orders of the market's tokens, and take no more."""
        listed = self._listing.state.instruments.values()
        tokens = [one.id for one in listed if one.market == event.market]
        over = isinstance(event, MarketResolved)
        reason = Reason.MARKET_SETTLED if over else Reason.MARKET_CLOSED
        made: list[Event] = []
        for token in tokens:
            self.state.shut[token] = reason
            made += self._end_all(token, reason, context)
        return made

    @on(InstrumentDelisted)
    def delist(self, event: InstrumentDelisted, context: Context) -> list[Event]:
        """End the orders of an instrument that is gone, and forget it."""
        self._forget(event.instrument)
        self.state.shut.pop(event.instrument, None)
        return self._end_all(event.instrument, Reason.UNKNOWN_INSTRUMENT, context)

    @on(InstrumentChanged)
    def retick(self, event: InstrumentChanged, context: Context) -> list[Event]:
        """With another tick, end the orders whose limit counts the old ones."""
        name = event.instrument.id
        if not self._listing.is_reticked(name, context.seq):
            return []
        return self._end_all(name, Reason.TICK_CHANGED, context, limited=True)

    def _end_all(
        self, instrument: str, reason: Reason, context: Context, *, limited: bool = False
    ) -> list[Event]:
        """End the instrument's orders (`limited`: those with a limit), with their groups."""
        made: list[Event] = []
        for order in list(self.state.working.get(instrument, ())):
            resting = self.state.orders.get(order)
            if resting and not (limited and resting.place.limit_ticks is None):
                made += self._end_with(resting, reason, context.now)
        return made

    # How

    def _refusal(self, order: PlaceOrder) -> Reason | None:
        """Why no venue would take the order; the smallest sizes don't bind orders that only reduce."""
        if self.state.ended:
            return Reason.SESSION_ENDED
        instrument = self._listing.state.instruments.get(order.instrument)
        if instrument is None:
            return Reason.UNKNOWN_INSTRUMENT
        if order.instrument in self.state.shut:
            return self.state.shut[order.instrument]
        scale = self._listing.scale(order.instrument)
        if order.limit_ticks is not None and not 1 <= order.limit_ticks <= scale.ticks_max:
            return Reason.PRICE_OUT_OF_RANGE
        smallest = 1 if order.reduce_only else instrument.lots_min
        if not smallest <= order.lots <= scale.lots_max:
            return Reason.LOTS_OUT_OF_RANGE
        if scale.notional_min and not order.reduce_only:
            ticks = order.limit_ticks or self._reference_ticks(order)
            if ticks is not None and scale.cost(ticks, order.lots) < scale.notional_min:
                return Reason.NOTIONAL_BELOW_MIN
        return None

    def _hold(self, order: PlaceOrder, context: Context, *, joint: bool) -> None:
        latency = self._latency.drawn_ns(context, str(order.group) if joint else order.order)
        state = self.state
        state.orders[order.order] = Resting(order, order.lots, context.now + latency, joint)
        working = state.working.get(order.instrument)
        if working is None:
            state.working[order.instrument] = [order.order]
        else:
            working.append(order.order)

    def _begin(self, orders: Sequence[str], context: Context) -> list[Event]:
        if self._waits_for_bar():
            return []
        members = [self.state.orders[order] for order in orders]
        eligible_at = members[0].eligible_at
        if eligible_at <= context.now:
            return self._arrive(members, context)
        context.wake_at(eligible_at, f"{ARRIVE}/{orders[0]}")
        return []

    def _together(self, resting: Resting) -> list[Resting]:
        """The order, or all of its all-or-none group."""
        if not resting.joint:
            return [resting]
        return [self.state.orders[order] for order in self.state.groups[resting.place.group].members]

    def _wanted(self, resting: Resting, claims: Claims) -> int:
        """Lots that the order may trade now."""
        place = resting.place
        if not place.reduce_only:
            return resting.left
        key = f"{place.desk}/{place.position}"
        held = self._ledger.position(place.desk, place.position).lots
        held += self.state.unbooked.get(key, 0) + claims.positions.get(key, 0)
        return max(0, min(resting.left, -held * place.side.sign))

    def _judge(
        self, members: list[Resting], plan_one: Callable[[Resting, Claims], Plan], context: Context
    ) -> list[Event]:
        """Plan the order, or all of its group, and let them trade if the group allows it."""
        made: list[Event] = []
        claims = Claims()
        if not members[0].joint:
            (resting,) = members
            plan = plan_one(resting, claims)
            self._apply(resting, plan, made, context)
            return made
        plans = []
        for resting in members:
            plan = plan_one(resting, claims)
            claims.move(resting.place, plan.lots)
            plans.append(plan)
        if all(plan.whole for plan in plans):
            for resting, plan in zip(members, plans, strict=True):
                self._apply(resting, plan, made, context)
        elif all(
            resting.place.time_in_force is TimeInForce.GTC and plan.short is not Reason.MAKER_MISSED
            for resting, plan in zip(members, plans, strict=True)
        ):
            for resting in members:
                resting.arrived = True
        else:
            for resting, plan in zip(list(members), plans, strict=True):
                made.append(self._end(resting, plan.short or Reason.GROUP_INCOMPLETE, context.now))
        return made

    def _apply(self, resting: Resting, plan: Plan, made: list[Event], context: Context) -> None:
        """Report the plan's fills, and the end of an order that has no more to wait for."""
        resting.arrived = True
        ts = context.now
        for match in plan.matches:
            made.append(self._fill(resting, match))
            self._take(resting, match, context)
            ts = match.ts
        if not resting.left:
            made.append(self._end(resting, Reason.FILLED, ts))
        elif plan.clipped and (plan.whole or not plan.wanted):
            made.append(self._end(resting, Reason.NOTHING_TO_REDUCE, ts))
        elif resting.place.time_in_force is not TimeInForce.GTC or plan.short is Reason.MAKER_MISSED:
            made.append(self._end(resting, plan.short or Reason.NO_LIQUIDITY, ts))

    def _fill(self, resting: Resting, match: Match) -> FillObserved:
        place = resting.place
        scale = self._listing.scale(place.instrument)
        resting.left -= match.lots
        resting.fills += 1
        key = f"{place.desk}/{place.position}"
        self.state.unbooked[key] = self.state.unbooked.get(key, 0) + place.side.sign * match.lots
        return FillObserved(
            venue=scale.instrument.venue,
            fill=f"{place.order}/{resting.fills}",
            order=place.order,
            desk=place.desk,
            position=place.position,
            instrument=place.instrument,
            side=place.side,
            ticks=match.ticks,
            lots=match.lots,
            fee=scale.fee(match.ticks, match.lots, maker=match.maker),
            maker=match.maker,
            ts_event=match.ts,
            status=FillStatus.CONFIRMED,
            reason=place.reason,
        )

    def _end_with(self, resting: Resting, reason: str, now: int) -> list[Event]:
        """End the order, and with it its all-or-none group, all for one reason."""
        return [self._end(one, reason, now) for one in self._together(resting)]

    def _end(self, resting: Resting, reason: str, now: int) -> OrderObserved:
        """Forget the order and report its end."""
        state, place = self.state, resting.place
        del state.orders[place.order]
        working = state.working[place.instrument]
        working.remove(place.order)
        if not working:
            del state.working[place.instrument]
        if resting.joint:
            members = state.groups[place.group].members
            members.remove(place.order)
            if not members:
                del state.groups[place.group]
        status = OrderStatus.CANCELLED
        if reason == Reason.FILLED:
            status = OrderStatus.FILLED
        elif reason == Reason.INTENT_EXPIRED:
            status = OrderStatus.EXPIRED
        return OrderObserved(place.order, status, now, reason)
