"""Trades: every trade that was made, filtered, page by page, each on the candles that it was made in."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from tradeworthy.core.errors import UsageError
from tradeworthy.store.listings import Before, Spot
from tradeworthy.store.strategy_listings import StrategyListings
from tradeworthy.web.dashboard.candle_chart import CandleChart
from tradeworthy.web.dashboard.controls import Push, day_picker, picker
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import address, html, tag
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.trades.filters import STATUSES, TradeFilter, day_of, filter_of
from tradeworthy.web.pages.trades.table import trades_table
from tradeworthy.web.records import Reading

PAGE = 50
CHOSEN = """(event) => {
  const button = event.target.closest('[data-chart]');
  if (button) emit(button.dataset.chart);
}"""
TO_CHART = "document.getElementById('candles')?.scrollIntoView({block: 'nearest'})"

ALL_STRATEGIES = {"": "All strategies"}
ALL_KINDS = {"": "All types"}

Found = dict[str, Any]


class Asked(NamedTuple):
    """A page of trades: what is filtered, and the row before which it ends (None: the newest page)."""

    wanted: TradeFilter
    before: Before


class Answer(NamedTuple):
    """A page, what it answers, and whether older rows follow it."""

    asked: Asked
    rows: list[Found]
    has_more: bool


def build(view: View, request: Request) -> None:
    """The page's panels."""
    query = request.query_params
    with card("Candles, with entries, exits and states").props("id=candles"):
        chart = CandleChart(
            view,
            name=query.get("instrument", ""),
            timeframe=query.get("timeframe", ""),
            chosen=_trade(query.get("trade", "")),
        )
    try:
        wanted = filter_of(query)
    except UsageError as error:
        view.trouble, wanted = str(error), TradeFilter()
    with card("Trades", "", "a time leads to the trade's path: why it was made, and all that came of it"):
        TradesPanel(view, chart, wanted)


class TradesPanel:
    """The filters, the table, and the way through its pages."""

    def __init__(self, view: View, chart: CandleChart, wanted: TradeFilter) -> None:
        self._view, self._chart = view, chart
        self._wanted, self._spots = wanted, list[Before]([None])
        self._is_setting, self._last = False, Spot("", 0)
        with ui.element("div").classes("filters"):
            self._filters(wanted)
        self._said = Slot("said", "p")
        with ui.element("div").on("click", self._pick, js_handler=CHOSEN):
            self._table = Slot()
        with ui.element("div").classes("filters pages"):
            self._newer = Push("Newer", self._go_newer, "newer")
            self._older = Push("Older", self._go_older, "older")
            self._where = Slot("note", "span")
            self._download = Slot("grow right", "span")
        self._panel = view.panel("", {"trades"}, _nothing, self._show)
        self._ask()
        view.panel("trades.choices", {"trades", "candidates"}, _choices, self._choose, every_s=5.0)

    def _filters(self, wanted: TradeFilter) -> None:
        change = self._change
        self._strategy = picker("Strategy", dict(ALL_STRATEGIES), "", change, "strategy")
        self._status = picker("Status", dict(STATUSES), wanted.status, change, "status")
        self._kind = picker("Type", dict(ALL_KINDS), "", change, "kind")
        self._since = day_picker("Opened from", wanted.since, change, "since")
        self._until = day_picker("to", wanted.until, change, "until")
        Push("Clear", self._clear, "clear")

    def _ask(self) -> None:
        """Ask for this page from now on. The question and its name change together: answers are shared by names."""
        asked = Asked(self._wanted, self._spots[-1])
        self._panel.name = lambda: f"trades.{asked}"
        self._panel.ask = partial(_find, asked)
        run = self._view.run_asked
        where = address("/trades.csv", run=run, **self._wanted.query())
        self._download.show(tag("a", "Download these as CSV", href=where, download="", class_="tw-btn"))

    async def _change(self, _: Any = None) -> None:
        if self._is_setting:
            return
        try:
            days = day_of("from", self._since.value or ""), day_of("to", self._until.value or "")
        except UsageError as error:
            self._said.show(html(str(error)))
            return
        self._said.show(html(""))
        self._wanted = TradeFilter(
            self._strategy.value or "", self._status.value or "", self._kind.value or "", *days
        )
        await self._turn_to([None])

    async def _clear(self) -> None:
        self._is_setting = True
        for one in (self._strategy, self._status, self._kind, self._since, self._until):
            one.value = ""
        self._is_setting = False
        await self._change()

    async def _go_older(self) -> None:
        await self._turn_to([*self._spots, self._last])

    async def _go_newer(self) -> None:
        await self._turn_to(self._spots[:-1] or [None])

    async def _turn_to(self, spots: list[Before]) -> None:
        self._spots = spots
        self._ask()
        await self._view.refresh(self._panel)

    async def _pick(self, event: GenericEventArguments) -> None:
        if (chosen := _trade(str(event.args))) is not None:
            await self._chart.choose(*chosen)
            ui.run_javascript(TO_CHART)

    def _choose(self, found: dict[str, list[str]]) -> None:
        """Offer what there is, and what the address asks for even if there is none of it."""
        self._is_setting = True
        for one, everything, names, wanted in (
            (self._strategy, ALL_STRATEGIES, found["strategies"], self._wanted.strategy),
            (self._kind, ALL_KINDS, found["kinds"], self._wanted.kind),
        ):
            options = {**everything, **{name: name for name in sorted({*names, wanted} - {""})}}
            if options != one.options or one.value != wanted:
                one.set_options(options, value=wanted)
        self._is_setting = False

    def _show(self, found: Answer) -> None:
        if found.asked != Asked(self._wanted, self._spots[-1]):
            return
        rows, page = found.rows, len(self._spots)
        self._table.show(
            trades_table(rows, caption="Trades, the newest first", empty=_why_none(found), has_chart=True)
        )
        if rows:
            self._last = Spot(rows[-1]["run"], rows[-1]["seq"])
        first = PAGE * (page - 1)
        self._where.show(html(f"rows {first + 1:,} to {first + len(rows):,}" if rows else ""))
        self._newer.enable(when=page > 1)
        self._older.enable(when=found.has_more)


def _find(asked: Asked, reading: Reading) -> Answer:
    rows = reading.listings.trades(PAGE + 1, asked.before, **asked.wanted.asked())
    return Answer(asked, rows[:PAGE], len(rows) > PAGE)


def _nothing(_: Reading) -> Answer:
    return Answer(Asked(TradeFilter(), None), [], has_more=False)


def _choices(reading: Reading) -> dict[str, list[str]]:
    return StrategyListings(reading.connection, reading.queries.runs).choices()


def _why_none(found: Answer) -> str:
    if found.asked.before is not None:
        return "There are no older trades."
    if found.asked.wanted != TradeFilter():
        return "No trade fits these filters; Clear shows all."
    return (
        "No trade yet. A desk that finds nothing worth its costs trades nothing; Pilot Monitor says why each candidate"
        " was not taken."
    )


def _trade(text: str) -> tuple[str, int] | None:
    """A run and a seq from run:seq."""
    run, _, seq = text.rpartition(":")
    return (run, int(seq)) if run and seq.isdecimal() and len(seq) < 19 else None
