"""What the position manager puts on record: actions, books, status and closures, made of what it remembers."""

from __future__ import annotations

from typing import Any

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.closure import average_price
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    PositionBooked,
    PositionClosed,
    PositionStatusChanged,
)
from tradeworthy.desks.uptrend.gates import Judged
from tradeworthy.desks.uptrend.holdings import Deed, Holding, Pending
from tradeworthy.desks.uptrend.names import DecisionType, Stage, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.planning import FIRST_DIP, RECLAIM
from tradeworthy.desks.uptrend.trader import RowState

EXECUTED, FAILED = "executed", "failed"


def signals_of(payload: Payload, judged: Judged) -> dict[str, Figure]:
    """The engine's scores on the bar, with the gates in force."""
    scores: dict[str, Figure] = {
        "TS": payload.ts_score,
        "TS_boosted": payload.ts_with_boost,
        "SR_boost": payload.sr_boost,
        "OX": payload.ox,
        "DX": payload.dx,
        "EDX": payload.edx,
        "price": payload.price,
        "atr": payload.atr,
        "sr_level": payload.sr_level,
        "forced": payload.forced,
    }
    return scores | judged.gates


def remember(holding: Holding, pending: Pending) -> None:
    """Write an executed action into the row's history; an exit leaves the last trim as it was."""
    action, history = pending.action, holding.history
    deed = Deed(pending.bar_ts, pending.price, pending.size_frac, action.signal)
    holding.last_decision, holding.last_signal = str(action.decision), action.signal
    if action.decision is DecisionType.TRIM:
        history.last_trim = Deed(
            deed.timestamp, deed.price, deed.size_frac, deed.signal, sr_level_price=pending.sr_level
        )
    elif action.decision is DecisionType.EMERGENCY_EXIT:
        history.last_emergency_exit = deed
    else:
        _remember_buy(holding, pending, deed)


def _remember_buy(holding: Holding, pending: Pending, deed: Deed) -> None:
    history = holding.history
    holding.pattern_key = pending.action.pattern_key
    if pending.state is Stage.S1:
        history.last_s1_buy = deed
    elif pending.state is Stage.S2:
        history.last_s2_buy = deed
    elif pending.state is Stage.S3:
        history.last_s3_buy = deed
    if pending.action.signal == FIRST_DIP:
        holding.first_dip_taken = True
    if pending.action.signal == RECLAIM:
        history.last_reclaim_buy = Deed(
            deed.timestamp, deed.price, deed.size_frac, deed.signal, reclaimed_at=pending.bar_ts
        )


def action_taken(
    desk: str, row: RowState, holding: Holding, pending: Pending, *, error: str, lot_value: int
) -> ActionTaken:
    """The record of an action that ended: executed if anything of it was filled, else failed with `error`."""
    action, price = pending.action, average_price(pending.notional, pending.filled, lot_value)
    against = 1.0 if action.buys else -1.0
    return ActionTaken(
        desk=desk,
        position=row.position,
        instrument=row.instrument,
        chain=row.chain,
        timeframe=row.timeframe,
        bar_ts=pending.bar_ts,
        decision_type=action.decision,
        state=pending.state,
        signal=action.signal,
        size_frac=pending.size_frac,
        a_value=pending.a,
        e_value=pending.e,
        reasons=action.reasons,
        pattern_key=action.pattern_key,
        action_category=action.category,
        scope=pending.scope,
        signals=pending.signals,
        trade=holding.trade,
        candidate=pending.candidate,
        status=EXECUTED if pending.filled > 0 else FAILED,
        error="" if pending.filled > 0 else error,
        lots=pending.filled,
        notional=pending.notional,
        fee=pending.fee,
        price=price,
        slippage=against * (price / pending.price - 1.0) if pending.filled > 0 and pending.price > 0 else 0.0,
        pm_strength_applied=pending.strength,
        exposure_skew_applied=pending.skew,
        pm_final_multiplier=pending.strength * pending.skew,
        history=holding.history.as_dict(),
    )


def booked(
    desk: str, row: RowState, holding: Holding, why: str, *, status: Status, value: int, lot_value: int
) -> PositionBooked:
    """The row's books as they stand; `value` is what is held at the mark, in cash units."""
    history: dict[str, Any] = holding.history.as_dict()
    return PositionBooked(
        desk=desk,
        position=row.position,
        instrument=row.instrument,
        status=status,
        trade=holding.trade,
        lots=holding.lots,
        lots_bought=holding.lots_bought,
        lots_sold=holding.lots_sold,
        spent=holding.spent,
        extracted=holding.extracted,
        remaining=max(0, row.cap - holding.net_spent),
        value=value,
        realised=holding.realised,
        trades_closed=holding.trades_closed,
        avg_entry=average_price(holding.spent, holding.lots_bought, lot_value),
        avg_exit=average_price(holding.extracted, holding.lots_sold, lot_value),
        first_entry_ts=holding.first_entry_ts,
        why=why,
        history=history,
    )


def status_changed(
    desk: str, row: RowState, before: Status, holding: Holding, reason: str
) -> PositionStatusChanged:
    """The row's status as its trade has it: active with one, on the watchlist without."""
    status = Status.ACTIVE if holding.trade else Status.WATCHLIST
    return PositionStatusChanged(desk, row.position, before, status, reason, row.bars_count, holding.trade)


def closed(
    desk: str, row: RowState, holding: Holding, summary: dict[str, Figure], *, exit_reason: str, now: int
) -> PositionClosed:
    """The record of the trade that is about to be closed."""
    return PositionClosed(
        desk=desk,
        position=row.position,
        instrument=row.instrument,
        chain=row.chain,
        timeframe=row.timeframe,
        trade=holding.trade,
        entry_context=row.entry_context,
        summary=summary,
        rr=float(summary["rr"] or 0.0),
        pnl=holding.extracted - holding.spent,
        exit_reason=exit_reason,
        decision_type=holding.last_decision,
        opened_ts=holding.first_entry_ts,
        closed_ts=now,
    )
