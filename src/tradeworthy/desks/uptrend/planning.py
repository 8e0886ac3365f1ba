"""What is to be done about a row at one bar's close: one action or none, and why (specs/uptrend.md 9.2 to 9.6)."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.gates import Judged
from tradeworthy.desks.uptrend.holdings import Action, Holding
from tradeworthy.desks.uptrend.names import DecisionType, Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.sizing import (
    Books,
    Read,
    cooling,
    entry_multiplier,
    entry_size,
    may_buy,
    may_reclaim,
    trim_multiplier,
    trim_size,
)
from tradeworthy.learning.scopes import pattern_key
from tradeworthy.market.instruments import CASH_UNIT

S1_BUY, BUY, FIRST_DIP, RECLAIM = "buy_signal", "buy_flag", "first_dip_buy_flag", "reclaimed_ema333"
TRIM, EMERGENCY, EXIT = "trim_flag", "emergency_exit", "exit_position"
"""The payload's flags, which are what an action names as its signal."""

KINDS = ("s1_entry", "retest", "dx", "first_dip", "reclaim", "trim", "emergency_exit")
"""The kinds of the manager's candidates."""

HOLD, COOLDOWN, TRIM_TOO_SMALL, BOUGHT = "hold", "trim_cooldown", "trim_too_small", "bought_already"
NO_QUANTITY, NO_EXIT = "no_quantity", "no_exit_to_reclaim"
"""Why there is no action."""


class View(NamedTuple):
    """All that a plan rests on: the engine's word, the gates in force, the row's books, the levers, the thresholds."""

    payload: Payload
    judged: Judged
    holding: Holding
    books: Books
    a: float
    e: float
    settings: ManagerSettings
    read: Read
    bar_ns: int


def plan(view: View) -> Action | str:
    """The first that applies: exit at S0, emergency exit, trim, S1 buy, S2 or S3 buy, reclaim; else why there is none.

    Nothing is sold where nothing is held, and nothing bought on a bar that asks for an exit.
    """
    payload, held = view.payload, view.holding.lots > 0
    if payload.state is Stage.S0 or payload.exit_position:
        return _exit(view, EXIT) if held else NO_QUANTITY
    if payload.emergency_exit:
        return _exit(view, EMERGENCY) if held else NO_QUANTITY
    if payload.trim_flag and held:
        return _trim(view)
    return _buy(view)


def pattern_of(state: Stage, signal: str, decision: DecisionType) -> tuple[str, str]:
    """The pattern key and the category of an action, for lessons and for those who look them up."""
    if decision is DecisionType.EMERGENCY_EXIT:
        return pattern_key(state, "exit"), "exit"
    if decision is DecisionType.TRIM:
        return pattern_key(state, "trim"), "trim"
    motif = {S1_BUY: "entry", FIRST_DIP: "first_dip", RECLAIM: "reclaim"}.get(signal, "")
    if not motif:
        retest = "retest_entry" if decision is DecisionType.ENTRY else "add"
        motif = "dx" if state is Stage.S3 else retest
    return pattern_key(state, motif), str(decision)


def _exit(view: View, signal: str) -> Action:
    """All that is held, whatever learning says."""
    return _action(view, DecisionType.EMERGENCY_EXIT, "emergency_exit", signal, 1.0, {})


def _trim(view: View) -> Action | str:
    payload, settings, read = view.payload, view.settings, view.read
    cooled = cooling(
        read,
        settings,
        view.holding.history.last_trim,
        bar_ts=payload.bar_ts,
        bar_ns=view.bar_ns,
        price=payload.price,
        level=payload.sr_level,
    )
    if not (cooled.expired or cooled.level_moved):
        return COOLDOWN
    multiplier = trim_multiplier(settings, view.books)
    size = min(trim_size(read, settings, view.e) * multiplier, read("trim_max", settings.trim_max))
    # Each trim is a share of what the one before it left: without a least one they would go on down to single lots.
    least = read("dust_usd", settings.dust_usd) * CASH_UNIT
    if view.holding.lots * size < 1 or view.books.value * size < least:
        return TRIM_TOO_SMALL
    reasons: dict[str, Figure] = {
        "trim_multiplier": multiplier,
        "deployed": view.books.deployed,
        "extraction": view.books.extraction,
        "cooldown_expired": cooled.expired,
        "sr_level_changed": cooled.level_moved,
        "sr_level": payload.sr_level,
    }
    return _action(view, DecisionType.TRIM, "trim", TRIM, size, reasons)


def _buy(view: View) -> Action | str:
    payload, judged, state = view.payload, view.judged, view.payload.state
    history, since = view.holding.history, view.holding.since
    if state is Stage.S1 and judged.buy_signal:
        return _entry(view, "s1_entry", S1_BUY) if may_buy(state, history, since) else BOUGHT
    if state not in {Stage.S2, Stage.S3}:
        return HOLD
    first_dip = state is Stage.S3 and payload.first_dip_buy_flag and not view.holding.first_dip_taken
    asked = judged.buy_flag or first_dip
    if asked and may_buy(state, history, since):
        if judged.buy_flag:
            return _entry(view, "dx" if state is Stage.S3 else "retest", BUY)
        return _entry(view, "first_dip", FIRST_DIP)
    if payload.reclaimed_ema333:
        return _entry(view, "reclaim", RECLAIM) if may_reclaim(history) else NO_EXIT
    return BOUGHT if asked else HOLD


def _entry(view: View, kind: str, signal: str) -> Action:
    state, settings = view.payload.state, view.settings
    multiplier = entry_multiplier(settings, state, view.books)
    size = min(1.0, entry_size(view.read, settings, state, view.a) * multiplier)
    decision = DecisionType.ADD if view.holding.trade else DecisionType.ENTRY
    reasons: dict[str, Figure] = {
        "entry_multiplier": multiplier,
        "extraction": view.books.extraction,
        "in_loss": view.books.in_loss,
    }
    return _action(view, decision, kind, signal, size, reasons)


def _action(
    view: View, decision: DecisionType, kind: str, signal: str, size: float, reasons: dict[str, Figure]
) -> Action:
    payload = view.payload
    pattern, category = pattern_of(payload.state, signal, decision)
    grounds: dict[str, Figure] = {
        "flag": signal,
        "state": str(payload.state),
        "a_score": view.a,
        "e_score": view.e,
        "ts_score": payload.ts_with_boost,
        "dx_score": payload.dx,
        "ox_score": payload.ox,
    }
    if payload.exit_reason:
        grounds["exit_reason"] = payload.exit_reason
    return Action(decision, kind, signal, pattern, category, size, grounds | reasons)
