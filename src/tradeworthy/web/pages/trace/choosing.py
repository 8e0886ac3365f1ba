"""The newest candidates of a run, one line each, to choose from."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ui

from tradeworthy.store.path_listings import PathListings
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import Column, Html, joined, link, moment, money, narrow, table, tag
from tradeworthy.web.dashboard.reason_words import reason_words, spoken, verdict
from tradeworthy.web.dashboard.view import Panel, Slot, View
from tradeworthy.web.records import Reading

SHOWN = 100
ANY = "any"
SELF_EVIDENT = {None, "", "filled"}

Found = dict[str, Any]
Chosen = tuple[str, str, str]
"""A desk, a verdict and a reason; "" is any."""


class Choosing:
    """A list with three filters; what a filter offers is what the run has."""

    def __init__(self, view: View) -> None:
        self._view = view
        with card("Candidates, the newest first", "", "each ends in one verdict with its reason"):
            with ui.element("div").classes("filters"):
                self._desk, self._verdict, self._reason = (
                    self._select(name) for name in ("Desk", "Verdict", "Reason")
                )
            self._rows = Slot()
            self._rows.mark(**{"data-figure": "trace-candidates"})
        view.panel("trace.filters", {"candidates"}, _filters, self._offer, every_s=5.0)
        self._panel: Panel[tuple[Chosen, list[Found]]] = view.panel(
            "", {"candidates"}, partial(_find, ("", "", "")), self._show
        )
        self._want()

    def _select(self, name: str) -> ui.select:
        async def changed() -> None:
            self._want()
            await self._view.refresh(self._panel)

        made = ui.select({ANY: ANY}, value=ANY, label=name, on_change=changed)
        return made.props(f'dense outlined options-dense data-figure="trace-{name.lower()}"').classes("pick")

    def _want(self) -> None:
        """Ask for what is chosen. The question and its name change together: answers are shared by their names."""
        chosen = self._chosen()
        self._panel.name = lambda: f"trace.candidates {chosen}"
        self._panel.ask = partial(_find, chosen)

    def _chosen(self) -> Chosen:
        desk, verdict, reason = (
            "" if select.value in (ANY, None) else str(select.value)
            for select in (self._desk, self._verdict, self._reason)
        )
        return desk, verdict, reason

    def _offer(self, found: Found) -> None:
        pairs = ((self._desk, "desks"), (self._verdict, "verdicts"), (self._reason, "reasons"))
        for select, name in pairs:
            offered = {ANY: ANY, **{code: spoken(code) for code in found[name]}}
            if select.options != offered:
                select.set_options(offered)

    def _show(self, found: tuple[Chosen, list[Found]]) -> None:
        chosen, rows = found
        if chosen == self._chosen():
            self._rows.show(candidates_table(rows, filtered=any(chosen)))


def _find(chosen: Chosen, reading: Reading) -> tuple[Chosen, list[Found]]:
    desk, verdict, reason = chosen
    return chosen, reading.listings.candidates(SHOWN, desk=desk, verdict=verdict, reason=reason)


def _filters(reading: Reading) -> Found:
    return PathListings(reading.connection, reading.queries.run).filters()


def candidates_table(rows: list[Found], *, filtered: bool) -> Html:
    """A line for each candidate, with its verdict and the reason in words."""
    empty = (
        "No candidate is like that in this run: choose any again."
        if filtered
        else "No candidate yet: no turn found what a desk looks for. System shows whether prices come."
    )
    return table(
        (
            Column("Time"),
            Column("Seq", is_figure=True, is_extra=True),
            Column("Desk", is_extra=True),
            Column("What"),
            Column("Verdict"),
            Column("Why", is_extra=True),
            Column("Expected", is_figure=True, is_extra=True),
        ),
        [_cells(row) for row in rows],
        caption="The newest candidates",
        empty=empty,
    )


def _cells(row: Found) -> tuple[Any, ...]:
    path = link("/trace", row["seq"], packet=row["seq"], run=row["run"])
    why = reason_words(row["reason"]) or "It is open."
    return (
        joined([moment(row["created_at"]), narrow(path)]),
        path,
        row["desk"],
        joined([tag("b", spoken(row["kind"])), " ", _of(row)]),
        joined(
            [
                verdict(row["verdict"]),
                narrow(spoken(row["reason"])) if row["reason"] not in SELF_EVIDENT else "",
            ]
        ),
        why,
        money(row["edge"] or None),
    )


def _of(row: Found) -> str:
    """What of: an outcome of a market, or a token."""
    end = str(row["instrument"] or "").rpartition(":")[2]
    side = f"{row['side']} {end}" if row["side"] else end
    return f"{side}, {row['title']}" if row["title"] else side
