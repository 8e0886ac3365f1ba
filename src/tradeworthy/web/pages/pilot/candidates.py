"""HTML of candidates: what became of each and why, and counts of the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import unescape
from typing import Any, Final

from tradeworthy.risk.guards import RULES
from tradeworthy.web.dashboard.figure_words import NONE_IS_CLEAR, method_words, shown, word_of
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    address,
    count,
    html,
    joined,
    meter,
    moment,
    money,
    narrow,
    percent,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason_words, spoken, verdict

Row = dict[str, Any]

REASONS_SHOWN: Final = 12
SELF_EVIDENT: Final = ("FILLED", "OPEN")


def candidates_table(rows: Sequence[Row]) -> Html:
    """The newest candidates with what became of them and why, each a link to its path."""
    columns = (
        Column("Time", is_extra=True),
        Column("Candidate"),
        Column("Edge", is_figure=True, is_extra=True),
        Column("Verdict, and why"),
    )
    return table(
        columns,
        [
            (
                _at(row),
                joined(
                    [
                        tag("div", row["title"] or row["instrument"], class_="clip"),
                        tag("div", joined(filter(None, _names(row)), " · "), class_="under"),
                        narrow(_at(row)),
                    ]
                ),
                _edge(row),
                joined(
                    [
                        joined([verdict(row["verdict"]), " ", _why(row)]),
                        tag("div", _detail(row), class_="under"),
                    ]
                ),
            )
            for row in rows
        ],
        caption="Candidates, the newest first, with why they were not taken",
        empty="No candidate of that kind: the desks have seen nothing that could become such a one.",
    )


def _at(row: Row) -> Html:
    return tag("a", moment(row["created_at"]), href=address("/trace", packet=row["seq"], run=row["run"]))


def _why(row: Row) -> Html:
    """A filled one needs no reason, and an open one has none yet."""
    return Html() if row["verdict"] in SELF_EVIDENT else tag("b", spoken(row["reason"]))


def _names(row: Row) -> tuple[str | None, ...]:
    method = row["method"]
    return row["strategy"] or row["desk"], spoken(row["kind"]), method and method_words(method)


def _edge(row: Row) -> Html:
    if row["net_edge"] is not None:
        return percent(row["net_edge"], places=2)
    if not row["edge"]:
        return html(None)
    return joined([tag("div", money(row["edge"])), tag("div", "in cash", class_="under")])


def _detail(row: Row) -> str:
    """What the reason means; of a rule of risk the figures that it refused for, beside their limits."""
    if row["verdict"] in SELF_EVIDENT:
        return ""
    if row["verdict"] != "REJECTED":
        return reason_words(row["reason"])
    figures, limits = row["decision_figures"], row["limits"]
    names = [
        rule.figure
        for rule in RULES
        if rule.code == row["reason"] and _speaks(figures.get(rule.figure), limits.get(rule.figure))
    ]
    told = ", ".join(_beside(name, figures[name], limits.get(name)) for name in names)
    return told or reason_words(row["reason"])


def _speaks(value: Any, limit: Any) -> bool:
    """Whether a figure can be what was refused for: a word, or one that is not as its limit."""
    if value is None or isinstance(value, str | bool):
        return bool(value)
    return isinstance(limit, str) or limit is None or value != limit


def _beside(name: str, value: Any, limit: Any) -> str:
    """A figure beside its limit, in the words and units of the page Risk; a packet's number has no limit."""
    row = {"figure": name, "is_cash": isinstance(value, Decimal)}
    if name == "duplicate_of":
        return f"{word_of(name).name} of {value}"
    said = f"{word_of(name).name} {unescape(shown(row, value))}"
    if limit is None or isinstance(limit, str | bool) or name in NONE_IS_CLEAR:
        return said
    return f"{said}, limit {unescape(shown(row, limit))}"


def counted(rows: Sequence[tuple[Any, str, int]], *, caption: str, empty: str) -> Html:
    """Counts by reason, each with what it means and a bar of its share: (what stands before it, reason, count)."""
    total = sum(number for _, _, number in rows) or 1
    columns = (Column("Reason"), Column("Count", is_figure=True), Column("Share", is_extra=True))
    return table(
        columns,
        [
            (
                joined([mark, " ", spoken(name), tag("div", reason_words(name), class_="under")]),
                count(number),
                meter(number / total, title=f"{number / total:.1%}"),
            )
            for mark, name, number in sorted(rows, key=lambda row: -row[2])[:REASONS_SHOWN]
        ],
        caption=caption,
        empty=empty,
    )


def verdicts(found: Mapping[str, Any]) -> Html:
    """Why candidates were not taken."""
    return counted(
        [
            (verdict(row["outcome"]), row["reason"], row["count"])
            for row in found["verdicts"]
            if row["outcome"] != "FILLED"
        ],
        caption="Why candidates were not taken",
        empty="Nothing was turned down so far.",
    )


def rejections(found: Mapping[str, Any]) -> Html:
    """Risk's refusals by rule, as `report` counts them."""
    return counted(
        [("", row["reason"], row["count"]) for row in found["risk_rejections"]],
        caption="Candidates that risk refused, by rule",
        empty="Risk has refused nothing: no candidate broke a rule.",
    )
