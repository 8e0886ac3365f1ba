"""Facts: each action of a closed trade with the whole trade's result.

Source: specs/uptrend.md 14. A fact's time is its action's, not that of its making (B25).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tradeworthy.learning.events import ImportedTrade, Scope, TradeFact
from tradeworthy.learning.scopes import DIMENSIONS

UNKNOWN_INTENT = "unknown"


class ActionRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One action as it is on record: `action` is unique within its trade, `ts` its session time (UTC ns).

    `failed` is an execution that came to nothing.
    """

    trade: str
    action: str
    pattern_key: str
    action_category: str
    scope: Scope
    ts: int
    failed: bool = False


class ClosedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One closed trade as it is on record: `rr` is its reward over risk, `pnl_usd` its result."""

    trade: str
    rr: float
    pnl_usd: float
    closed_ts: int
    entry_context: Scope = {}


def facts_of(closed: Iterable[ClosedRecord], actions: Iterable[ActionRecord]) -> list[TradeFact]:
    """One fact for each action that was executed and belongs to one of the closed trades.

    In order of trade, time and action. An action or a trade that comes twice counts once, the first of them; one
    without pattern key or category, or of a trade that is not among the closed, makes none.
    """
    trades: dict[str, ClosedRecord] = {}
    for one in closed:
        trades.setdefault(one.trade, one)
    facts: dict[tuple[str, str], TradeFact] = {}
    for each in actions:
        trade = trades.get(each.trade)
        if trade is None or each.failed or not (each.pattern_key and each.action_category):
            continue
        fact = TradeFact(
            trade=each.trade,
            action=each.action,
            pattern_key=each.pattern_key,
            action_category=each.action_category,
            scope=fact_scope(each.scope, trade.entry_context),
            rr=trade.rr,
            pnl_usd=trade.pnl_usd,
            ts=each.ts,
        )
        facts.setdefault((each.trade, each.action), fact)
    return sorted(facts.values(), key=lambda fact: (fact.trade, fact.ts, fact.action))


def fact_scope(scope: Mapping[str, str], entry_context: Mapping[str, str]) -> Scope:
    """The action's scope with what the entry knew in its place; an intent that nobody gave is unknown.

    Empty values are left out. The dimensions come in their documented order, others behind them by name.
    """
    known = {
        "intent": UNKNOWN_INTENT,
        **{name: value for name, value in scope.items() if value},
        **{name: value for name, value in entry_context.items() if value},
    }
    others = sorted(name for name in known if name not in DIMENSIONS)
    return {name: known[name] for name in (*DIMENSIONS, *others) if name in known}


def records_of(trade: ImportedTrade) -> tuple[ClosedRecord, list[ActionRecord]]:
    """An imported trade as records, its actions named by their place."""
    closed = ClosedRecord(trade.trade, trade.rr, trade.pnl_usd, trade.closed_ts, trade.entry_context)
    actions = [
        ActionRecord(trade.trade, str(place), each.pattern_key, each.action_category, each.scope, each.ts)
        for place, each in enumerate(trade.actions)
    ]
    return closed, actions
