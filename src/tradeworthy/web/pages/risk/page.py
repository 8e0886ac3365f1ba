"""Risk: how near the account is to each limit, what is halted and by whom, what was refused, and the stance."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from tradeworthy.runtime.desk_kinds import KINDS, PanelKind
from tradeworthy.store.risk_listings import RiskListings
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import Html, code, html, joined, tag
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.risk import tables as risk_tables
from tradeworthy.web.pages.risk.charts import stance_options, stances_of
from tradeworthy.web.pages.risk.gauges import gauges
from tradeworthy.web.records import Reading

Found = dict[str, Any]

HALTS_SHOWN, REFUSALS_SHOWN, STANCES_SHOWN = 20, 15, 400
CHART_EVERY_S = 1.0


def build(view: View, _: Request) -> None:
    """The page's panels."""
    banner, tiles = Slot("wide"), Slot("tw-tiles")
    view.panel(
        "risk.holding",
        {"halts"},
        lambda reading: _risk(reading).holding(),
        lambda rows: banner.show(risk_tables.halt_banner(rows)),
    )
    view.panel(
        "risk.tiles",
        {"equity", "trades", "decisions", "halts"},
        _account,
        lambda found: tiles.show(risk_tables.tiles(found)),
    )
    _guards(view)
    with ui.element("div").classes("tw-stack s4"):
        _breakers(view)
        _refused(view)
    _stance(view)
    _exposures(view)
    _refusals(view)
    _people(view)


def _risk(reading: Reading) -> RiskListings:
    return RiskListings(reading.connection, reading.queries.runs)


def _account(reading: Reading) -> Found:
    risk = _risk(reading)
    return {**risk.day(), "currency": reading.listings.about()["currency"], "about": risk.about()}


def _guards(view: View) -> None:
    with card("Guards", "s8", "each one's newest figure against its limit; exits are bound by none"):
        bars, newest = Slot(), Slot("note")

    def show(found: Found) -> None:
        bars.show(gauges(found["figures"]) if found["figures"] else html(""))
        newest.show(risk_tables.newest_decision(found["decision"]))

    view.panel("risk.guard", {"decisions"}, lambda reading: reading.listings.guard(), show)


def _breakers(view: View) -> None:
    with card("Breakers", "", "what halts by itself, until a person resumes"):
        rows = Slot()

    def ask(reading: Reading) -> Found:
        risk = _risk(reading)
        figures = {row["figure"]: row for row in reading.listings.guard()["figures"]}
        told = {"about": risk.about(), "day": risk.day(), "holding": risk.holding(), "faults": risk.faults()}
        return {**told, "figures": figures}

    view.panel(
        "risk.breakers",
        {"decisions", "halts", "equity"},
        ask,
        lambda found: rows.show(risk_tables.breakers(found)),
    )


def _stance(view: View) -> None:
    with card("Posture over time", "", "how freely desks may trade, and the stress that it follows from"):
        now = Slot()
        chart = Chart(
            view.colours, "Posture, its multiplier and five categories of stress over time", "stances"
        )
        words = Slot()

    def ask(reading: Reading) -> Found:
        risk = _risk(reading)
        told = reading.listings.about()
        has_panel = any(isinstance(KINDS.get(desk["kind"] or ""), PanelKind) for desk in told["desks"])
        rows = risk.stances(STANCES_SHOWN) if has_panel else []
        return {**risk.about(), "rows": rows, "has_panel": has_panel}

    def show(found: Found) -> None:
        if not found["has_panel"]:
            chart.show(None, "")
            now.show(_no_posture())
            words.show(html(""))
            return
        stances = stances_of(found["rows"], found["created_at"])
        options = stance_options(chart.base(), stances, found["last_at"], view.colours)
        chart.show(options if len(stances) > 1 else None, "")
        now.show(risk_tables.stance_now(stances, found["posture"] or {}))
        words.show(risk_tables.stress_words())

    view.panel("risk.stance", {"posture"}, ask, show, every_s=CHART_EVERY_S)


def _no_posture() -> Html:
    said = (
        "No desk of this run trades a panel, and postures are for those: here the guards and breakers above decide"
        " alone. See one with a divergence desk: "
    )
    command = code("tradeworthy run configs/blue.toml --duration 864000")
    return tag("p", joined([said, command]), class_="empty")


def _exposures(view: View) -> None:
    with card("Exposure by market", "s8", "what open trades cost"):
        markets = Slot("exposed")
    with card("Exposure by venue", "s4"):
        venues = Slot("exposed")

    def ask(reading: Reading) -> Found:
        limits = {row["figure"]: row["limit"] for row in reading.listings.guard()["figures"]}
        return {**reading.listings.exposures(), "limits": limits}

    def show(found: Found) -> None:
        limits = found["limits"]
        of_market = {"what": "Market", "key": "market", "limit": limits.get("position")}
        markets.show(risk_tables.exposures(found["by_market"], **of_market))
        of_venue = {"what": "Venue", "key": "venue", "limit": limits.get("venue")}
        venues.show(risk_tables.exposures(found["by_venue"], **of_venue))

    view.panel("risk.exposures", {"trades", "decisions"}, ask, show)


def _refused(view: View) -> None:
    with card("Refusals by rule"):
        rules = Slot("refused")
    view.panel(
        "risk.refused",
        {"decisions"},
        lambda reading: _risk(reading).refused(),
        lambda rows: rules.show(risk_tables.refused_rules(rows)),
        every_s=CHART_EVERY_S,
    )


def _refusals(view: View) -> None:
    with card("Newest refusals", "", "open one to see every figure that it was judged by"):
        newest = Slot("refusals")

    def ask(reading: Reading) -> list[Found]:
        rows = reading.listings.decisions(REFUSALS_SHOWN, approved=False)
        tokens = _risk(reading).tokens({row["instrument"] for row in rows if row["instrument"]})
        return [{**row, **tokens.get(row["instrument"], {})} for row in rows]

    view.panel(
        "risk.refusals",
        {"decisions"},
        ask,
        lambda rows: newest.show(risk_tables.refusals(rows)),
        every_s=CHART_EVERY_S,
    )


def _people(view: View) -> None:
    with card("Halts", "s8", "who, why, and who released them"):
        halts = Slot()
    with card("What people asked for", "s4"):
        orders = Slot()
    view.panel(
        "risk.halts",
        {"halts"},
        lambda reading: _risk(reading).halts(HALTS_SHOWN),
        lambda rows: halts.show(risk_tables.halts(rows)),
    )
    view.panel(
        "risk.orders",
        {"halts"},
        lambda reading: _risk(reading).orders(HALTS_SHOWN),
        lambda rows: orders.show(risk_tables.orders(rows)),
    )
