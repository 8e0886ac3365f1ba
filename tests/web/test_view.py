"""An open page: what it says when something can't be read, and what it shows to whom."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.runtime.pulse import STOPPED, Pulse
from tradeworthy.web.dashboard import view as view_module
from tradeworthy.web.dashboard.serving import _end
from tradeworthy.web.dashboard.theme import DARK
from tradeworthy.web.dashboard.view import LATE, View
from tradeworthy.web.entry.access import Caller
from tradeworthy.web.entry.tokens import Scope
from tradeworthy.web.hub import Change

AWAY = "the database is away"
TOPICS = frozenset({"trades"})
CHANGES = 3


class Hub:
    """A hub whose answers are given by name: a value, an error, or a wait in seconds."""

    run = "r"

    def __init__(self, **answers: Any) -> None:
        self.answers, self.changes_told = answers, 0

    async def read(self, name: str, *_: Any) -> Any:
        """The answer of that name."""
        found = self.answers[name]
        if isinstance(found, Exception):
            raise found
        if isinstance(found, float):
            await asyncio.sleep(found)
        return found

    async def changes(self) -> AsyncIterator[Change]:
        """Some changes."""
        for _ in range(CHANGES):
            self.changes_told += 1
            yield Change("r", 1, TOPICS, Pulse(STOPPED, None))
            await asyncio.sleep(0)


def page(hub: Hub, holds: Callable[[Any], bool] = lambda _: True) -> tuple[View, dict[str, list[Any]]]:
    """A page with a panel for each of the hub's answers, and what each has shown."""
    face: Any = SimpleNamespace(hub=hub)
    access: Any = SimpleNamespace(holds=holds)
    view = View(face, access, Caller("ann", Scope.READ, "t1"), "", DARK)
    shown: dict[str, list[Any]] = {name: [] for name in hub.answers}
    for name, found in shown.items():
        view.panel(name, {"trades"}, lambda _: None, found.append, every_s=0.0)
    return view, shown


def test_one_panel_that_is_read_does_not_hide_that_another_is_not() -> None:
    """What stands there may be old, and the page goes on saying so until it is read again."""
    hub = Hub(first=Retryable(AWAY), second="rows")
    view, shown = page(hub)
    asyncio.run(view.fill())
    assert shown == {"first": [], "second": ["rows"]}
    assert view.trouble == AWAY
    hub.answers["first"] = "rows, too"
    asyncio.run(view.follow())
    assert shown["first"][-1] == "rows, too"
    assert view.trouble == ""


def test_a_page_opens_though_the_tables_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buttons work, it says that something is missing, and what comes later is shown."""
    monkeypatch.setattr(view_module, "FILL_S_MAX", 0.02)
    hub = Hub(first="rows", second=60.0, third="more")
    view, shown = page(hub)
    watched: list[str] = []
    view.watch({"status"}, lambda: watched.append("dot"))
    asyncio.run(view.fill())
    assert shown == {"first": ["rows"], "second": [], "third": []}
    assert watched == ["dot"]
    assert view.trouble == LATE
    hub.answers["second"] = "at last"
    asyncio.run(view.follow())
    assert shown["second"][-1] == "at last"
    assert view.trouble == ""


def test_the_dot_waits_for_no_table() -> None:
    """A7: whether packets flow is shown while a question to the tables takes its time."""
    hub = Hub(first=60.0)
    view, _ = page(hub)

    async def whole() -> None:
        seen = asyncio.Event()
        view.watch({"trades"}, seen.set)
        following = asyncio.ensure_future(view.follow())
        await asyncio.wait_for(seen.wait(), 10)
        assert not following.done()
        following.cancel()

    asyncio.run(whole())


def test_what_moved_while_the_page_was_filled_is_shown() -> None:
    """Between its first answer and the first news a page is no older than any other."""
    hub = Hub(first="rows")
    view, shown = page(hub)
    view._panels[0].topics = frozenset({"orders"})
    asyncio.run(view.fill())
    hub.answers["first"] = "another row"
    asyncio.run(view.follow())
    assert shown["first"] == ["rows", "another row"]


def test_who_may_look_no_more_is_shown_no_more() -> None:
    """A token that was revoked, or can't be judged, ends what its open pages are told and may ask."""

    def unreadable(_: Any) -> bool:
        raise UsageError("the tokens can't be read")

    def no(_: Any) -> bool:
        return False

    for holds in (no, unreadable):
        hub = Hub(first="rows")
        view, shown = page(hub, holds)
        asyncio.run(view.follow())
        assert hub.changes_told == 2
        asyncio.run(view.refresh(view._panels[0]))
        assert shown == {"first": []}


@pytest.mark.parametrize("holds", [True, False])
def test_a_page_that_is_followed_no_more_says_so(*, holds: bool) -> None:
    """Whoever may still look sees that it is old; who may not is left without anything to ask with."""
    done: list[str] = []
    client: Any = SimpleNamespace(
        open=done.append, remove_all_elements=lambda: done.append("nothing is left")
    )
    frame: Any = SimpleNamespace(end=lambda: done.append("said"))
    view, _ = page(Hub(), lambda _: holds)

    async def whole() -> None:
        task = asyncio.ensure_future(view.follow())
        await task
        _end(view, frame, client, task)

    asyncio.run(whole())
    assert done == (["said"] if holds else ["said", "/sign-in", "nothing is left"])
