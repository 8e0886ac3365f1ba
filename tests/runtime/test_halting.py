"""Halts that reach a session, and those that can't."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from tests.flows.sessions import eventually
from tradeworthy.gateways.control import ControlServer, Request
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.halting import halt
from tradeworthy.runtime.home import Home

SOON_S = 5.0
"""Half of what a halt waits for a session's answer."""


class SlowSession:
    """A control socket in `home` that takes a request, and answers when it is let."""

    def __init__(self, home: Path) -> None:
        self._home, self._ready, self._loop = home, threading.Event(), asyncio.new_event_loop()
        self._may_answer = asyncio.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.answer()
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def answer(self) -> None:
        """Let it answer."""
        self._loop.call_soon_threadsafe(self._may_answer.set)

    async def _serve(self) -> None:
        async with ControlServer(self._home, self._handle):
            self._ready.set()
            await self._over.wait()

    async def _handle(self, _: Request) -> dict[str, Any]:
        await self._may_answer.wait()
        return {}


def test_a_session_that_is_slow_to_answer_does_not_keep_the_latch_open(home: Path) -> None:
    """The latch is on disk long before a busy session has answered, and whoever asks hears the answer after all."""
    latch = LatchFile(home)
    with SlowSession(home) as session, ThreadPoolExecutor(1) as worker:
        asked = worker.submit(halt, Home(home), "anna", "the venue is odd")
        assert eventually(latch.is_set, SOON_S)
        assert not asked.done()
        session.answer()
        assert "all entries are halted" in asked.result()
    held = latch.read()
    assert held
    assert (held.by, held.reason) == ("anna", "the venue is odd")
