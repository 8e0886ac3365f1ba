"""The batch engine's position manager: the desk's plan and sizes, carried out on the engine's own account."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend import booking
from tradeworthy.desks.uptrend.closure import summary_of
from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.episodes import take_buy
from tradeworthy.desks.uptrend.gates import judged
from tradeworthy.desks.uptrend.holdings import Pending, begin_trade, end_trade, see, take_fill
from tradeworthy.desks.uptrend.names import Stage, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.planning import View, plan
from tradeworthy.desks.uptrend.sizing import TOO_SMALL, Books, Read, cap_now, order_of
from tradeworthy.desks.uptrend.surroundings import figures_of
from tradeworthy.desks.uptrend.uptrend_engine import FIRST_DIP
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.reasons import Reason
from tradeworthy.learning.events import Override
from tradeworthy.learning.lookup import strength
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.skew import SkewTable
from tradeworthy.market.arithmetic import whole_lots
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.proving.parity.uptrend_account import Filled
from tradeworthy.proving.parity.uptrend_around import Around
from tradeworthy.proving.parity.uptrend_rows import Say, Standing

FIRST_BUY, TRADE_CLOSED = "first_buy", "trade_closed"
ACTION, CLOSED = "action", "closed"


class _Asked(NamedTuple):
    """The figures of a buy beside its action's."""

    lots: int
    figures: dict[str, Figure]
    word: str = ""


class Manager:
    """Acts on rows one by one; `overrides` are those that hold."""

    def __init__(
        self, desk: str, settings: ManagerSettings, around: Around, learning: LearningSettings, say: Say
    ) -> None:
        self._desk, self._settings, self._around, self._say = desk, settings, around, say
        self.learning = learning
        self.overrides: tuple[Override, ...] = ()

    def judge(self, one: Standing, payload: Payload, now: int) -> Pending | None:
        """Close the row's trade, or ask for the one action that is due; the action if it is to be carried out."""
        row, holding = one.row, one.holding
        if row.status not in {Status.WATCHLIST, Status.ACTIVE}:
            return None
        see(holding, payload, now)
        if payload.warmup:
            return None
        if self._is_over(one):
            self._close(one, now)
            return None
        if payload.bar_ts <= holding.acted_ts:
            return None
        return self._plan(one, payload)

    def place(self, one: Standing, pending: Pending, now: int) -> None:
        """Send the action's order."""
        side = Side.BUY if pending.action.buys else Side.SELL
        self._around.account.place(one.row.instrument, side, pending.lots, pending.action.signal, now)

    def fill(self, one: Standing, pending: Pending, now: int) -> None:
        """Let the order trade at once, and book what it got."""
        row, holding, account = one.row, one.holding, self._around.account
        side, signal = Side.BUY if pending.action.buys else Side.SELL, pending.action.signal
        made: Filled = account.fill(row.position, row.instrument, side, pending.lots, signal, now)
        if not made.lots:
            return
        pending.filled, pending.notional, pending.fee = made.lots, made.notional, made.fee
        if not holding.trade:
            begin_trade(holding, self._desk, now, account.scales[row.instrument].price_float(made.ticks))
            holding.entry_atr, holding.scope = pending.atr, pending.scope
            holding.entry_decision = str(pending.action.decision)
        take_fill(holding, side, made.lots, made.notional, made.fee)
        if side is Side.SELL:
            holding.last_exit_ts = now
        if not holding.announced:
            holding.announced = True
            self._say(booking.status_changed(self._desk, row, row.status, holding, FIRST_BUY))
            row.status, row.trade = Status.ACTIVE, holding.trade

    def finish(self, one: Standing, pending: Pending, now: int) -> None:
        """Put the action on record, executed or failed, and close the trade where S0 waits for it."""
        row, holding = one.row, one.holding
        del self._around.pending[row.position]
        if pending.filled:
            booking.remember(holding, pending)
        taken = booking.action_taken(
            self._desk, row, holding, pending, error=Reason.NO_LIQUIDITY, lot_value=self._lot_value(one)
        )
        self._say(taken)
        if pending.filled:
            self.tell_books(one, ACTION, now)
            if pending.action.buys:
                take_buy(one.episodes, pending.state, pending.bar_ts, taken.trade)
            if pending.action.pattern_key == FIRST_DIP:
                one.memory = one.memory.without_first_dip()
        if self._is_over(one):
            self._close(one, now)

    def tell_books(self, one: Standing, why: str, now: int) -> None:
        """Say how the row's books stand."""
        row, holding = one.row, one.holding
        holding.refreshed_ts = now
        status = Status.ACTIVE if holding.trade else Status.WATCHLIST
        value = self._around.value(one)
        self._say(
            booking.booked(
                self._desk, row, holding, why, status=status, value=value, lot_value=self._lot_value(one)
            )
        )

    # How

    def _plan(self, one: Standing, payload: Payload) -> Pending | None:
        row, holding, manager, around = one.row, one.holding, self._settings, self._around
        tuned = self.overrides if manager.tuning_overrides else ()
        at_rest = payload.state is not Stage.S0 or not holding.lots
        if at_rest and not payload.has_flag and not (tuned and payload.state in {Stage.S1, Stage.S3}):
            return None
        lever = around.levers(one, payload)
        scope, read = around.scope(one, lever), around.read(row.timeframe, lever.a)
        gates = judged(payload, tuned, scope, self.learning)
        books = Books(holding.spent, holding.extracted, around.value(one), row.cap)
        length = TIMEFRAMES_NS[row.timeframe]
        action = plan(View(payload, gates, holding, books, lever.a, lever.e, manager, read, length))
        if isinstance(action, str):
            return None
        holding.acted_ts = payload.bar_ts
        pending = Pending(
            key=f"{self._desk}/{row.position}/{payload.bar_ts}",
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
        if not action.buys:
            holding.exit_tried = holding.exit_tried or payload.state is Stage.S0
        asked = self._buy(one, pending, read) if action.buys else self._sell(one, pending)
        return self._candidate(one, pending, asked)

    def _sell(self, one: Standing, pending: Pending) -> _Asked:
        held, most = one.holding.lots, self._around.account.scales[one.row.instrument].lots_max
        lots = min(whole_lots(held * pending.size_frac, 1, 1), held, most)
        figures = figures_of(pending, {"lots": lots, "lots_held": held})
        return _Asked(lots, figures, "" if lots else TOO_SMALL)

    def _buy(self, one: Standing, pending: Pending, read: Read) -> _Asked:
        row, action, around = one.row, pending.action, self._around
        equity = around.account.equity()
        if self._settings.strength_overrides:
            found = strength(
                self.overrides, action.pattern_key, action.category, pending.scope, self.learning
            )
            pending.strength = found.multiplier
        if self._settings.exposure_skew:
            table = SkewTable(around.exposed(equity), self.learning)
            pending.skew = table.skew(action.pattern_key, pending.scope, excluding=row.position)
        pending.size_frac = min(1.0, max(0.0, action.size_frac * pending.strength * pending.skew))
        scale = around.account.scales[row.instrument]
        ticks = scale.ticks_of(around.account.last[row.instrument].close, Side.BUY)
        cap = cap_now(row.cap, row.allocation_pct, equity)
        room, wanted = around.room(one, cap, read), round(cap * pending.size_frac)
        order = order_of(scale, ticks, wanted, room)
        pending.reserved = order.notional + scale.fee_max(ticks, order.lots)
        more: dict[str, Figure] = {
            "cap": cap,
            "wanted": wanted,
            "row_left": room.row,
            "token_left": room.token,
            "pool_max": room.pool,
            "equity": equity,
            "notional": order.notional,
            "lots": order.lots,
        }
        return _Asked(order.lots, figures_of(pending, more), order.word)

    def _candidate(self, one: Standing, pending: Pending, asked: _Asked) -> Pending | None:
        """Say the candidate; the action, unless it goes no further."""
        row, action = one.row, pending.action
        pending.lots = asked.lots
        if asked.word:
            self._say(Candidate(action.kind, row.instrument, asked.figures, asked.word))
            return None
        side = Side.BUY if action.buys else Side.SELL
        intent = Intent(
            (Leg(row.instrument, side, asked.lots, position=row.position),),
            reduce_only=side is Side.SELL,
            reason=action.signal,
            dedupe_key=pending.key,
            strategy=row.timeframe,
        )
        self._say(TradeCandidate(action.kind, row.instrument, asked.figures, intent=intent))
        self._around.pending[row.position] = pending
        return pending

    def _is_over(self, one: Standing) -> bool:
        holding = one.holding
        if holding.state is not Stage.S0 or not holding.trade:
            return False
        dust = self._around.read(one.row.timeframe)("dust_usd", self._settings.dust_usd) * CASH_UNIT
        return holding.lots <= 0 or (holding.exit_tried and self._around.value(one) <= dust)

    def _close(self, one: Standing, now: int) -> None:
        row, holding, manager = one.row, one.holding, self._settings
        read = self._around.read(row.timeframe)
        why = holding.exit_reason or holding.last_signal or str(Stage.S0)
        summary = summary_of(
            holding,
            lot_value=self._lot_value(one),
            floor=read("drawdown_floor", manager.drawdown_floor),
            rr_max=read("rr_max", manager.rr_max),
            exit_reason=why,
            now=now,
        )
        self._say(booking.closed(self._desk, row, holding, summary, exit_reason=why, now=now))
        end_trade(holding)
        self._say(booking.status_changed(self._desk, row, Status.ACTIVE, holding, TRADE_CLOSED))
        row.status, row.trade = Status.WATCHLIST, ""
        self.tell_books(one, CLOSED, now)

    def _lot_value(self, one: Standing) -> int:
        return self._around.account.scales[one.row.instrument].lot_value
