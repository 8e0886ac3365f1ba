"""What only a journal knows is asked of another process: one at a time, and not for ever."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.flows.sessions import eventually
from tests.web.served import Served
from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.web.api import journal_trace
from tradeworthy.web.api.journal_trace import JournalTraces


def processes(home: Path) -> set[int]:
    """The processes that read a journal of `home` just now."""
    named, found = f"TRADEWORTHY_HOME={home}\0".encode(), set()
    for one in Path("/proc").iterdir():
        try:
            if one.name.isdecimal() and b"tradeworthy.cli\0trace" in (one / "cmdline").read_bytes():
                found |= {int(one.name)} if named in (one / "environ").read_bytes() else set()
        except OSError:
            continue
    return found


@pytest.fixture
def run(finished: Served) -> str:
    """A run with a journal."""
    return finished.newest("breakout")


def test_what_takes_too_long_is_ended(finished: Served, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: the line says how to ask with more patience, and no process is left."""
    monkeypatch.setattr(journal_trace, "SECONDS_MAX", 0.05)
    with pytest.raises(Retryable, match=rf"within 0.05 s: ask `tradeworthy trace 5 --run {run}`"):
        asyncio.run(JournalTraces().find(finished.home, run, "5"))
    assert not processes(finished.home.path)


def test_who_goes_away_leaves_no_process(finished: Served, run: str) -> None:
    """A cancelled request ends what it has started."""

    async def whole() -> None:
        asking = asyncio.create_task(JournalTraces().find(finished.home, run, "5"))
        await asyncio.to_thread(eventually, lambda: processes(finished.home.path))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(whole())
    assert not processes(finished.home.path)


def test_too_many_are_sent_away(finished: Served, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: 503 with what to do, and those who wait are served."""
    monkeypatch.setattr(journal_trace, "WAITING_MAX", 1)

    async def whole() -> None:
        journals = JournalTraces()
        first = asyncio.create_task(journals.find(finished.home, run, "40"))
        await asyncio.sleep(0)
        with pytest.raises(Retryable, match="1 others wait"):
            await journals.find(finished.home, run, "40")
        assert (await first)["source"] == "journal"

    asyncio.run(whole())


def test_a_process_that_dies_is_no_answer(finished: Served, run: str) -> None:
    """A11: neither a 500 nor a packet that is not there."""

    async def whole() -> None:
        asking = asyncio.create_task(JournalTraces().find(finished.home, run, "5"))
        await asyncio.to_thread(eventually, lambda: processes(finished.home.path))
        for one in processes(finished.home.path):
            os.kill(one, signal.SIGKILL)
        with pytest.raises(Retryable, match="the journal can't be read"):
            await asking

    asyncio.run(whole())


def test_a_run_without_a_journal_has_none(finished: Served) -> None:
    """Its rows are kept, its quiet turns are not."""
    with pytest.raises(NotAvailable, match="there is no run 'gone'"):
        asyncio.run(JournalTraces().find(finished.home, "gone", "5"))
