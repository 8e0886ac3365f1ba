"""Figures that risk judges by and methods of finding gaps: their names for people, their meanings, their units."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.web.dashboard.markup import Html, count, html, money, span

Row = dict[str, Any]

NONE_IS_CLEAR: Final = frozenset({"backoff_left_ms", "pause_left_ms", "lots_short", "duplicate_of"})
"""Figures of which none at all is what is wanted."""

LOSSES: Final = frozenset({"drawdown", "daily_loss"})
"""Figures that are a gain where they are under 0: nothing is lost then."""


class Word(NamedTuple):
    """A figure's name for people, and what it means."""

    name: str
    meaning: str


WORDS: Final[dict[str, Word]] = {
    "halt": Word("System halt", "No latch stops the whole session."),
    "desk_halt": Word("Desk halt", "No latch stops the desk that asked."),
    "backoff_left_ms": Word("Wait after a fault", "A desk that raised waits before it may enter again."),
    "kill_file": Word("Kill file", "The latch file is not there."),
    "drawdown": Word(
        "Drawdown", "How far the equity fell from its peak; beyond the limit all entries halt until a resume."
    ),
    "daily_loss": Word(
        "Day's loss", "What the day lost so far; beyond the limit all entries halt until a resume."
    ),
    "expires_in_ms": Word("Time left to act", "How long the request was still of use."),
    "price_age_ms": Word("Age of the price", "An older one is no ground for an entry."),
    "book_fault": Word("Book's fault", "Nothing is wrong with the book's sequence."),
    "book_age_ms": Word("Age of the book", "An older one is no ground for an entry."),
    "oracle_age_ms": Word("Age of the underlying's price", "An older one is no ground for an entry."),
    "one_sided": Word("One-sided book", "Both sides of the book are there."),
    "spread_bps": Word("Spread", "A wider one says that nobody knows the price."),
    "untradable": Word("Tradable", "The market is open and not disputed."),
    "time_left_ms": Word("Time to the end", "With less left to the market's end no entry is made."),
    "unfit_order": Word("Fit for the venue", "Price and size are such as the venue takes."),
    "lots_short": Word("Depth", "What the book lacks for the whole size."),
    "slippage": Word("Slippage, of the edge", "What the size costs above its limit price, in money."),
    "slippage_bps": Word("Slippage", "What a leg costs above its limit price, in basis points."),
    "expected_profit": Word("Expected profit", "The least that is worth the trouble."),
    "position": Word("One market", "Held and asked for in the market that has most."),
    "event": Word("One event", "All markets of one event together."),
    "underlying": Word("One underlying", "All markets that hang on one price together."),
    "venue": Word("One venue", "All that is traded at one venue together."),
    "desk_share": Word("The desk's share", "All that the desk holds and asks for."),
    "portfolio": Word("Everything together", "All positions and requests, long and short added."),
    "cash_left": Word("Cash left", "What would be left after the entry."),
    "orders_in_minute": Word("Orders in a minute", "More would be a desk gone wild."),
    "requests_in_minute": Word("Requests in a minute", "More would be a strategy gone wild."),
    "pause_left_ms": Word("Pause after losses", "A strategy pauses after too many losses in a row."),
    "duplicate_of": Word("Duplicate", "No open request has the same key."),
}
"""By figure. All figures of the guard chain are here."""


def word_of(figure: str) -> Word:
    """Name and meaning of a figure."""
    return WORDS.get(figure) or Word(figure.replace("_", " ").capitalize(), "")


def shown(row: Row, value: Any) -> Html:
    """A figure or a limit in its unit; what stops nothing is "clear", and a gain is no loss."""
    name = row["figure"]
    if value is None:
        return html(None)
    if value == 0 and name in NONE_IS_CLEAR:
        return html("clear")
    if isinstance(value, bool | str):
        text = "yes" if value is True else str(value or "clear")
        return html(text.replace("_", " "))
    if row["is_cash"]:
        return money(max(value, 0) if name in LOSSES else value)
    if name.endswith("_ms"):
        return span(value / 1000)
    if name.endswith("_bps"):
        return html(f"{value:,} bps")
    return count(value) if isinstance(value, int) else html(f"{value:.4g}")


def method_words(method: str) -> str:
    """A method's name of the specification, and what it is."""
    known = {one.value: one.name.lower().replace("_", " ") for one in Method}
    return f"{method} {known[method]}" if method in known else method
