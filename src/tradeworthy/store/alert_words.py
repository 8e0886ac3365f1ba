"""Figures as an alert says them, in words that fit a telephone."""

from __future__ import annotations

from collections.abc import Mapping

from tradeworthy.execution.intents import strategy_of
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
    """`Once`, `12 times`."""
    return "Once" if count == 1 else f"{count} times"


def plain(code: str) -> str:
    """A code with spaces between its words; what is more than a code is left as it is."""
    return code if " " in code else code.replace("_", " ")


def trader(desk: str, position: str) -> str:
    """Who trades: the strategy that the position's key names, else the desk; a timeframe alone names nobody."""
    strategy = strategy_of(position)
    return f"{desk} {strategy}" if strategy[:1].isdigit() else strategy or desk


def token_name(instrument: str, titles: Mapping[str, str]) -> str:
    """`NO of <title>` for a token of a market in `titles`, by market; other instruments by their id."""
    market, _, outcome = instrument.rpartition(":")
    return f"{outcome} of {titles[market]}" if market in titles else instrument


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
    """A length of time in its two largest units, without one that is zero: `2 h 5 min`, `30 min`, `12 s`."""
    seconds = max(0, ns) // SECOND
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    parts = ((days, "d"), (hours % 24, "h"), (minutes % 60, "min"), (seconds % 60, "s"))
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number) or "0 s"
