"""Tradeworthy runs trading desks from backtest to paper to live on one deterministic core.

The names that a desk author needs are here; they load when first used, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradeworthy.core.agents import State, on
    from tradeworthy.core.candidates import Candidate
    from tradeworthy.core.events import Event, WokeUp
    from tradeworthy.execution.desk import Desk, DeskContext
    from tradeworthy.execution.intents import Intent, Leg, Policy, TimeInForce, TradeCandidate
    from tradeworthy.execution.orders import FillObserved
    from tradeworthy.market.bars import BarClosed, PriceObserved
    from tradeworthy.market.books import BookChanged
    from tradeworthy.market.instruments import Side

__version__ = "0.1.0"

_HOMES = {
    "BarClosed": "market.bars",
    "BookChanged": "market.books",
    "Candidate": "core.candidates",
    "Desk": "execution.desk",
    "DeskContext": "execution.desk",
    "Event": "core.events",
    "FillObserved": "execution.orders",
    "Intent": "execution.intents",
    "Leg": "execution.intents",
    "Policy": "execution.intents",
    "PriceObserved": "market.bars",
    "Side": "market.instruments",
    "State": "core.agents",
    "TimeInForce": "execution.intents",
    "TradeCandidate": "execution.intents",
    "WokeUp": "core.events",
    "on": "core.agents",
}

__all__ = [
    "BarClosed",
    "BookChanged",
    "Candidate",
    "Desk",
    "DeskContext",
    "Event",
    "FillObserved",
    "Intent",
    "Leg",
    "Policy",
    "PriceObserved",
    "Side",
    "State",
    "TimeInForce",
    "TradeCandidate",
    "WokeUp",
    "on",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tradeworthy.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tradeworthy' has no attribute {name!r}")
