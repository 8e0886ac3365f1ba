"""One open page: its panels, each filled from the hub, and filled again when what it shows has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from tradeworthy.core.errors import NotAvailable, TradeworthyError
from tradeworthy.web.dashboard.markup import Html
from tradeworthy.web.dashboard.theme import Palette
from tradeworthy.web.entry.access import Access, Caller
from tradeworthy.web.face import Face
from tradeworthy.web.records import Reading

T = TypeVar("T")

TABLE_EVERY_S = 0.5
"""Tables and charts are drawn again this often at most; figures as often as the hub tells of news."""


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

    async def fill(self) -> None:
        """Show everything once."""
        for panel in self._panels:
            await self.refresh(panel)
        for _, show in self._watchers:
            show()

    async def refresh(self, panel: Panel[Any]) -> None:
        """Ask and show one panel; what can't be read stays as it was, and `trouble` says why."""
        panel.stale, panel.shown_at = False, time.monotonic()
        try:
            found = await self.hub.read(panel.name(), panel.ask, panel.topics, self.run_asked)
        except NotAvailable as error:
            self.trouble = str(error)
        except TradeworthyError as error:
            self.trouble, panel.stale = str(error), True
        else:
            self.trouble = ""
            panel.show(found)

    async def follow(self) -> None:
        """Keep the page up to date until it is closed."""
        async for change in self.hub.changes():
            now = time.monotonic()
            moved = change.topics if self.is_living else change.topics - _OF_ROWS
            for panel in self._panels:
                panel.stale |= bool(panel.topics & moved)
                if panel.stale and now - panel.shown_at >= panel.every_s:
                    await self.refresh(panel)
            for topics, show in self._watchers:
                if topics & change.topics:
                    show()


_OF_ROWS = frozenset(
    {"trades", "candidates", "decisions", "orders", "equity", "posture", "halts", "opportunities", "markets"}
)
"""Topics that concern the hub's run alone."""
