"""A chart of candles for pages: pickers of instrument and timeframe, trades and states drawn into the candles."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.store.chart_listings import ChartListings
from tradeworthy.web.candles import JOURNAL_BYTES_MAX, Candle, CandleBook
from tradeworthy.web.dashboard.candle_options import AROUND, SHOWN, Scene, candle_options, place_of
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.controls import picker
from tradeworthy.web.dashboard.markup import html
from tradeworthy.web.dashboard.theme import Palette
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.records import Reading

DRAWN_MAX: Final = 1_000
PAGE: Final = 500
DRAWN_EVERY_S: Final = 2.0


class Wanted(NamedTuple):
    """What to show ("": whatever is traded most), and the trade that was chosen, as (run, seq)."""

    name: str = ""
    timeframe: str = ""
    chosen: tuple[str, int] | None = None


class Answer(NamedTuple):
    """What there is: the timeframes of each name, what is shown of them, and words about where it is from."""

    wanted: Wanted
    names: dict[str, list[str]]
    name: str
    scene: Scene
    words: str


class ZoomedChart(Chart):
    """A chart that knows whether people chose the part that is in sight (`is_zoomed`)."""

    def __init__(self, colours: Palette, label: str, classes: str = "") -> None:
        super().__init__(colours, label, classes)
        self.is_zoomed = False
        self._drawn.on("chart:datazoom", self._zoom, args=[], throttle=0.5)

    def _zoom(self) -> None:
        self.is_zoomed = True


class Drawn(NamedTuple):
    """What a browser has before it."""

    name: str = ""
    timeframe: str = ""
    chosen: tuple[str, int] | None = None
    candles: int = 0

    def is_other_than(self, before: Drawn) -> bool:
        """Whether it has little to do with what was there `before`, so that another part has to come into sight."""
        is_same = self[:3] == before[:3]
        return not is_same or self.candles < before.candles or self.candles > 1.05 * before.candles


class CandleChart:
    """The chart within the element that is open; `chosen` is the run and seq of a trade to begin with."""

    def __init__(
        self, view: View, *, name: str = "", timeframe: str = "", chosen: tuple[str, int] | None = None
    ) -> None:
        self._view, self._book = view, view.face.candles
        self._drawn = Drawn()
        self._is_setting = False
        with ui.element("div").classes("filters"):
            self._names = picker("Instrument", [], None, self._pick, "instrument")
            self._timeframes = picker("Timeframe", [], None, self._pick, "timeframe").classes("short")
            self._words = Slot("note", "span")
        self._chart = ZoomedChart(
            view.colours,
            "Candles of an instrument, with the entries and exits of trades and the states it was seen in",
            "tall",
        )
        self._panel = view.panel(
            "", {"trades", "prices", "markets"}, _nothing, self._show, every_s=DRAWN_EVERY_S
        )
        self._want(Wanted(name, timeframe, chosen))

    async def choose(self, run: str, seq: int) -> None:
        """Show the candles of what a trade was in, with its entry and exit in sight."""
        self._want(Wanted(chosen=(run, seq)))
        await self._view.refresh(self._panel)

    def _want(self, wanted: Wanted) -> None:
        """Ask for this from now on. The question and its name change together: answers are shared by their names."""
        self._wanted = wanted
        self._panel.name = lambda: f"candles.{wanted}"
        self._panel.ask = partial(find, self._book, wanted)

    async def _pick(self, _: ValueChangeEventArguments[Any]) -> None:
        if self._is_setting:
            return
        name = self._names.value or ""
        chosen = self._wanted.chosen if name == self._drawn.name else None
        self._want(Wanted(name, self._timeframes.value or "", chosen))
        await self._view.refresh(self._panel)

    def _show(self, answer: Answer) -> None:
        if answer.wanted != self._wanted:
            return
        self._is_setting = True
        timeframes = answer.names.get(answer.name, [])
        for one, options, value in (
            (self._names, list(answer.names), answer.name),
            (self._timeframes, timeframes, answer.scene.timeframe),
        ):
            if one.options != options or one.value != value:
                one.set_options(options, value=value if value in options else None)
        self._is_setting = False
        self._words.show(html(answer.words if answer.scene.candles else ""))
        scene, before = answer.scene, self._drawn
        self._drawn = Drawn(answer.name, scene.timeframe, scene.chosen, len(scene.candles))
        if self._drawn.is_other_than(before):
            self._chart.is_zoomed = False
        drawn = candle_options(self._chart.base(), scene, self._view.colours, is_free=self._chart.is_zoomed)
        self._chart.show(drawn, answer.words)


def _nothing(_: Reading) -> Answer:
    return Answer(Wanted(), {}, "", Scene((), "", (), (), None), "")


def find(book: CandleBook, wanted: Wanted, reading: Reading) -> Answer:
    """What there is of `wanted`: of the table of bars if the run keeps some, else of its journal."""
    runs = reading.queries.runs
    listings = ChartListings(reading.connection, runs)
    names = dict[str, list[str]]()
    for row in listings.kept():
        names.setdefault(row["instrument"], []).append(row["timeframe"])
    is_kept = bool(names)
    names = _ordered(names or book.wanted(runs[0]).names(), [row["name"] for row in listings.traded()])
    trade = listings.trade(*wanted.chosen) if wanted.chosen else None
    name, timeframe = _picked(wanted, names, trade)
    candles = list[Candle]()
    if name in names:
        kept = (
            _from_table(reading, name, timeframe, trade) if is_kept else book.candles(runs, name, timeframe)
        )
        candles = _drawn(kept, timeframe, trade)
    marks = [row for row in listings.marks(name) if _belongs(row["strategy"], timeframe)] if candles else []
    stages = listings.stages(name, timeframe) if candles else []
    chosen = wanted.chosen if trade is not None and trade["name"] == name else None
    scene = Scene(candles, timeframe, marks, stages, chosen)
    words = _words(scene, name, is_kept=is_kept, journal=None if is_kept else book.wanted(runs[0]))
    return Answer(wanted, names, name, scene, words)


def _ordered(names: dict[str, list[str]], traded: list[str]) -> dict[str, list[str]]:
    """The traded ones first, timeframes by their length."""
    order = [name for name in traded if name in names]
    order += [name for name in sorted(names) if name not in order]
    return {name: sorted(names[name], key=TIMEFRAMES_NS.__getitem__) for name in order}


def _picked(wanted: Wanted, names: dict[str, list[str]], trade: dict[str, Any] | None) -> tuple[str, str]:
    name = wanted.name or (trade["name"] if trade else next(iter(names), ""))
    known = names.get(name, [])
    asked = wanted.timeframe or (trade["strategy"] if trade else "")
    return name, asked if asked in known else (known[0] if known else "")


def _belongs(strategy: str, timeframe: str) -> bool:
    """A strategy that is called after its timeframe trades that one alone."""
    return strategy == timeframe or strategy not in TIMEFRAMES_NS


def _from_table(reading: Reading, name: str, timeframe: str, trade: dict[str, Any] | None) -> list[Candle]:
    """The newest bars, or those until some time after `trade`; the oldest first."""
    before = None
    if trade is not None:
        step = timedelta(microseconds=TIMEFRAMES_NS[timeframe] // 1_000)
        before = (trade["closed_at"] or trade["opened_at"]) + SHOWN * step
    found = list[dict[str, Any]]()
    while len(found) < DRAWN_MAX:
        rows = reading.listings.bars(name, timeframe, PAGE, before)
        found += rows
        if len(rows) < PAGE:
            break
        before = rows[-1]["open_at"]
    return [
        Candle(
            round(row["open_at"].timestamp() * 1000),
            *(row[part] for part in ("open", "high", "low", "close", "volume")),
        )
        for row in reversed(found)
    ]


def _drawn(candles: list[Candle], timeframe: str, trade: dict[str, Any] | None) -> list[Candle]:
    """The newest DRAWN_MAX, or those around `trade`."""
    end = len(candles)
    if trade is not None:
        place = place_of(Scene(candles, timeframe, (), (), None), trade["closed_at"] or trade["opened_at"])
        end = end if place is None else min(end, place + SHOWN + AROUND)
    return candles[max(0, end - DRAWN_MAX) : end]


def _words(scene: Scene, name: str, *, is_kept: bool, journal: Any) -> str:
    if not scene.candles:
        if journal is not None and journal.is_behind and not journal.trouble:
            return "The run's journal is being read; its candles come in a moment."
        if journal is not None and journal.trouble:
            return f"There are no candles: {journal.trouble}."
        if name:
            return f"There are no candles of {name}: this run heard no price of it, and keeps no bars of it."
        return "There are no candles yet: they begin with the first price or bar that this run hears."
    words = f"{len(scene.candles):,} candles, UTC, "
    if is_kept:
        return f"{words}from the table of bars"
    words += (
        "made from the prices in the run's journal" if scene.candles[-1].volume is None else "of its journal"
    )
    if not journal.is_whole:
        words += f", of which the newest {JOURNAL_BYTES_MAX >> 20} MB are read"
    if journal.is_behind:
        words += "; it is still being read"
    return f"{words}; {journal.trouble}" if journal.trouble else words
