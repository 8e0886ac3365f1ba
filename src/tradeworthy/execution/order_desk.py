"""The part named `orders`: it turns approved intents into orders, and what becomes of these into verdicts."""

from __future__ import annotations

from collections.abc import Iterable

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Resumed, WokeUp
from tradeworthy.execution.intents import Intent, IntentProposed, TradeCandidate
from tradeworthy.execution.leg_policies import Work, follow, is_sound, place_legs
from tradeworthy.execution.order_state import OrderRecord, observe, take_fill
from tradeworthy.execution.orders import (
    CancelOrder,
    CancelWorking,
    FillObserved,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
    Reconciled,
)
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.instruments import InstrumentChanged
from tradeworthy.market.listing import Listing

EXPIRY = "expiry"
"""The timer of the intent that expires first."""


class OrderDeskState(State):
    """Intents that wait for their decision and those at work, by candidate, and orders whose fate is unknown.

    `busy` counts legs at work by `desk/instrument`; `expiry_at` is when the timer is set for (0: not set).
    """

    waiting: dict[int, Intent] = {}
    works: dict[int, Work] = {}
    unknown: dict[str, int] = {}
    busy: dict[str, int] = {}
    expiry_at: int = 0


class OrderDesk(Agent):
    """Keeps each intent until `decider` decides on its candidate, and an approved one up to its one Verdict.

    While an order's fate is UNKNOWN no entry is sent to its venue: a position may be there that nobody counts. Other
    venues go on: what the order may cost stays reserved until its candidate's verdict.
    """

    state: OrderDeskState

    def __init__(self, listing: Listing, decider: str = "risk-guardian") -> None:
        super().__init__("orders", OrderDeskState())
        self._listing = listing
        self._decider = decider

    def working(self, desk: str, instrument: str) -> bool:
        """Whether a leg of `desk` for `instrument` was sent and its candidate has no verdict yet."""
        busy = self.state.busy
        return bool(busy) and f"{desk}/{instrument}" in busy

    def order(self, order: str) -> OrderRecord | None:
        """The record of an order whose candidate has no verdict yet."""
        work = self._work_of(order)
        return work.orders.get(order) if work else None

    @on(TradeCandidate)
    def keep(self, candidate: TradeCandidate, context: Context) -> None:
        """Hold the intent until its decision."""
        if not candidate.skip:
            self.state.waiting[context.seq] = candidate.intent

    @on(IntentProposed)
    def keep_proposed(self, proposed: IntentProposed, _: Context) -> None:
        """The same for a candidate that another part of the desk opened; Bug if it has an intent already."""
        candidate = proposed.candidate
        if candidate in self.state.waiting or candidate in self.state.works:
            raise Bug(f"{proposed.desk} proposed a second intent for candidate {candidate}: one each")
        self.state.waiting[candidate] = proposed.intent

    @on(Decision)
    def decide(self, decision: Decision, context: Context) -> Event | Iterable[Event] | None:
        """Send the orders of an approved intent, or say why they can't be sent."""
        if decision.by != self._decider:
            return None
        state = self.state
        intent = state.waiting.pop(decision.candidate, None)
        if not decision.approved:
            return None
        if intent is None:
            raise Bug(f"{decision.by} approved candidate {decision.candidate}, which has no intent waiting")
        refusal = self._refusal(intent, context.now)
        if refusal is not None:
            outcome, reason = refusal
            return Verdict(decision.candidate, decision.desk, outcome, reason)
        work = state.works[decision.candidate] = Work(decision.candidate, decision.desk, intent)
        for leg in intent.legs:
            key = f"{work.desk}/{leg.instrument}"
            state.busy[key] = state.busy.get(key, 0) + 1
        if intent.expires_at:
            self._arm(intent.expires_at, context)
        return place_legs(work)

    @on(PlaceOrder)
    def check_sent(self, order: PlaceOrder, _: Context) -> None:
        """Bug unless the order is an approved intent's: nothing reaches a venue that was not decided on."""
        work = self.state.works.get(order.candidate)
        if work is None or order.order not in work.orders:
            raise Bug(
                f"order {order.order} of {order.desk} belongs to no approved intent: desks ask, risk decides"
            )

    @on(OrderObserved)
    def hear(self, news: OrderObserved, context: Context) -> Iterable[Event] | None:
        """Take what a venue says of an order; reports of orders that are over are nobody's."""
        work = self._work_of(news.order)
        record = work.orders.get(news.order) if work else None
        if work is None or record is None:
            return None
        if not observe(record, news):
            return None
        if record.status is OrderStatus.UNKNOWN:
            self.state.unknown[news.order] = work.candidate
        elif self.state.unknown:
            self.state.unknown.pop(news.order, None)
        return self._go_on(work, context) if record.ended else None

    @on(FillObserved)
    def fill(self, fill: FillObserved, context: Context) -> Iterable[Event] | None:
        """Count a fill of an order at work; what comes after its verdict is the ledger's alone."""
        work = self._work_of(fill.order)
        record = work.orders.get(fill.order) if work else None
        if work is None or record is None:
            return None
        notional = self._listing.scale(fill.instrument).cost(fill.ticks, fill.lots)
        if not take_fill(record, fill, notional):
            return None
        return self._go_on(work, context) if record.ended else None

    @on(CancelWorking)
    def cancel_working(self, event: CancelWorking, _: Context) -> list[Event]:
        """Take back working entries; their intents open nothing more, and short ones unwind."""
        cancels: list[Event] = []
        for work in self.state.works.values():
            if event.desk in ("", work.desk) and not work.intent.reduce_only:
                work.barred = work.barred or event.reason
                cancels += _cancel(work, event.reason)
        return cancels

    @on(InstrumentChanged)
    def retick(self, event: InstrumentChanged, context: Context) -> list[Event]:
        """Take back the entries with a leg whose ticks count something else now; they open nothing more."""
        changed, cancels = event.instrument.id, list[Event]()
        if not self.state.works or not self._listing.is_reticked(changed, context.seq):
            return cancels
        for work in self.state.works.values():
            legs = (leg.instrument for leg in work.intent.legs)
            if not (work.intent.reduce_only or work.barred) and changed in legs:
                work.barred = Reason.TICK_CHANGED
                cancels += _cancel(work, Reason.TICK_CHANGED)
        return cancels

    @on(WokeUp)
    def expire(self, _: WokeUp, context: Context) -> list[Event]:
        """Take back the orders of intents whose time is over, and wait for the next."""
        cancels: list[Event] = []
        for work in self.state.works.values():
            if 0 < work.intent.expires_at <= context.now and not work.barred:
                work.barred = Reason.INTENT_EXPIRED
                cancels += _cancel(work, Reason.INTENT_EXPIRED)
        self._rearm(context)
        return cancels

    @on(Resumed)
    def resume(self, _: Resumed, context: Context) -> list[Event]:
        """After a gap, what was sent and not answered is UNKNOWN.

        Paper orders need nothing here: the paper venue itself reports them cancelled.
        """
        state = self.state
        for work in state.works.values():
            for name, record in work.orders.items():
                if record.status is OrderStatus.SENT:
                    record.status = OrderStatus.UNKNOWN
                    state.unknown[name] = work.candidate
        self._rearm(context)
        return []

    @on(Reconciled)
    def reconcile(self, event: Reconciled, context: Context) -> list[Event]:
        """End the orders that are UNKNOWN still: they never reached the venue."""
        made: list[Event] = []
        for name, candidate in list(self.state.unknown.items()):
            work = self.state.works[candidate]
            record = work.orders[name]
            if event.venue in ("", self._listing.instrument(record.place.instrument).venue):
                end = OrderStatus.CANCELLED if record.filled else OrderStatus.REJECTED
                made.append(OrderObserved(name, end, event.ts_event, Reason.NOT_AT_VENUE))
        return made

    def _refusal(self, intent: Intent, now: int) -> tuple[Outcome, Reason] | None:
        if 0 < intent.expires_at <= now:
            return Outcome.EXPIRED, Reason.INTENT_EXPIRED
        if not is_sound(intent):
            return Outcome.REJECTED, Reason.BAD_INTENT
        if self.state.unknown and not intent.reduce_only and self._is_unreconciled(intent):
            return Outcome.CANCELLED, Reason.UNRECONCILED
        return None

    def _is_unreconciled(self, intent: Intent) -> bool:
        """Whether a leg goes to a venue at which an order's fate is unknown."""
        state, listed = self.state, self._listing.state.instruments
        orders = (state.works[candidate].orders[name] for name, candidate in state.unknown.items())
        lost = [self._listing.instrument(order.place.instrument).venue for order in orders]
        return any(
            leg.instrument not in listed or listed[leg.instrument].venue in lost for leg in intent.legs
        )

    def _work_of(self, order: str) -> Work | None:
        number = order.partition(".")[0]
        return self.state.works.get(int(number)) if number.isdecimal() else None

    def _go_on(self, work: Work, context: Context) -> Iterable[Event] | None:
        for record in work.orders.values():
            if not record.settled:
                return None
        after = follow(work, context.now, self._listing)
        if not isinstance(after, Verdict):
            return after
        state = self.state
        del state.works[work.candidate]
        for leg in work.intent.legs:
            key = f"{work.desk}/{leg.instrument}"
            state.busy[key] -= 1
            if not state.busy[key]:
                del state.busy[key]
        return (after,)

    def _arm(self, ts: int, context: Context) -> None:
        if not self.state.expiry_at or ts < self.state.expiry_at:
            self.state.expiry_at = ts
            context.wake_at(ts, EXPIRY)

    def _rearm(self, context: Context) -> None:
        self.state.expiry_at = 0
        ahead = [
            work.intent.expires_at
            for work in self.state.works.values()
            if work.intent.expires_at and not work.barred
        ]
        if ahead:
            self._arm(max(context.now, min(ahead)), context)


def _cancel(work: Work, reason: str) -> list[CancelOrder]:
    """Cancels of the orders of `work` that are not over, but for those that unwind it."""
    cancels = []
    for name, record in work.orders.items():
        unwinds = record.place.reduce_only and not work.intent.reduce_only
        if not (record.ended or record.cancelling or unwinds):
            record.cancelling = True
            cancels.append(CancelOrder(name, reason))
    return cancels
