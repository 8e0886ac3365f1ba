"""Pages that stay open: what their buttons wait for, and what is left of them when their token is revoked."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nicegui import Client, ui

from tests.flows.sessions import eventually
from tests.web.served import Served, served
from tradeworthy.web.dashboard.flattening import meant
from tradeworthy.web.entry.tokens import Scope, TokenFile

CROWD = 64
"""More than any pool of threads that is shared."""


class Opened:
    """The first page, opened with a token to operate."""

    def __init__(self, found: Served) -> None:
        self.tokens = TokenFile(found.home.path / "tokens.json")
        token = self.tokens.make("ben", Scope.OPERATE)
        before = set(Client.instances)
        answer = found.client.get("/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        (name,) = set(Client.instances) - before
        self.client = Client.instances[name]
        self.call: Callable[..., Any] = found.client.portal.call  # type: ignore[attr-defined]

    def say_halt(self) -> None:
        """Give a reason, and push the button that halts."""
        dialog = next(one for one in self.client.elements.values() if isinstance(one, ui.dialog))
        inside = list(dialog.descendants())
        next(one for one in inside if isinstance(one, ui.input)).value = "a test"
        button = next(one for one in inside if one.tag == "button" and "halt" in one.classes)
        (listener,) = button._event_listeners
        self.client.handle_event({"id": button.id, "listener_id": listener, "args": ["{}"]})


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    """A page of a server in a home where nothing ran."""
    with served(home) as found:
        yield Opened(found)


def test_who_halts_waits_behind_nothing(opened: Opened, home: Path) -> None:
    """H10: whatever else the server is asked, its threads are not those that halt."""
    free = threading.Event()

    async def crowd() -> None:
        for _ in range(CROWD):
            asyncio.get_running_loop().run_in_executor(None, free.wait)

    opened.call(crowd)
    try:
        opened.call(opened.say_halt)
        assert eventually((home / "halt.latch").exists)
    finally:
        free.set()


def test_of_a_page_whose_token_is_revoked_nothing_is_left(opened: Opened, home: Path) -> None:
    """A7: neither figures nor buttons, though its socket may stay open."""
    assert opened.client.elements
    opened.tokens.revoke("ben")
    assert eventually(lambda: not opened.client.elements)
    assert not (home / "halt.latch").exists()


def test_a_session_that_says_nothing_is_not_said_to_hold_nothing() -> None:
    """Who is about to flatten reads no count that nobody gave."""
    assert meant({"answers": True, "open_positions": [{}]}) == "1 position"
    assert meant({"answers": True, "open_positions": []}) == "0 positions"
    assert meant({"answers": False}).startswith("Every position (the session does not say")
