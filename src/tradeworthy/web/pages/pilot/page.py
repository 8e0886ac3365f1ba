"""Pilot Monitor: whether it lives, what it earns, what it sees, and why it takes so little of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import Request
from nicegui import ui

from tradeworthy.store.chart_listings import ChartListings
from tradeworthy.store.monitor_listings import MonitorListings
from tradeworthy.web.candles import MINUTE, CandleBook
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.controls import Push, picker
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import html
from tradeworthy.web.dashboard.view import Panel, Slot, View
from tradeworthy.web.pages.pilot import candidates as candidate_parts
from tradeworthy.web.pages.pilot import parts
from tradeworthy.web.pages.pilot.charts import edges_options, pnl_options
from tradeworthy.web.pages.pilot.parts import Rate, Spark, spark_of
from tradeworthy.web.pages.trades.table import trades_table
from tradeworthy.web.records import Reading

RECENT = 50
CANDIDATES_SHOWN = 40
CURVE_POINTS = 600
CURVE_EVERY_S = 1.0
SLOW_EVERY_S = 2.0
AGAIN_S_MIN = 0.5
SPARK_MINUTES = 61
"""Closes: from the first to the last of them is an hour."""
SPARKS_MAX = 12

VERDICTS = {
    "": "All candidates",
    "SKIPPED": "Skipped by the desk",
    "REJECTED": "Refused by risk",
    "CANCELLED": "Cancelled",
    "EXPIRED": "Expired",
    "FAILED": "Failed",
    "FILLED": "Filled",
}

Found = dict[str, Any]


def build(view: View, _: Request) -> None:
    """The page's panels."""
    monitor = Monitor(view)
    monitor.life()
    monitor.figures()
    monitor.heard()
    monitor.earned()
    monitor.held()
    monitor.made()
    monitor.weighed()
    monitor.gaps()
    monitor.absent()


class Monitor:
    """Builds the page's cards from top to bottom; what a run's desks don't have is hidden."""

    def __init__(self, view: View) -> None:
        self._view, self._rate = view, Rate()
        self._panels: list[Panel[Any]] = []
        self._of_kind: dict[str, list[ui.element]] = {"arbitrage": [], "uptrend": []}
        self._asked_at, self._verdict = 0.0, ""

    def life(self) -> None:
        """The large dot, what flows, and the button that asks again."""
        with ui.element("section").classes("tw-card tw-life").props('aria-label="Whether it lives"'):
            dot = Slot("tw-dot big", "span")
            dot.mark(role="status", **{"data-dot": "large"})
            flow = Slot("flow")
            ui.element("span").classes("grow")
            self._said = Slot("note", "span")
            Push("Refresh", self._again, "refresh")

        def show() -> None:
            pulse, status = self._view.hub.pulse, self._view.hub.status
            rate = None
            if self._view.is_living and status.get("answers"):
                self._rate.add(status["run"], status["packets"], time.monotonic())
                rate = self._rate.a_second()
            dot.mark(**{"data-state": pulse.state})
            dot.show(html(parts.pulse_words(pulse)))
            flow.show(parts.flow(pulse, rate, status if self._view.is_living else {}))

        self._view.watch({"pulse", "status"}, show)

    def figures(self) -> None:
        """The totals, as `report` has them."""
        tiles = Slot("tw-tiles")

        def show(found: Found) -> None:
            tiles.show(parts.tiles(found))
            self._absent.show(parts.absent(found["desk_kinds"]))
            for kind, cards in self._of_kind.items():
                for one in cards:
                    one.set_visibility(kind in found["desk_kinds"])

        self._panel("pilot.figures", {"trades", "equity", "candidates"}, _figures, show)

    def earned(self) -> None:
        """The P&L line."""
        with card("P&L", "s8", "session time, UTC"):
            curve = Chart(self._view.colours, "Profit and loss since the beginning, over session time")
        self._panel(
            "pilot.pnl",
            {"equity", "trades"},
            lambda reading: (reading.listings.equity(CURVE_POINTS), _monitor(reading).capital()),
            lambda found: curve.show(
                pnl_options(curve.base(), found[0], found[1], self._view.colours),
                "No line yet: it begins with the account's second mark, which comes with the first packets.",
            ),
            every_s=CURVE_EVERY_S,
        )

    def heard(self) -> None:
        """What is heard of prices: of the oracles, or of what the desks trade."""
        prices = Slot("tw-tiles oracles")
        sparks = list[Spark]()

        def show() -> None:
            heard = self._view.hub.status.get("prices") or {}
            run = self._view.run_asked
            prices.show(parts.oracles(sparks, heard if self._view.is_living else {}, run))

        def keep(found: list[Spark]) -> None:
            sparks[:] = found
            show()

        find = partial(_sparks, self._view.face.candles)
        self._panel("pilot.oracles", {"prices"}, find, keep, every_s=SLOW_EVERY_S)
        self._view.watch({"prices"}, show)

    def held(self) -> None:
        """What is held; of a desk on tokens its rows."""
        with card("Open positions", "s4"):
            held = Slot("held")
        self._panel(
            "pilot.positions",
            {"trades"},
            lambda reading: reading.listings.positions(),
            lambda rows: held.show(parts.positions(rows)),
        )
        self._of_kind["uptrend"].append(made := card("Rows by status and timeframe", ""))
        with made:
            rows = Slot()
        self._panel(
            "pilot.rows",
            {"markets", "trades"},
            lambda reading: _monitor(reading).token_rows(),
            lambda found: rows.show(parts.token_rows(found)),
            every_s=CURVE_EVERY_S,
        )

    def made(self) -> None:
        """The newest trades."""
        with card("Recent trades", "", f"the newest {RECENT}; a time leads to the trade's path"):
            trades = Slot("recent")
        self._panel(
            "pilot.trades",
            {"trades"},
            lambda reading: reading.listings.trades(RECENT),
            lambda rows: trades.show(
                trades_table(
                    rows,
                    caption="Recent trades, the newest first",
                    empty="No trade yet. Below stands what the desks saw, and why they took none of it.",
                )
            ),
        )

    def weighed(self) -> None:
        """Candidates with why they were not taken, and counts of the reasons."""
        with card("Candidates, and why they were not taken", "s8"):
            with ui.element("div").classes("filters"):
                picker("Verdict", dict(VERDICTS), "", self._pick, "verdict")
            rows = Slot("recent tall")
        self._weighed = self._panel(
            "",
            {"candidates"},
            _candidates(""),
            lambda found: rows.show(candidate_parts.candidates_table(found)),
        )
        self._want("")
        with card("Reasons", "s4"):
            Slot("contents", "h3").show(html("Not taken"))
            reasons = Slot()
            ui.element("h3").add_slot("default", "Refused by risk, by rule")
            refused = Slot()
            refused.mark(**{"data-part": "rejections"})

        def show(found: Found) -> None:
            reasons.show(candidate_parts.verdicts(found))
            refused.show(candidate_parts.rejections(found))

        self._panel("pilot.figures", {"trades", "equity", "candidates"}, _figures, show)

    def gaps(self) -> None:
        """How large the gaps were, how long they lasted, and the markets by state."""
        colours = self._view.colours
        self._of_kind["arbitrage"].append(made := card("Edges of gaps", "s4", "net of fees, a share"))
        with made:
            bars = Chart(colours, "How many gaps had an edge of so much, and how many of them were traded")
        self._panel(
            "pilot.edges",
            {"opportunities", "candidates"},
            lambda reading: _monitor(reading).edges(),
            lambda rows: bars.show(
                edges_options(bars.base(), rows, colours),
                "No gap was detected yet: no book was far enough from its oracle, or from its siblings.",
            ),
            every_s=SLOW_EVERY_S,
        )
        self._of_kind["arbitrage"].append(made := card("How long gaps lasted", "s5", "session time"))
        with made:
            lasted = Slot()
        self._panel(
            "pilot.figures",
            {"trades", "equity", "candidates"},
            _figures,
            lambda found: lasted.show(parts.gaps(found)),
        )

        self._of_kind["arbitrage"].append(made := card("Markets by state", "s3"))
        with made:
            markets = Slot()
        self._panel(
            "pilot.markets",
            {"markets"},
            lambda reading: _monitor(reading).markets(),
            lambda rows: markets.show(parts.markets(rows)),
            every_s=CURVE_EVERY_S,
        )

    def absent(self) -> None:
        """What this run's desks don't have, in a sentence."""
        self._absent = Slot("tw-wide")

    def _panel(self, name: str, topics: set[str], ask: Any, show: Any, **more: Any) -> Panel[Any]:
        self._panels.append(made := self._view.panel(name, topics, ask, show, **more))
        return made

    def _want(self, verdict: str) -> None:
        """The question and its name change together: answers are shared by their names."""
        self._weighed.name = lambda: f"pilot.candidates.{verdict}"
        self._weighed.ask = _candidates(verdict)

    async def _pick(self, event: Any) -> None:
        self._want(event.value or "")
        await self._view.refresh(self._weighed)

    async def _again(self) -> None:
        """Ask everything again, whether or not anything moved, and say so."""
        begin = time.monotonic()
        if begin - self._asked_at < AGAIN_S_MIN:
            return
        self._asked_at = begin
        self._view.hub.tell(frozenset().union(*(panel.topics for panel in self._panels)) - {"run"})
        for panel in self._panels:
            await self._view.refresh(panel)
        took, now = 1000 * (time.monotonic() - begin), datetime.now(UTC)
        trouble = self._view.trouble
        self._said.show(html(trouble or f"asked again at {now:%H:%M:%S} UTC, in {took:.0f} ms"))
        self._said.mark(**{"data-refreshed": now.isoformat()})


def _monitor(reading: Reading) -> MonitorListings:
    return MonitorListings(reading.connection, reading.queries.runs)


def _figures(reading: Reading) -> Found:
    return {**reading.queries.summary(), "today": _monitor(reading).today()}


def _candidates(verdict: str) -> Any:
    return lambda reading: reading.listings.candidates(CANDIDATES_SHOWN, verdict=verdict)


def _sparks(book: CandleBook, reading: Reading) -> list[Spark]:
    """The last hour of the oracles' prices; for desks that look at none, of the minute bars that the run keeps."""
    runs = reading.queries.runs
    if any(desk["kind"] == "arbitrage" for desk in reading.listings.about()["desks"]):
        return [
            spark_of(
                name,
                [
                    (one.open_ms / 1000, one.close)
                    for one in book.candles(runs, name, MINUTE)[-SPARK_MINUTES:]
                ],
            )
            for name in book.wanted(runs[0]).names()
        ]
    kept = ChartListings(reading.connection, runs).kept()
    names = [row["instrument"] for row in kept if row["timeframe"] == MINUTE][:SPARKS_MAX]
    return [
        spark_of(
            name,
            [
                (row["open_at"].timestamp(), float(row["close"]))
                for row in reversed(reading.listings.bars(name, MINUTE, SPARK_MINUTES))
            ],
        )
        for name in names
    ]
