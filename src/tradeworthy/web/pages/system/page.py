"""System: whether every part runs, how fast, on what, and who last touched it."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import nullcontext
from typing import Any

from fastapi import Request
from nicegui import background_tasks, ui

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.runtime.doctor import Finding, examine
from tradeworthy.runtime.home import Home
from tradeworthy.store import addresses
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.system_listings import SystemListings
from tradeworthy.web.api.checkup import Checkup, Part
from tradeworthy.web.dashboard.flattening import FlattenControl
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.halting import HaltControl
from tradeworthy.web.dashboard.markup import code, html, joined
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.system import lists, tables
from tradeworthy.web.pages.system.host import Use, measured
from tradeworthy.web.records import Reading

CHECK_EVERY_S = 5.0
"""Services, memory and disk are looked at again this often while somebody looks."""

RUNS_SHOWN, ALERTS_SHOWN, PEOPLE_SHOWN = 50, 50, 50
KINDS = {"database": "DATABASE_URL", "redis": "REDIS_URL"}

Found = dict[str, Any]


def build(view: View, _: Request) -> None:
    """The page's panels."""
    SystemPanels(view)


class SystemPanels:
    """What the page shows and when it last looked at the machine."""

    def __init__(self, view: View) -> None:
        self._view, self._checkup = view, Checkup()
        self._use: Use | None = None
        self._services: dict[str, Part] = {}
        self._health: list[Found] = []
        self._told: list[Found] = []
        self._looked_at, self._is_looking = 0.0, False
        self._tiles = _slot("system-tiles", "tw-tiles")
        with ui.element("div").classes("tw-stack s8"):
            with card("Parts", "", "what the running session says of each"):
                self._parts, self._reported = _slot("system-parts"), Slot()
            with card("Latencies", "", "of the last minute, and in session time from the tables"):
                self._latencies = _slot("system-latencies")
            with card("Feeds", "", "prices that the session believes"):
                self._feeds = _slot("system-feeds")
            Doctor(view)
        with ui.element("div").classes("tw-stack s4"):
            with card("Services", "", "each asked just now"):
                self._asked = _slot("system-services")
            self._emergency()
            with card("Disk and memory"):
                self._storage = _slot("system-storage")
        self._lists()
        view.panel(
            "system.health", {"health", "halts"}, lambda reading: _of(reading).health(), self._keep_health
        )
        view.panel(
            "system.latencies",
            {"decisions", "orders"},
            lambda reading: _of(reading).latencies(),
            self._keep_told,
        )
        view.watch({"status", "pulse"}, self._show)

    def _emergency(self) -> None:
        with card("Emergency", "", "on record with your name and reason"):
            Slot("", "p").show(html("Halt stops all entries; exits go on. Flatten also sells what is held."))
            with ui.element("div").classes("filters").props('data-figure="system-emergency"'):
                HaltControl(self._view)
                FlattenControl(self._view)
            words = ("tradeworthy halt", "resume", "flatten")
            Slot("note", "p").show(joined(["From a shell: ", joined(map(code, words), ", "), "."]))

    def _lists(self) -> None:
        view = self._view
        with card("Alerts", "s8"):
            alerts = _slot("system-alerts")
        view.panel("system.alerts", {"alerts"}, _alerts, lambda rows: alerts.show(lists.alerts(rows)))
        with card("People and circuit breakers", "s4 top"):
            people = _slot("system-people")
        view.panel(
            "system.people",
            {"halts", "health"},
            lambda reading: _of(reading).people(PEOPLE_SHOWN),
            lambda rows: people.show(lists.people(rows)),
        )
        with card("Runs", "", "each can be looked at again"):
            runs = _slot("system-runs")
        view.panel(
            "system.runs",
            {"equity", "trades"},
            lambda reading: reading.listings.all_runs(RUNS_SHOWN),
            lambda rows: runs.show(lists.runs(rows, view.run)),
            every_s=5.0,
        )

    def _keep_health(self, rows: list[Found]) -> None:
        self._health = rows
        self._show()

    def _keep_told(self, rows: list[Found]) -> None:
        self._told = rows
        self._show()

    def _show(self) -> None:
        """What the hub knows of the session that runs, whichever run is shown, and what was seen of the machine."""
        hub = self._view.hub
        status = hub.status
        self._tiles.show(tables.tiles(status, hub.seq, self._use, hub.pulse.state))
        # What a part said in another run is nothing of the session that runs.
        self._parts.show(tables.parts_table(status, self._health if self._view.is_living else []))
        self._reported.show(tables.reported_table(self._health, status))
        measured_ = status.get("latencies") if status.get("answers") else None
        self._latencies.show(tables.latencies(measured_, self._told))
        self._feeds.show(tables.feeds(status))
        self._show_services()
        if time.monotonic() - self._looked_at >= CHECK_EVERY_S and not self._is_looking:
            self._is_looking = True
            background_tasks.create(self._look(), name="system look")

    async def _look(self) -> None:
        """Ask the services, and see what the machine gives; the page waits for neither."""
        view = self._view
        try:
            pid = view.hub.status.get("pid")
            self._services = await self._checkup.parts(view.face)
            self._use = await asyncio.to_thread(measured, view.face.home, pid, view.run)
        finally:
            self._looked_at, self._is_looking = time.monotonic(), False
        self._show_services()
        self._storage.show(tables.storage(self._use, str(view.face.home.path)))

    def _show_services(self) -> None:
        kinds = {
            name: "external" if os.environ.get(variable) else "embedded" for name, variable in KINDS.items()
        }
        hub = self._view.hub
        self._asked.show(tables.services(self._services, kinds, tables.rows_behind(hub.status, hub.seq)))


class Doctor:
    """Looks at all that a session needs, on demand and in a thread."""

    def __init__(self, view: View) -> None:
        self._home = view.face.home
        with card("Doctor", "", "all that a session needs, looked at when you ask"):
            with (
                ui.element("button").classes("tw-btn").props('type="button" data-push="doctor"') as self._push
            ):
                ui.label("Look now")
            self._said = _slot("system-doctor")
        self._push.on("click", self._examine)

    async def _examine(self) -> None:
        self._push.props("disabled")
        self._said.show(html("Looking: a moment, please."))
        try:
            self._said.show(lists.findings(await asyncio.to_thread(_findings, self._home)))
        except TradeworthyError as error:
            self._said.show(html(str(error)))
        finally:
            self._push.props(remove="disabled")


def _findings(home: Home) -> list[Finding]:
    # The examination leaves the embedded server that it used, and this process still reads from it.
    server = EmbeddedPostgres(home.path)
    with server if server.running_url() else nullcontext():
        try:
            return list(examine(home))
        finally:
            addresses.database_url(home.path)


def _alerts(reading: Reading) -> list[Found]:
    return reading.listings.alerts(ALERTS_SHOWN)


def _of(reading: Reading) -> SystemListings:
    return SystemListings(reading.connection, reading.queries.run)


def _slot(name: str, classes: str = "") -> Slot:
    made = Slot(classes)
    made.mark(**{"data-figure": name})
    return made
