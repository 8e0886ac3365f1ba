"""Figures as an alert says them, in words that fit a telephone."""

from __future__ import annotations

from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.money import cash_text

SECOND = 1_000_000_000
CENT = CASH_UNIT // 100


def money(cash: int) -> str:
    """Cash units to the nearest hundredth of the currency, halves away from zero; less than one of those exactly."""
    if abs(cash) < CENT:
        return cash_text(cash)
    rounded = (abs(cash) + CENT // 2) // CENT * CENT
    return cash_text(rounded if cash > 0 else -rounded)


def times(count: int) -> str:
    """`once`, `12 times`."""
    return "once" if count == 1 else f"{count} times"


def trace(seq: int | str) -> str:
    """The command that shows the path of packet `seq`, as a sentence."""
    return f"`tradeworthy trace {seq}` shows the path."


def signed(cash: int) -> str:
    """Cash units with their sign: `+12.50`."""
    return f"{'+' if cash >= 0 else ''}{money(cash)}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole` with its sign: `+0.31%`; `-` of nothing."""
    return f"{part / whole:+.2%}" if whole > 0 else "-"


def duration(ns: int) -> str:
    """A length of time in its two largest units: `2 h 5 min`, `12 s`."""
    seconds = max(0, ns) // SECOND
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours == 0:
        return f"{minutes} min {seconds % 60} s"
    return f"{hours} h {minutes % 60} min" if days == 0 else f"{days} d {hours % 24} h"
