"""Each guard's newest figure against its limit, as a bar, a figure and a sentence; the nearest to its limit on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tradeworthy.web.dashboard.markup import Html, count, html, joined, link, money, percent, pill, span, tag

Row = dict[str, Any]

CLOSE: Final = 0.8
"""From this part of a limit on it is said to be close."""


NONE_IS_CLEAR: Final = frozenset({"backoff_left_ms", "pause_left_ms", "lots_short", "duplicate_of"})
"""Figures of which none at all is what is wanted."""


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
    "time_left_ms": Word("Time to the market's end", "With less left no entry is made."),
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


def closeness(row: Row) -> float | None:
    """How near a figure is to its limit, 1 at it; None where the limit is a word, or nothing to be near to.

    Of a maximum it is the part that is used; of a minimum the limit by the figure.
    """
    if row["used"] is not None:
        return float(row["used"])
    value, limit = row["value"], row["limit"]
    if not (_is_number(value) and _is_number(limit)) or limit <= 0:
        return None
    return float(limit / value) if value > 0 else 1.0


def gauges(rows: Sequence[Row]) -> Html:
    """The bars, the fullest on top; then, in one line each, what has no limit to be near to."""
    near = sorted(
        ((closeness(row), place, row) for place, row in enumerate(rows) if closeness(row) is not None),
        key=lambda one: (-(one[0] or 0.0), one[1]),
    )
    bars = joined(_gauge(row, near_by or 0.0) for near_by, _, row in near)
    rest = [row for row in rows if closeness(row) is None and not is_silent(row)]
    return joined([tag("div", bars, class_="gauges"), _clear(rest)])


def is_silent(row: Row) -> bool:
    """Whether a rule had nothing to look at."""
    return row["value"] is None


def _gauge(row: Row, near_by: float) -> Html:
    name, meaning = word_of(row["figure"])
    kind = "bad" if row["failed"] or near_by > 1 else "warn" if near_by >= CLOSE else ""
    said = pill("beyond" if kind == "bad" else "close", kind) if kind else ""
    meter = tag(
        "div",
        tag("span", "", style=f"width:{min(1.0, near_by):.1%}"),
        class_=f"meter {kind}".rstrip(),
        role="meter",
        aria_label=name,
        aria_valuenow=f"{100 * near_by:.0f}",
        aria_valuemin="0",
        aria_valuemax="100",
    )
    bound = "least" if row["used"] is None else "of"
    figure = joined([shown(row, row["value"]), html(f" {bound} "), shown(row, row["limit"])])
    parts = [
        tag("div", joined([tag("b", name), said]), class_="what"),
        tag("div", joined([figure, tag("span", percent(near_by, places=0), class_="part")]), class_="figure"),
        meter,
        tag("div", meaning, class_="why"),
    ]
    return tag("div", joined(parts), class_="gauge", data_figure=row["figure"], data_used=f"{near_by:.4f}")


def _clear(rows: Iterable[Row]) -> Html:
    said = []
    for row in rows:
        name, meaning = word_of(row["figure"])
        is_whole = isinstance(row["value"], str | bool) or row["figure"] in NONE_IS_CLEAR
        is_bad = bool(row["value"]) if is_whole else row["failed"]
        text = joined([name, html(" "), shown(row, row["value"])])
        told = tag("span", text, class_=f"pill {'bad' if is_bad else 'ok'}", title=meaning)
        said.append(told)
    return tag(
        "div", joined(said, " "), class_="clear", aria_label="Rules that are kept or broken as a whole"
    )


def shown(row: Row, value: Any) -> Html:
    """A figure or a limit in its unit; what stops nothing is "clear"."""
    name = row["figure"]
    if value is None:
        return html(None)
    if value == 0 and name in NONE_IS_CLEAR:
        return html("clear")
    if isinstance(value, bool | str):
        text = "yes" if value is True else str(value or "clear")
        return html(text.replace("_", " "))
    if row["is_cash"]:
        return money(value)
    if name.endswith("_ms"):
        return span(value / 1000)
    if name.endswith("_bps"):
        return html(f"{value:,} bps")
    return count(value) if isinstance(value, int) else html(f"{value:.4g}")


def figures_of(figures: dict[str, Any], limits: dict[str, Any], reason: str) -> Html:
    """All figures of one decision with their limits, as a table of names; the rule that refused is not marked twice."""
    cash = {name for name, value in figures.items() if isinstance(value, Decimal)}
    told = []
    for name, value in figures.items():
        if value is None and limits.get(name) is None:
            continue
        row = {"figure": name, "is_cash": name in cash}
        limit = limits.get(name)
        against = joined([html(" / "), shown(row, limit)]) if limit not in (None, "", False) else ""
        told.append(joined([tag("dt", word_of(name).name), tag("dd", joined([shown(row, value), against]))]))
    return tag("dl", joined(told), class_="facts figures", aria_label=f"All figures of a refusal by {reason}")


def trace_link(row: Row, text: Any) -> Html:
    """A link to the path of a row's candidate, or the text alone where it has none."""
    candidate = row.get("candidate")
    return link("/trace", text, packet=candidate, run=row.get("run")) if candidate else html(text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
