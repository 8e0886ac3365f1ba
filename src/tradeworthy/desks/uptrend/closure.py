"""The result of a trade that S0 ended: what it made, against what it had at risk (specs/uptrend.md 11).

    return = average exit / average entry - 1, both as they were realised, fees included
    rr     = return / drawdown, drawdown = (entry - lowest low while held) / entry,
             at least half the entry's ATR and at least `drawdown_floor`, so that a trade without one is finite

The old missed_entry_rr, (entry - low) / risk, is 1 for every trade and is left out: `could_enter_better` says instead
how many of the entry's ATRs the price went below the entry.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.holdings import Holding
from tradeworthy.market.instruments import CASH_UNIT

DAY_NS = 86_400_000_000_000

_MISSED = ((0.5, 1.0, 2.0), ("none", "small", "medium", "large"))


class Risked(NamedTuple):
    """A trade's return and what it risked, as fractions of the entry, and the first over the second, bounded."""

    gain: float
    drawdown: float
    gain_max: float
    rr: float


def average_price(cash: int, lots: int, lot_value: int) -> float:
    """Cash units over lots as a price; 0 without lots."""
    return cash / (lots * lot_value) if lots > 0 else 0.0


def risked(
    entry: float, leave: float, low: float, high: float, atr: float, *, floor: float, rr_max: float
) -> Risked:
    """The figures of a trade from `entry` to `leave` (average prices, entry above 0), extremes while it was held."""
    gain = leave / entry - 1.0
    fell = max(0.0, (entry - min(low, entry)) / entry)
    drawdown = max(fell, floor, 0.5 * atr / entry)
    gain_max = max(0.0, (max(high, entry) - entry) / entry)
    return Risked(gain, fell, gain_max, max(-rr_max, min(rr_max, gain / drawdown)))


def outcome_class(rr: float) -> str:
    """big_win, small_win, breakeven, small_loss or big_loss."""
    if rr > 2.0:
        return "big_win"
    if rr < -1.0:
        return "big_loss"
    if rr > 0.5:
        return "small_win"
    return "small_loss" if rr < 0.0 else "breakeven"


def missed_class(missed: float) -> str:
    """none, small, medium or large: by how much it could have been better."""
    return _MISSED[1][bisect_right(_MISSED[0], missed)]


def hold_class(days: float) -> str:
    """Short under a week, medium up to thirty days, else long."""
    return "short" if days < 7.0 else "medium" if days <= 30.0 else "long"


def summary_of(
    holding: Holding, *, lot_value: int, floor: float, rr_max: float, exit_reason: str, now: int
) -> dict[str, Figure]:
    """The trade summary of an open trade that bought something, as it is closed at session time `now`.

    Money in units of currency, times in UTC ns. What is left as dust counts as lost.
    """
    entry = average_price(holding.spent, holding.lots_bought, lot_value)
    leave = average_price(holding.extracted, holding.lots_sold, lot_value)
    atr, low = holding.entry_atr, holding.low or entry  # no bar was seen while it was held
    ran = risked(entry, leave, low, holding.high, atr, floor=floor, rr_max=rr_max)
    risk = max(ran.drawdown, floor, 0.5 * atr / entry)
    exit_ts = holding.last_exit_ts or now
    days = (exit_ts - holding.first_entry_ts) / DAY_NS
    missed_exit = max(0.0, (max(holding.high, leave) - leave) / entry / risk)
    below = (entry - min(low, entry)) / atr if atr > 0 else 0.0
    return {
        "trade_id": holding.trade,
        "decision_type": holding.entry_decision,
        "entry_price": entry,
        "exit_price": leave,
        "entry_timestamp": holding.first_entry_ts,
        "exit_timestamp": exit_ts,
        "closed_timestamp": now,
        "return": ran.gain,
        "max_drawdown": ran.drawdown,
        "max_gain": ran.gain_max,
        "risk": risk,
        "rr": ran.rr,
        "pnl_usd": (holding.extracted - holding.spent) / CASH_UNIT,
        "outcome_class": outcome_class(ran.rr),
        "hold_time_days": days,
        "hold_time_class": hold_class(days),
        "time_to_s3": (holding.s3_ts - holding.first_entry_ts) / DAY_NS if holding.s3_ts else None,
        "missed_exit_rr": missed_exit,
        "could_exit_better": missed_class(missed_exit),
        "missed_entry_atr": below,
        "could_enter_better": missed_class(below),
        "exit_reason": exit_reason,
    }
