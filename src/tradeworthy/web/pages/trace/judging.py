"""The figures of a decision beside its limits, in the words and units of the page Risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.market.money import decimal_of
from tradeworthy.risk.guards import CASH_FIGURES, RULES
from tradeworthy.store.listings import MAXIMA, REDUCES
from tradeworthy.web.dashboard.figure_words import NONE_IS_CLEAR, word_of
from tradeworthy.web.dashboard.figure_words import shown as in_its_unit
from tradeworthy.web.dashboard.markup import (
    NOTHING,
    Column,
    Html,
    facts,
    html,
    joined,
    meter,
    narrow,
    pill,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import spoken
from tradeworthy.web.pages.trace.panels import shown
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import Step


class Judged(NamedTuple):
    """One figure of a decision beside its limit; `used` is the part of a limit that is a maximum, None for others.

    One that `is_clear` found nothing to say no to, and has no figure.
    """

    name: str
    value: str
    limit: str
    used: float | None
    is_broken: bool
    is_clear: bool = False


def judged(step: Step) -> list[Judged]:
    """The figures of a decision in the order in which its rules are asked."""
    event = step.event
    if event.get("checks"):
        return [
            Judged(one["name"], _said("", one["figure"]), _said("", one["limit"]), None, not one["passed"])
            for one in event["checks"]
        ]
    figures, limits = event.get("figures") or {}, event.get("limits") or {}
    codes = {rule.figure: rule.code for rule in RULES}
    named = [name for name in codes if name in figures] + [name for name in limits if name not in codes]
    reason = "" if event.get("approved") else event.get("reason", "")
    found = []
    for name in named:
        value, limit = figures.get(name), limits.get(name)
        broken = bool(reason) and codes.get(name, name) == reason and _breaks(name, value, limit)
        is_clear = not broken and (
            value in ("", False) if isinstance(value, str | bool) else _is_none(name, value)
        )
        said = _said(name, value), _limit(name, limit)
        found.append(Judged(name, *said, _used(name, value, limit), broken, is_clear))
    return found


def judgement(rows: Sequence[Judged]) -> Html:
    """Figures against limits; what is clear in one line, and what says nothing (no value) left out."""
    told = [row for row in rows if (row.value != NOTHING and not row.is_clear) or row.is_broken]
    clear = [_named(row) for row in rows if row.is_clear]
    figures = table(
        (
            Column("Figure"),
            Column("Value", is_figure=True),
            Column("Limit", is_figure=True),
            Column("Used", is_extra=True),
        ),
        [
            (
                joined(
                    [_named(row), " ", pill("broken", "bad") if row.is_broken else "", narrow(_meter(row))]
                ),
                row.value,
                row.limit,
                _meter(row),
            )
            for row in told
        ],
        caption="Figures against limits at the decision",
        empty="" if clear else "This decision recorded no figures.",
    )
    note = tag("p", joined([tag("b", "Clear: "), joined(clear, ", "), "."]), class_="note") if clear else ""
    return joined([figures, note])


def _named(row: Judged) -> Html:
    name, meaning = word_of(row.name)
    return tag("b" if row.is_broken else "span", name, title=meaning or None)


def decided(step: Step) -> Html:
    """The same of a decision, and why it was a yes over a limit, if it was."""
    rows = judged(step)
    figures, limits = step.event.get("figures") or {}, step.event.get("limits") or {}
    is_exit = step.event.get("approved") and step.event.get("reason") == REDUCES
    is_over = is_exit and any(
        value is not None and _breaks(name, value, limits.get(name))
        for name, value in figures.items()
        if name in limits
    )
    note = "It passed over a limit: what only reduces a position always may." if is_over else ""
    return joined([tag("p", note, class_="note") if note else "", judgement(rows)])


def _meter(row: Judged) -> Html:
    if row.used is None:
        return Html("")
    kind = "bad" if row.is_broken else "warn" if row.used > 0.8 else ""
    return meter(row.used, kind, title=f"{row.used:.0%} of the limit")


def _used(name: str, value: Figure, limit: Figure) -> float | None:
    if (
        name not in MAXIMA
        or not isinstance(value, int | float)
        or not isinstance(limit, int | float)
        or limit <= 0
    ):
        return None
    return max(0.0, value / limit)


def _breaks(name: str, value: Figure, limit: Figure) -> bool:
    """Whether the figure is what its rule said no to."""
    if value is None or isinstance(value, str | bool):
        return value is None or bool(value)
    if not isinstance(limit, int | float):
        return False
    if name in MAXIMA:
        return value > limit
    return value > 0 if name in NONE_IS_CLEAR else value < limit or (name == "expires_in_ms" and value <= 0)


def _is_none(name: str, value: Figure) -> bool:
    return value == 0 and name in NONE_IS_CLEAR


def _said(name: str, value: Figure) -> Html:
    """A figure in its unit."""
    if value in ("", None):
        return html(None)
    is_cash = name in CASH_FIGURES and isinstance(value, int) and not isinstance(value, bool)
    if is_cash and isinstance(value, int):
        return in_its_unit({"figure": name, "is_cash": True}, decimal_of(value))
    said = in_its_unit({"figure": name, "is_cash": False}, value)
    return said if isinstance(value, str) else _unbroken(said)


def _unbroken(said: Html) -> Html:
    return Html(said.replace(" ", "\N{NO-BREAK SPACE}"))


def _limit(name: str, limit: Figure) -> Html:
    """A limit in its unit, and whether it is the least; none where the rule is a word."""
    if isinstance(limit, str | bool) or limit is None or name in NONE_IS_CLEAR:
        return html(None)
    said = _said(name, limit)
    return said if name in MAXIMA else _unbroken(joined(["at least ", said]))


def unjudged(path: Path) -> Html:
    """What the desk saw, where risk was never asked."""
    seen: dict[str, Any] = next(
        (step.event["figures"] for step in path.steps if step.event.get("figures")), {}
    )
    said = tag(
        "p", "Risk was never asked about it. What the desk saw:" if seen else "Risk was never asked about it."
    )
    return joined([said, facts((spoken(name), _seen(name, value)) for name, value in seen.items())])


def _seen(name: str, value: Any) -> Html:
    return html(spoken(value)) if isinstance(value, str) else shown(name, value)
