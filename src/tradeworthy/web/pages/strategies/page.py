"""Strategies: what each part of a desk earned, how capital was shared, and why a desk did not trade."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import Request
from nicegui import ui

from tradeworthy.core.errors import UsageError
from tradeworthy.store.strategy_listings import StrategyListings
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.strategies import parts
from tradeworthy.web.pages.strategies.charts import curves_options, shares_over_time
from tradeworthy.web.records import Reading

POINTS = 300
TABLE_EVERY_S = 1.0
SLOW_EVERY_S = 2.0

Found = dict[str, Any]


class Desks(NamedTuple):
    """The desks of a run as they were configured, and the last counted hour of each."""

    desks: list[Found]
    hours: dict[str, Found]


def build(view: View, _: Request) -> None:
    """The page's panels."""
    with card("Strategies", "", "of what is closed, after fees; a name leads to its trades"):
        rows = Slot()
    view.panel(
        "strategies.table",
        {"trades", "candidates", "opportunities"},
        lambda reading: _listings(reading).table(),
        lambda found: rows.show(parts.strategies_table(found, view.run_asked)),
        every_s=TABLE_EVERY_S,
    )
    _curves(view)
    _shares(view)
    _desks(view)


def _curves(view: View) -> None:
    with card("P&L by strategy", "s6", "after each closed trade, session time"):
        chart = Chart(view.colours, "Cumulative profit and loss by strategy, over session time")
    view.panel(
        "strategies.curves",
        {"trades"},
        lambda reading: (_listings(reading).curves(POINTS), _listings(reading).span()),
        lambda found: chart.show(
            curves_options(chart.base(), found[0], found[1], view.colours),
            "No trade is closed yet; each strategy's line begins with its first.",
        ),
        every_s=SLOW_EVERY_S,
    )


def _shares(view: View) -> None:
    with card("Allocation over time", "s6", "part of the desk's capital that each may use"):
        chart = Chart(view.colours, "Each strategy's part of its desk's capital, over session time")

    view.panel(
        "strategies.shares",
        {"opportunities", "trades"},
        lambda reading: (_listings(reading).shares(POINTS), _listings(reading).span()),
        lambda found: chart.show(
            shares_over_time(chart.base(), found[0], found[1], view.colours),
            "No allocator runs here: each desk keeps the fixed share of the account that its configuration gives it.",
        ),
        every_s=SLOW_EVERY_S,
    )


class DeskCard:
    """A desk's settings, which stay as people unfold them, and why it did not trade, which moves."""

    def __init__(self, desk: Found) -> None:
        self._name = desk["name"]
        made = card(f"Desk {self._name}", "", _kind(desk.get("kind")))
        with made.props(f'data-desk="{self._name}"'), ui.element("div").classes("desk"):
            Slot().show(parts.about_desk(desk))
            self._why = Slot()

    def show(self, hour: Found | None, counting: Found) -> None:
        """Say why, of the last hour on record and of the present one."""
        self._why.show(parts.why_not(self._name, hour, counting))


def _kind(kind: str | None) -> str:
    return f"of the kind {kind}" if kind else "a class of its own"


def _desks(view: View) -> None:
    place = ui.element("div").classes("contents")
    known, cards = Desks([], {}), dict[str, DeskCard]()

    def show() -> None:
        status = view.hub.status
        counting = status["counting"] if view.is_living and status.get("answers") else {}
        for name, made in cards.items():
            made.show(known.hours.get(name), counting)

    def keep(found: Desks) -> None:
        nonlocal known
        if found.desks != known.desks:
            place.clear()
            cards.clear()
            with place:
                cards.update({desk["name"]: DeskCard(desk) for desk in found.desks})
        known = found
        show()

    view.panel("strategies.desks", {"counters", "candidates"}, _why, keep, every_s=SLOW_EVERY_S)
    view.watch({"status"}, show)


def _listings(reading: Reading) -> StrategyListings:
    return StrategyListings(reading.connection, reading.queries.runs)


def _why(reading: Reading) -> Desks:
    desks, hours = list(_listings(reading).configuration().get("desks") or ()), dict[str, Found]()
    for desk in desks:
        try:
            hours[desk["name"]] = reading.queries.why(desk["name"])
        except UsageError:  # A desk of a parent run's configuration, or one without a record: it has no hour.
            continue
    return Desks(desks, hours)
