"""Each guard's newest figure against its limit, as a bar, a figure and a sentence; the nearest to its limit on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tradeworthy.web.dashboard.figure_words import NONE_IS_CLEAR, shown, word_of
from tradeworthy.web.dashboard.markup import Html, day_clock, html, joined, link, percent, pill, tag

Row = dict[str, Any]

CLOSE: Final = 0.8
"""From this part of a limit on it is said to be close."""

LATELY: Final = timedelta(minutes=1)
"""A figure that was judged so long before the newest one says when."""


def closeness(row: Row) -> float | None:
    """How near a figure is to its limit, 1 at it or where a price is missing; None without a limit in figures.

    Of a maximum it is the part that is used; of a minimum the limit by the figure.
    """
    if row["used"] is not None:
        return float(row["used"])
    value, limit = row["value"], row["limit"]
    if value is None:
        return 1.0 if row["failed"] else None
    if not (_is_number(value) and _is_number(limit)) or limit <= 0:
        return None
    return float(limit / value) if value > 0 else 1.0


def gauges(rows: Sequence[Row]) -> Html:
    """The bars, the fullest on top; then, in one line each, what has no limit to be near to."""
    near = sorted(
        ((closeness(row), place, row) for place, row in enumerate(rows) if closeness(row) is not None),
        key=lambda one: (-(one[0] or 0.0), one[1]),
    )
    newest = max((row["created_at"] for row in rows if row.get("created_at")), default=None)
    bars = joined(_gauge(row, near_by or 0.0, newest) for near_by, _, row in near)
    rest = [row for row in rows if closeness(row) is None and not is_silent(row)]
    return joined([tag("div", bars, class_="gauges"), _clear(rest)])


def is_silent(row: Row) -> bool:
    """Whether a rule had nothing to look at, or no limit to hold its figure against."""
    return row["value"] is None or row["limit"] is None


def is_beyond(row: Row) -> bool:
    """Whether a figure broke its rule."""
    if row["failed"] or row["used"] is not None:
        return bool(row["failed"] or row["used"] > 1)
    return bool(row["value"] < row["limit"])


def _gauge(row: Row, near_by: float, newest: datetime | None) -> Html:
    name, meaning = word_of(row["figure"])
    kind = "bad" if is_beyond(row) else "warn" if near_by >= CLOSE else ""
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
    is_least = row["used"] is None and row["value"] is not None
    bound = ", at least " if is_least else " of "
    value = "none" if row["value"] is None else shown(row, row["value"])
    figure = tag("span", joined([value, bound, shown(row, row["limit"])]))
    parts = [
        tag("div", joined([tag("b", name), said]), class_="what"),
        tag("div", joined([figure, tag("span", percent(near_by, places=0), class_="part")]), class_="figure"),
        meter,
        tag("div", joined([meaning, _judged_before(row, newest)], " "), class_="why"),
    ]
    return tag("div", joined(parts), class_="gauge", data_figure=row["figure"], data_used=f"{near_by:.4f}")


def _judged_before(row: Row, newest: datetime | None) -> Html:
    """When a figure was judged, and for what, if others were judged since."""
    at = row.get("created_at")
    if at is None or newest is None or newest - at < LATELY:
        return html("")
    return joined(["Judged ", day_clock(at), " for ", trace_link(row, f"candidate {row['candidate']}"), "."])


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
