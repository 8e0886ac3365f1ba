"""All events of the product, in one union, and the codec over it."""

from __future__ import annotations

from functools import cache

from tradeworthy.core import candidates, events
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Codec
from tradeworthy.desks.arbitrage import events as arbitrage
from tradeworthy.desks.divergence import events as divergence
from tradeworthy.desks.uptrend import events as uptrend
from tradeworthy.execution import accounting, intents, orders
from tradeworthy.learning import events as learning
from tradeworthy.market import backfill, bars, books, factors, instruments, panels, predictions, ticks
from tradeworthy.risk import operators, stance

_ROOMS = (
    *(events, candidates, instruments, bars, books, factors, panels, predictions, ticks),
    backfill,
    *(intents, orders, accounting, operators, stance, learning, arbitrage, divergence, uptrend),
)

EVENTS: tuple[type[Event], ...] = tuple(
    member
    for room in _ROOMS
    for member in vars(room).values()
    if isinstance(member, type)
    and issubclass(member, Event)
    and member is not Event
    and member.__module__ == room.__name__
)
"""Every event class, in the order of the rooms and of their definition."""


@cache
def codec() -> Codec:
    """The one codec over EVENTS."""
    return Codec(EVENTS)
