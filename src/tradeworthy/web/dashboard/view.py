"""One open page: its panels, each filled from the hub, and filled again when what it shows has changed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import psycopg
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from tradeworthy.core.errors import NotAvailable, TradeworthyError, UsageError
from tradeworthy.web.dashboard.markup import Html
from tradeworthy.web.dashboard.theme import Palette
from tradeworthy.web.entry.access import Access, Caller
from tradeworthy.web.face import Face
from tradeworthy.web.records import Reading

T = TypeVar("T")

TABLE_EVERY_S = 0.5
"""Tables and charts are drawn again this often at most; figures as often as the hub tells of news."""

FILL_S_MAX = 10.0
"""A page opens after so long with what is there by then: who wants to halt waits for no table."""

LATE = "the tables are slow to answer: what is missing comes when it is read"


class Slot:
    """A place on the page for HTML; the browser hears of it only if it is another than before."""

    def __init__(self, classes: str = "", name: str = "div") -> None:
        self._element = ui.html("", sanitize=False, tag=name).classes(classes)
        self._shown = ""

    def show(self, content: Html) -> None:
        """Put `content` there."""
        if content != self._shown:
            self._shown = content
            self._element.set_content(content)

    @property
    def is_gone(self) -> bool:
        """Whether nobody can see it any more."""
        return self._element.is_deleted

    def mark(self, **attributes: str) -> None:
        """Set attributes of the place itself."""
        said = self._element.props
        for name, value in attributes.items():
            if said.get(name) != value:
                said[name] = value
                self._element.update()


class Words:
    """A place for plain text, escaped by the browser."""

    def __init__(self, element: TextElement) -> None:
        self._element = element

    def show(self, text: str) -> None:
        """Put `text` there."""
        if self._element.text != text:
            self._element.set_text(text)


@dataclass(eq=False)
class Panel(Generic[T]):
    """What a part of the page asks (`ask` under `name`), when it has to ask again, and how it shows the answer."""

    name: Callable[[], str]
    topics: frozenset[str]
    ask: Callable[[Reading], T]
    show: Callable[[T], None]
    every_s: float
    stale: bool = True
    shown_at: float = field(default=0.0)
    trouble: str = ""


class View:
    """A page as one browser shows it: who looks (`caller`), at which `run` ("": the hub's), in which `colours`."""

    def __init__(self, face: Face, access: Access, caller: Caller, run: str, colours: Palette) -> None:
        self.face, self.hub, self.access = face, face.hub, access
        self.caller, self.colours = caller, colours
        self.run_asked = run
        self.trouble = ""
        self._panels: list[Panel[Any]] = []
        self._watchers: list[tuple[frozenset[str], Callable[[], None]]] = []

    @property
    def run(self) -> str:
        """The run that is shown."""
        return self.run_asked or self.hub.run

    @property
    def is_living(self) -> bool:
        """Whether the run that is shown is the one that the hub follows."""
        return self.run == self.hub.run

    def panel(
        self,
        name: str | Callable[[], str],
        topics: set[str],
        ask: Callable[[Reading], T],
        show: Callable[[T], None],
        *,
        every_s: float = TABLE_EVERY_S,
    ) -> Panel[T]:
        """Let `show` have what `ask` finds, now and whenever one of `topics` moved, at most each `every_s`.

        All pages share one answer of that `name`, which has to name everything that `ask` depends on.
        """
        named = name if callable(name) else lambda: name
        made = Panel(named, frozenset(topics | {"run"}), ask, show, every_s)
        self._panels.append(made)
        return made

    def watch(self, topics: set[str], show: Callable[[], None]) -> None:
        """Call `show`, which reads the hub's own fields, now and whenever one of `topics` moved."""
        self._watchers.append((frozenset(topics | {"run"}), show))

    @property
    def may_look(self) -> bool:
        """Whether its caller is still let in; no while that can't be known."""
        try:
            return self.access.holds(self.caller)
        except UsageError:
            return False

    async def fill(self) -> None:
        """Show everything once, as far as it comes in FILL_S_MAX; `follow` shows the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FILL_S_MAX):
                for panel in self._panels:
                    await self.refresh(panel)
        for panel in self._panels:
            if panel.stale and not panel.trouble:
                panel.trouble = self.trouble = LATE
        for _, show in self._watchers:
            show()

    async def refresh(self, panel: Panel[Any]) -> None:
        """Ask and show one panel; what can't be read stays as it was, and `trouble` says why.

        Nothing for who may look no more.
        """
        if not self.may_look:
            return
        panel.stale, panel.shown_at = False, time.monotonic()
        try:
            found = await self.hub.read(panel.name(), panel.ask, panel.topics, self.run_asked)
        except asyncio.CancelledError:
            panel.stale = True
            raise
        except NotAvailable as error:
            panel.trouble = str(error)
        except (TradeworthyError, psycopg.Error) as error:
            panel.trouble, panel.stale = str(error).strip(), True
        else:
            panel.trouble = ""
            panel.show(found)
        # One that can be read says nothing of the others, which may still show what was.
        self.trouble = next((one.trouble for one in self._panels if one.trouble), "")

    async def follow(self) -> None:
        """Keep the page up to date until it is closed, or its caller may look no more."""
        async with asyncio.TaskGroup() as both:
            # Each by itself: whether packets flow, and what is halted, waits for no table.
            both.create_task(self._follow_hub())
            both.create_task(self._follow_rows())

    async def _follow_hub(self) -> None:
        async for change in self.hub.changes():
            if not self.may_look:
                return
            for topics, show in self._watchers:
                if topics & change.topics:
                    show()

    async def _follow_rows(self) -> None:
        for panel in self._panels:
            # Something may have moved since it was filled.
            panel.stale = True
        async for change in self.hub.changes():
            if not self.may_look:
                return
            now = time.monotonic()
            moved = change.topics if self.is_living else change.topics - _OF_ROWS
            for panel in self._panels:
                panel.stale |= bool(panel.topics & moved)
                if panel.stale and now - panel.shown_at >= panel.every_s:
                    await self.refresh(panel)


_OF_ROWS = frozenset(
    {"trades", "candidates", "decisions", "orders", "equity", "posture", "halts", "opportunities", "markets"}
)
"""Topics that concern the hub's run alone."""
