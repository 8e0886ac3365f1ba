"""The position manager: it decides on what the engine says, and keeps each row's books.

It acts at a bar's close, at most once for each bar and row, and not while an action of the row is under way.
"""

from __future__ import annotations

from collections.abc import Callable

from tradeworthy.core.agents import Agent, Answer, Context, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend import booking
from tradeworthy.desks.uptrend.attention import Attention, hear_signal, see_point
from tradeworthy.desks.uptrend.closure import summary_of
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.events import EngineJudged, PositionsAllocated, SignalTaken
from tradeworthy.desks.uptrend.gates import judged
from tradeworthy.desks.uptrend.holdings import (
    Holding,
    Pending,
    begin_trade,
    end_trade,
    forget_trade,
    see,
    take_fill,
    taken_over,
    watch,
)
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Stage, Status, part_name
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.planning import HOLD, View, plan
from tradeworthy.desks.uptrend.regime import Regime
from tradeworthy.desks.uptrend.sizing import TOO_SMALL, Books, Read, cap_now, order_of
from tradeworthy.desks.uptrend.surroundings import ManagerState, Surroundings, figures_of
from tradeworthy.desks.uptrend.thresholds import SECOND_NS, Thresholds
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.execution.accounting import Opened
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.ledger import candidate_of
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.learning.events import Override, Scope
from tradeworthy.learning.lookup import strength
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.skew import SkewTable
from tradeworthy.market.arithmetic import whole_lots
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.ticks import PricePoint

PART = "position-manager"

POOL_SEEN = "pool_seen"
ROW_NOT_TRADED, WARMING_UP, UNDER_WAY, ACTED = (
    "row_not_traded",
    "warming_up",
    "action_under_way",
    "bar_acted_on",
)
"""Reasons why a bar is not acted on; the others are planning's."""

FIRST_BUY, TAKEN_OVER, TRADE_CLOSED, FILL_FAILED = "first_buy", "taken_over", "trade_closed", "fill_failed"
"""Why a row's status changes."""

ACTION, CLOSED, REFRESH = "action", "closed", "refresh"
"""Why a row's books are told."""


class PositionManager(Agent):
    """The part named `position-manager`: the only one of the desk that trades, and that closes a row's trade.

    `overrides` gives those that hold now. They and the exposure multiply what is bought, never what is sold.
    """

    state: ManagerState

    def __init__(
        self,
        desk: str,
        settings: UptrendSettings,
        parts: DeskParts,
        trader: Trader,
        thresholds: Thresholds,
        regime: Regime,
        overrides: Callable[[], tuple[Override, ...]],
        learning: LearningSettings,
    ) -> None:
        super().__init__(part_name(desk, PART), ManagerState(), desk)
        self._settings, self._parts, self._trader = settings.manager, parts, trader
        self._around = Surroundings(desk, settings.manager, parts, trader, thresholds, regime)
        self._overrides, self._learning = overrides, learning

    # What the desk's other parts read

    def holding(self, key: str) -> Holding | None:
        """The books of the row of that key, to be read, or None."""
        return self.state.holdings.get(key)

    def lots(self, key: str) -> int:
        """What the row's open trade holds, with what a buy under way may add."""
        holding, pending = self.state.holdings.get(key), self.state.pending.get(key)
        coming = pending.lots if pending and pending.action.buys else 0
        return (holding.lots if holding else 0) + coming

    def scope_of(self, row: RowState, payload: Payload) -> Scope:
        """The circumstances of a decision on `row` at the payload's bar, in the words of lessons."""
        return self._around.scope(row, self._around.levers(row, payload, self.state))

    @on(PricePoint)
    def see_point(self, point: PricePoint, _: Context) -> str:
        """Keep what is known of the pool."""
        see_point(self.state.tokens.setdefault(point.instrument, Attention()), point)
        return POOL_SEEN

    @on(SignalTaken)
    def hear_signal(self, taken: SignalTaken, context: Context) -> None:
        """Keep what is said of the token."""
        if taken.desk == self.desk and not taken.blocked:
            hear_signal(self.state.tokens.setdefault(taken.instrument, Attention()), taken, context.now)

    @on(BarClosed)
    def watch(self, bar: BarClosed, context: Context) -> list[Event] | None:
        """Follow the price of what is held, and tell its worth from time to time."""
        made: list[Event] = []
        for timeframe in TIMEFRAMES:
            holding = self.state.holdings.get(Row(bar.instrument, timeframe).key)
            if holding is None or not holding.trade:
                continue
            if timeframe == bar.timeframe:
                watch(holding, bar.low, bar.high)
            due = context.now - holding.refreshed_ts >= self._settings.refresh_every_s * SECOND_NS
            row = self._trader.row(holding.position)
            if due and row is not None:
                made.append(self._booked(row, holding, REFRESH, context.now))
        return made or None

    @on(Opened)
    def take_over(self, event: Opened, context: Context) -> None:
        """Go on with the positions of the run before this one, each as a trade that began at its cost."""
        self.state.holdings |= taken_over(self.desk, event.positions)

    @on(PositionsAllocated)
    def tell_of(self, event: PositionsAllocated, context: Context) -> list[Event] | None:
        """Say of what was taken over that it is held, as soon as it has its row."""
        made: list[Event] = []
        for one in event.rows if event.desk == self.desk else ():
            holding, row = self.state.holdings.get(one.position), self._trader.row(one.position)
            if holding and row and (said := self._announce(row, holding, TAKEN_OVER)):
                made += [*said, self._booked(row, holding, REFRESH, context.now)]
        return made or None

    # One bar of a row

    @on(EngineJudged)
    def judge(self, event: EngineJudged, context: Context) -> Answer:
        """Close the row's trade, ask for one action, or say why there is none."""
        if event.desk != self.desk:
            return None
        row, payload, now = self._trader.row(event.position), event.payload, context.now
        if row is None or row.status not in {Status.WATCHLIST, Status.ACTIVE}:
            return ROW_NOT_TRADED
        holding = self._holding(row.position, row.instrument)
        see(holding, payload, now)
        if payload.warmup:
            return WARMING_UP
        if self._is_under_way(row, payload):
            return UNDER_WAY
        if self._is_over(row, holding, now):
            return self._close(row, holding, now)
        if payload.bar_ts <= holding.acted_ts:
            return ACTED
        return self._act(row, holding, payload, now)

    def _is_under_way(self, row: RowState, payload: Payload) -> bool:
        """Whether an action waits for its verdict; one that was lost with a withheld packet is given up."""
        pending = self.state.pending.get(row.position)
        if pending is None:
            return False
        if pending.candidate and self._parts.orders.working(self.desk, row.instrument):
            return True
        if pending.bar_ts >= payload.bar_ts:
            return True
        del self.state.pending[row.position]
        self.state.candidates.pop(pending.candidate, None)
        return False

    def _act(self, row: RowState, holding: Holding, payload: Payload, now: int) -> Event | str:
        """The candidate of the one action that is due, or why none is."""
        manager = self._settings
        tuned = self._overrides() if manager.tuning_overrides else ()
        at_rest = payload.state is not Stage.S0 or not holding.lots
        if at_rest and not payload.has_flag and not (tuned and payload.state in {Stage.S1, Stage.S3}):
            return HOLD
        lever = self._around.levers(row, payload, self.state)
        scope, read = self._around.scope(row, lever), self._around.read(row, now, lever.a)
        gates = judged(payload, tuned, scope, self._learning)
        books = Books(holding.spent, holding.extracted, self._around.value(holding), row.cap)
        length = TIMEFRAMES_NS[row.timeframe]
        action = plan(View(payload, gates, holding, books, lever.a, lever.e, manager, read, length))
        if isinstance(action, str):
            return action
        holding.acted_ts = payload.bar_ts
        pending = Pending(
            key=f"{self.desk}/{row.position}/{payload.bar_ts}",
            action=action,
            state=payload.state,
            bar_ts=payload.bar_ts,
            price=payload.price,
            a=lever.a,
            e=lever.e,
            scope=scope,
            signals=booking.signals_of(payload, gates),
            lots=0,
            size_frac=action.size_frac,
            atr=payload.atr,
            sr_level=payload.sr_level,
        )
        if action.buys:
            return self._buy(row, pending, read)
        holding.exit_tried = holding.exit_tried or payload.state is Stage.S0
        return self._sell(row, holding, pending)

    def _sell(self, row: RowState, holding: Holding, pending: Pending) -> Event:
        """A candidate to sell the action's share of what is held."""
        most = self._parts.listing.scale(row.instrument).lots_max
        pending.lots = min(whole_lots(holding.lots * pending.size_frac, 1, 1), holding.lots, most)
        figures = figures_of(pending, {"lots": pending.lots, "lots_held": holding.lots})
        if not pending.lots:
            return Candidate(pending.action.kind, row.instrument, figures, TOO_SMALL)
        return self._ask(row, pending, Side.SELL, figures)

    def _buy(self, row: RowState, pending: Pending, read: Read) -> Event:
        """A candidate to buy the action's share of the cap, within all that bounds it."""
        action, manager, parts = pending.action, self._settings, self._parts
        equity = self._around.equity()
        pattern, scope = action.pattern_key, pending.scope
        if manager.strength_overrides:
            found = strength(self._overrides(), pattern, action.category, scope, self._learning)
            pending.strength = found.multiplier
        if manager.exposure_skew:
            table = SkewTable(self._around.exposed(equity, self.state), self._learning)
            pending.skew = table.skew(pattern, scope, excluding=row.position)
        pending.size_frac = min(1.0, max(0.0, action.size_frac * pending.strength * pending.skew))
        scale, price = parts.listing.scale(row.instrument), parts.marks.price(row.instrument)
        ticks = self._around.ticks_of_buy(scale, pending.price if price is None else price)
        cap = cap_now(row.cap, row.allocation_pct, equity)
        room, wanted = self._around.room(row, cap, self.state, read), round(cap * pending.size_frac)
        order = order_of(scale, ticks, wanted, room)
        pending.lots, pending.reserved = order.lots, order.notional + scale.fee_max(ticks, order.lots)
        figures = figures_of(
            pending,
            {
                "cap": cap,
                "wanted": wanted,
                "row_left": room.row,
                "token_left": room.token,
                "pool_max": room.pool,
                "equity": equity,
                "notional": order.notional,
                "lots": order.lots,
            },
        )
        if order.word:
            return Candidate(action.kind, row.instrument, figures, order.word)
        return self._ask(row, pending, Side.BUY, figures)

    def _ask(self, row: RowState, pending: Pending, side: Side, figures: dict[str, Figure]) -> TradeCandidate:
        self.state.pending[row.position] = pending
        leg = Leg(row.instrument, side, pending.lots, position=row.position)
        intent = Intent(
            (leg,),
            reduce_only=side is Side.SELL,
            reason=pending.action.signal,
            dedupe_key=pending.key,
            strategy=row.timeframe,
        )
        return TradeCandidate(pending.action.kind, row.instrument, figures, intent=intent)

    # What becomes of an action

    @on(TradeCandidate)
    def hear_back(self, candidate: TradeCandidate, context: Context) -> None:
        """Learn the number of a candidate of its own; one that risk refused is not open any more by now."""
        legs = candidate.intent.legs
        pending = self.state.pending.get(legs[0].position) if legs else None
        if pending is not None and candidate.intent.dedupe_key == pending.key:
            pending.candidate = context.seq
            self.state.candidates[context.seq] = legs[0].position

    @on(FillObserved)
    def fill(self, event: FillObserved, context: Context) -> list[Event] | None:
        """Book what moved the ledger under a row's key, whoever asked for it."""
        if event.desk != self.desk or not self._parts.ledger.booked_at(context.seq):
            return None
        key, now = event.position, context.now
        holding, pending = self._holding(key, event.instrument), self.state.pending.get(key)
        if pending is not None and pending.candidate != candidate_of(event.order):
            pending = None
        self._book(holding, pending, event, now)
        row, made = self._trader.row(key), list[Event]()
        if row is None:
            return None
        if holding.trade and min(holding.spent, holding.lots_bought) <= 0:
            forget_trade(holding)
            made.append(booking.status_changed(self.desk, row, row.status, holding, FILL_FAILED))
        made += self._announce(row, holding, FIRST_BUY)
        if pending is None:
            made.append(self._booked(row, holding, ACTION, now))
        return made

    def _book(self, holding: Holding, pending: Pending | None, event: FillObserved, now: int) -> None:
        scale, back = self._parts.listing.scale(event.instrument), event.status is FillStatus.FAILED
        notional, sign = scale.cost(event.ticks, event.lots), -1 if back else 1
        if pending is not None:
            pending.filled += sign * event.lots
            pending.notional += sign * notional
            pending.fee += sign * event.fee
        if holding.trade or (event.side is Side.BUY and not back):
            if not holding.trade:
                begin_trade(holding, self.desk, now, scale.price_float(event.ticks))
                if pending is not None:
                    holding.entry_atr, holding.scope = pending.atr, pending.scope
                    holding.entry_decision = str(pending.action.decision)
            take_fill(holding, event.side, sign * event.lots, sign * notional, sign * event.fee)
            holding.last_exit_ts = now if event.side is Side.SELL else holding.last_exit_ts
        elif event.side is Side.SELL and back:
            # A sale of a trade that is closed never was: what it left is a new trade, at what it was said to bring.
            begin_trade(holding, self.desk, now, scale.price_float(event.ticks))
            take_fill(holding, Side.BUY, event.lots, notional, -event.fee)
        else:
            holding.dust -= event.lots
            holding.realised += notional + (event.fee if back else -event.fee)

    @on(Verdict)
    def finish(self, verdict: Verdict, context: Context) -> list[Event] | None:
        """Put the action on record, executed or failed, and close the trade where S0 waits for it."""
        key = self.state.candidates.pop(verdict.candidate, "")
        if not key:
            return None
        pending, holding, row = self.state.pending.pop(key), self.state.holdings[key], self._trader.row(key)
        if row is None:
            return None
        if pending.filled > 0:
            booking.remember(holding, pending)
        value = self._parts.listing.scale(row.instrument).lot_value
        taken = booking.action_taken(
            self.desk, row, holding, pending, error=verdict.reason or str(verdict.outcome), lot_value=value
        )
        made: list[Event] = [taken]
        if pending.filled > 0:
            made.append(self._booked(row, holding, ACTION, context.now))
        if self._is_over(row, holding, context.now):
            made += self._close(row, holding, context.now)
        return made

    def _is_over(self, row: RowState, holding: Holding, now: int) -> bool:
        """Whether S0 ends the row's trade: nothing is held, or dust that could not be sold."""
        if holding.state is not Stage.S0 or not holding.trade:
            return False
        dust = self._around.read(row, now)("dust_usd", self._settings.dust_usd) * CASH_UNIT
        return holding.lots <= 0 or (holding.exit_tried and self._around.value(holding) <= dust)

    def _close(self, row: RowState, holding: Holding, now: int) -> list[Event]:
        """The end of the row's trade: its summary, its status, its books."""
        read, manager = self._around.read(row, now), self._settings
        why = holding.exit_reason or holding.last_signal or str(Stage.S0)
        summary = summary_of(
            holding,
            lot_value=self._parts.listing.scale(row.instrument).lot_value,
            floor=read("drawdown_floor", manager.drawdown_floor),
            rr_max=read("rr_max", manager.rr_max),
            exit_reason=why,
            now=now,
        )
        made: list[Event] = [booking.closed(self.desk, row, holding, summary, exit_reason=why, now=now)]
        end_trade(holding)
        made.append(booking.status_changed(self.desk, row, Status.ACTIVE, holding, TRADE_CLOSED))
        made.append(self._booked(row, holding, CLOSED, now))
        return made

    # How

    def _holding(self, key: str, instrument: str) -> Holding:
        return self.state.holdings.setdefault(key, Holding(key, instrument))

    def _announce(self, row: RowState, holding: Holding, reason: str) -> list[Event]:
        """Say once of each trade that its row is active."""
        if not holding.trade or holding.announced:
            return []
        holding.announced = True
        return [booking.status_changed(self.desk, row, row.status, holding, reason)]

    def _booked(self, row: RowState, holding: Holding, why: str, now: int) -> Event:
        holding.refreshed_ts = now
        lot_value = self._parts.listing.scale(row.instrument).lot_value
        value, status = self._around.value(holding), Status.ACTIVE if holding.trade else Status.WATCHLIST
        return booking.booked(self.desk, row, holding, why, status=status, value=value, lot_value=lot_value)
