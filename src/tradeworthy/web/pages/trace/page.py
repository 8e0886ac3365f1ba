"""Trace: the way of one candidate as a picture, or the newest candidates to choose from."""

from __future__ import annotations

from fastapi import Request
from nicegui import ui

from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import address
from tradeworthy.web.dashboard.view import View
from tradeworthy.web.pages.trace.choosing import Choosing
from tradeworthy.web.pages.trace.path import PathPanels

WIDTH = "width: min(420px, 100%)"


def build(view: View, request: Request) -> None:
    """The page's panels."""
    packet = request.query_params.get("packet", "").strip()[:100]
    with card("Look up", "", "a seq, a packet id, or a row of a desk on tokens such as 1h@BONK"):
        _box(view, packet)
    if packet:
        PathPanels(view, packet)
    else:
        Choosing(view)


def _box(view: View, packet: str) -> None:
    def go() -> None:
        wanted = str(box.value or "").strip()
        ui.navigate.to(address("/trace", packet=wanted, run=view.run_asked))

    with ui.element("form").classes("filters").props('role="search"').on("submit.prevent", go):
        box = (
            ui.input(placeholder="13616, an id, or 1h@BONK", value=packet)
            .props("dense outlined")
            .style(WIDTH)
        )
        box.props('data-figure="trace-box" aria-label="Packet"')
        with ui.element("button").classes("tw-btn go").props('type="submit"'):
            ui.label("Show its path")
        if packet:
            with ui.element("a").classes("tw-btn").props(f'href="{address("/trace", run=view.run_asked)}"'):
                ui.label("All candidates")
