"""From a decision to an order and back, as compiled functions that sweep, engine and session share."""

from __future__ import annotations

from typing import Any

from numba import njit

from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.execution.steps import takes_step, whole_lots

ENTRY, FIXED_TP, TOO_SMALL, SKIP = int(Code.ENTRY), int(Code.FIXED_TP), int(Code.TOO_SMALL), int(Action.SKIP)


@njit(cache=True)
def entry_lots(terms: Any, memory: Any) -> int:
    """Lots of the entry that size_step found, rounded down; where no venue would take them, 0, and the entry a skip."""
    lots: int = whole_lots(memory.notional / memory.price, terms.lot_above, terms.lot_below)
    if takes_step(terms, memory.price, lots):
        return lots
    memory.action, memory.code, memory.held = SKIP, TOO_SMALL, -1
    return 0


@njit(cache=True)
def lots_on_offer(terms: Any, volume: float, participation: float) -> int:
    """Lots that may trade of a bar's volume, rounded down: the bar venue's rule."""
    share = volume * participation
    if not share > 0.0:
        return 0
    lots: int = min(whole_lots(share, terms.lot_above, terms.lot_below), terms.lots_max)
    return lots


@njit(cache=True)
def average_price(terms: Any, entry_notional: int, lots_entered: int) -> float:
    """The average price of what was entered; of one fill just the price at its ticks."""
    ticks: float = entry_notional / (lots_entered * terms.tick_value)
    price: float = ticks * terms.tick_above / terms.tick_below
    return price


@njit(cache=True)
def chance_to_make(code: int, chance: float) -> float:
    """The chance that an order with this reason is filled as maker: entries and take-profits post, the rest takes."""
    return chance if code in (ENTRY, FIXED_TP) else 0.0
