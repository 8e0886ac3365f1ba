"""HTML of candidates: what became of each and why, and counts of the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.risk.guards import RULES
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
    percent,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason, reason_words, spoken, verdict

Row = dict[str, Any]

REASONS_SHOWN: Final = 12
SELF_EVIDENT: Final = ("FILLED", "OPEN")


def candidates_table(rows: Sequence[Row]) -> Html:
    """The newest candidates with what became of them and why, each a link to its path."""
    columns = (
        Column("Time"),
        Column("Candidate"),
        Column("Edge", is_figure=True, is_extra=True),
        Column("Verdict, and why"),
    )
    return table(
        columns,
        [
            (
                tag(
                    "a", moment(row["created_at"]), href=address("/trace", packet=row["seq"], run=row["run"])
                ),
                joined(
                    [
                        tag("div", row["title"] or row["instrument"], class_="clip"),
                        tag("div", joined(filter(None, _names(row)), " · "), class_="under"),
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
    said = f"{name.replace('_', ' ')} {_short(value)}"
    return said if limit is None or isinstance(limit, str | bool) else f"{said}, limit {_short(limit)}"


def _short(value: Any) -> str:
    return str(value) if isinstance(value, str | bool) else f"{float(value):,.6g}"


def counted(rows: Sequence[tuple[Any, str, int]], *, caption: str, empty: str) -> Html:
    """Counts by name, each with a bar of its share: (what stands before it, name, count)."""
    total = sum(number for _, _, number in rows) or 1
    columns = (Column("Reason"), Column("Count", is_figure=True), Column("Share", is_extra=True))
    return table(
        columns,
        [
            (
                joined([mark, " ", reason(name)]),
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


def method_words(method: str) -> str:
    """A method's name of the specification, and what it is."""
    known = {one.value: one.name.lower().replace("_", " ") for one in Method}
    return f"{method} {known[method]}" if method in known else method
