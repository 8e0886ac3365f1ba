"""Learning: what closed trades and windows taught, how sure that is, what it changes, and when it is asked again."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from nicegui import ui

from tradeworthy.learning.schedule import every_s
from tradeworthy.runtime.desk_kinds import KINDS, TokenKind
from tradeworthy.store.learning_listings import WHOLE, LearningListings
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import html, joined
from tradeworthy.web.dashboard.view import Panel, Slot, View
from tradeworthy.web.pages.learning import lessons, overrides
from tradeworthy.web.pages.learning import tables as learning_tables
from tradeworthy.web.pages.learning.charts import edge_options, facts_options, skipped_options, tuning_options
from tradeworthy.web.pages.learning.words import dimension_words, pattern_words
from tradeworthy.web.records import Reading

Found = dict[str, Any]
Filters = tuple[str, str, str, str]
"""A type of lessons, a pattern, an action and a dimension; "" is any."""

LESSONS_SHOWN, LESSONS_DRAWN = 60, 16
EVERY_S = 1.0
STRENGTH, TUNING = "pm_strength", "tuning_rates"
TYPES = {STRENGTH: "strength", TUNING: "tuning"}
ANY = "any"


def build(view: View, request: Request) -> None:
    """The page's panels; the address may name type, pattern, action and dimension of the lessons."""
    with card("Nothing is learned here") as calm:
        why = Slot()
    with ui.element("div").classes("contents") as learned:
        tiles = Slot("tw-tiles")
        _Lessons(view, dict(request.query_params))
        _overrides(view)
        _windows(view)
        _schedule(view)

    def show(found: Found) -> None:
        learns = found["learns"]
        calm.set_visibility(not learns)
        learned.set_visibility(learns)
        why.show(html("") if learns else learning_tables.no_learning(found["desks"]))
        tiles.show(learning_tables.tiles(found) if learns else html(""))

    view.panel("learning.tiles", {"learning"}, _headline, show, every_s=EVERY_S)


def _learned(reading: Reading) -> LearningListings:
    return LearningListings(reading.connection, reading.queries.runs)


def _headline(reading: Reading) -> Found:
    learned, desks = _learned(reading), reading.listings.about()["desks"]
    learns = any(isinstance(KINDS.get(desk["kind"] or ""), TokenKind) for desk in desks)
    if not learns:
        return {"learns": False, "desks": desks}
    return {
        "learns": True,
        "desks": desks,
        "facts": learned.facts(),
        "windows": learned.windows(),
        "choices": learned.choices(),
        "overrides": learned.overrides(),
    }


class _Lessons:
    """The lessons, by type, pattern, action and a dimension of their scope."""

    def __init__(self, view: View, asked: dict[str, str]) -> None:
        self._view = view
        self._type = asked.get("type", STRENGTH) if asked.get("type") in TYPES else STRENGTH
        with card("Lessons", "", "which slices did otherwise than the rest, and how sure that is"):
            with ui.element("div").classes("filters"):
                self._kind = self._select("Type", TYPES, self._type)
                self._pattern = self._select("Pattern", {ANY: ANY}, ANY)
                self._action = self._select("Action", {ANY: ANY}, ANY)
                self._dimension = self._select("Dimension", {ANY: ANY}, ANY)
                self._found = Slot("note", "span")
            with ui.element("div").classes("halves"):
                with ui.element("div").classes("by-rows") as self._room:
                    said = "Reward over risk of each slice beside all, with its interval"
                    self._chart = Chart(view.colours, said)
                    self._said = Slot("note")
                with ui.element("div"):
                    self._rows = Slot()
                    self._words = Slot()
            self._drawn = 0
        self._wanted = {name: asked.get(name, "") for name in ("pattern", "action", "dimension")}
        view.panel("learning.choices", {"learning"}, lambda reading: _learned(reading).choices(), self._offer)
        self._panel: Panel[tuple[Filters, list[Found]]] = view.panel(
            "", {"learning"}, partial(_find, self._filters()), self._show, every_s=EVERY_S
        )
        self._want()

    def _select(self, label: str, options: dict[str, str], value: str) -> ui.select:
        made = ui.select(options, value=value, label=label, on_change=self._changed)
        return made.props(f'dense outlined options-dense data-filter="{label.lower()}"').classes("filter")

    async def _changed(self) -> None:
        if hasattr(self, "_panel"):
            self._want()
            await self._view.refresh(self._panel)

    def _offer(self, choices: list[Found]) -> None:
        """Offer what there is; what is chosen stays."""
        patterns = dict.fromkeys(row["pattern_key"] for row in choices)
        actions = dict.fromkeys(row["action_category"] for row in choices)
        dimensions = choices[0]["dimensions"] if choices else []
        told = {WHOLE: "none: the whole pattern", **{one: dimension_words(one) for one in dimensions}}
        for select, name, options in (
            (self._pattern, "pattern", {one: pattern_words(one) for one in patterns}),
            (self._action, "action", {one: one.replace("_", " ") for one in actions}),
            (self._dimension, "dimension", told),
        ):
            offered = {ANY: ANY, **options}
            wanted = self._wanted.pop(name, "") or select.value
            chosen = wanted if wanted in offered else ANY
            if offered != select.options or chosen != select.value:
                select.set_options(offered, value=chosen)

    def _want(self) -> None:
        """Ask for what is chosen. The question and its name change together: answers are shared by their names."""
        filters = self._filters()
        self._panel.name = lambda: f"learning.lessons {filters}"
        self._panel.ask = partial(_find, filters)

    def _filters(self) -> Filters:
        chosen = (one.value for one in (self._pattern, self._action, self._dimension))
        pattern, action, dimension = ("" if one in (ANY, None) else str(one) for one in chosen)
        return str(self._kind.value or STRENGTH), pattern, action, dimension

    def _show(self, answer: tuple[Filters, list[Found]]) -> None:
        filters, rows = answer
        if filters != self._filters():
            return
        kind = filters[0]
        drawn = (tuning_options if kind == TUNING else edge_options)(
            self._chart.base(), rows[:LESSONS_DRAWN], self._view.colours
        )
        self._chart.show(
            drawn, "No slice to draw: too few trades or windows yet, or a filter that leaves none."
        )
        self._make_room(min(len(rows), LESSONS_DRAWN))
        self._said.show(lessons.chart_words(kind) if drawn else html(""))
        self._rows.show(lessons.lessons_table(rows, kind))
        self._words.show(lessons.column_words(kind) if rows else html(""))
        found = rows[0]["found"] if rows else 0
        said = f"{found:,} found" + (f", the first {len(rows)} listed" if found > len(rows) else "")
        self._found.show(html(said + (f", the first {LESSONS_DRAWN} drawn" if found > LESSONS_DRAWN else "")))

    def _make_room(self, rows: int) -> None:
        """As much room as the drawn rows take."""
        if rows and rows != self._drawn:
            self._drawn = rows
            self._room.style(f"--rows: {rows}")


def _find(filters: Filters, reading: Reading) -> tuple[Filters, list[Found]]:
    return filters, _learned(reading).lessons(*filters, limit=LESSONS_SHOWN)


def _overrides(view: View) -> None:
    with card("Overrides in force", "s7", "0.3 on the left, 1 in the middle, 3 on the right"):
        active = Slot("overrides")
    with card("Overrides that are over", "s5"):
        over = Slot("over")

    def ask(reading: Reading) -> Found:
        return {"rows": _learned(reading).overrides(), "settings": reading.learning.settings()}

    def show(found: Found) -> None:
        active.show(overrides.in_force(found["rows"], found["settings"]))
        over.show(overrides.over(found["rows"]))

    view.panel("learning.overrides", {"learning"}, ask, show, every_s=EVERY_S)


def _windows(view: View) -> None:
    with card("Skipped windows by gate", "s6", "and what became of them"):
        gates = Chart(
            view.colours, "Skipped windows by the first gate that was not met, and what became of them"
        )
        said = Slot()
    with card("Facts over time", "s6", "closed actions, and their mean reward over risk"):
        facts = Chart(view.colours, "Facts and their mean reward over risk over time")

    def show(found: Found) -> None:
        options = skipped_options(gates.base(), found["skipped"], view.colours)
        gates.show(options, "No window was let pass yet.")
        said.show(learning_tables.windows(found["windows"]))

    view.panel(
        "learning.windows",
        {"learning"},
        lambda reading: {"skipped": _learned(reading).skipped(), "windows": _learned(reading).windows()},
        show,
        every_s=EVERY_S,
    )
    view.panel(
        "learning.facts",
        {"learning"},
        lambda reading: _learned(reading).facts(),
        lambda found: facts.show(
            facts_options(facts.base(), found["buckets"], view.colours),
            "No fact yet: they are taken from closed trades, every five minutes of session time.",
        ),
        every_s=EVERY_S,
    )


def _schedule(view: View) -> None:
    with card("Jobs on the schedule", "s6", "in session time"):
        jobs = Slot()
    with card("Thresholds and curators", "s6"):
        rest = Slot()

    def ask(reading: Reading) -> Found:
        learned, about = _learned(reading), reading.learning.about()
        configured = [
            one
            for desk in about["configuration"].get("desks", [])
            for one in desk.get("settings", {}).get("curators", [])
        ]
        return {
            "jobs": learned.jobs(),
            "asked": learned.asked(),
            "every_s": every_s(reading.learning.settings()),
            "last_at": reading.listings.about()["last_at"],
            "thresholds": learned.thresholds(),
            "curators": learned.curators(),
            "configured": configured,
        }

    def show(found: Found) -> None:
        jobs.show(learning_tables.jobs(found["jobs"], found["asked"], found["every_s"], found["last_at"]))
        told = learning_tables.thresholds(found["thresholds"])
        rest.show(joined([told, learning_tables.curators(found["curators"], found["configured"])]))

    view.panel("learning.schedule", {"learning"}, ask, show, every_s=EVERY_S)
