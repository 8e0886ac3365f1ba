"""The one watcher behind all pages, over the rows of a real run."""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.sessions import run
from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.runtime.home import Home, SessionLock
from tradeworthy.runtime.pulse import QUIET, STOPPED, Pulse, pulse_of
from tradeworthy.web import hub as hub_module
from tradeworthy.web.hub import KEPT_MAX, Change, Hub
from tradeworthy.web.records import Reading, Records

HOUR_S = "3600"
FAST_S = 0.02


@pytest.fixture(scope="module")
def ran() -> Iterator[Home]:
    """A home with one finished run of an hour's bars."""
    with tempfile.TemporaryDirectory(prefix="tw-hub-") as folder:
        home = Path(folder) / "home"
        ended = run(home, "run", "configs/breakout.toml", "--duration", HOUR_S)
        assert ended.code == 0, ended.text
        yield Home(home)


def watched(home: Home, see: Callable[[Hub], Awaitable[None]]) -> None:
    """Let `see` look at a hub of `home`."""

    async def whole() -> None:
        records = Records(home)
        hub = Hub(home, records, push_every_s=FAST_S)
        await hub.start()
        try:
            await asyncio.wait_for(see(hub), 30)
        finally:
            await hub.close()
            records.close()

    asyncio.run(whole())


async def until(hub: Hub, holds: Callable[[], bool]) -> None:
    """Follow the hub until it is so."""
    async for _ in hub.changes():
        if holds():
            return


def rows_of(reading: Reading) -> int:
    """How many packets of the run the tables have."""
    (count,) = reading.connection.execute(
        "SELECT count(*) FROM packets WHERE run = %s", [reading.run]
    ).fetchone() or (0,)
    return int(count)


def test_it_shows_the_newest_run_and_how_far_its_rows_are(ran: Home) -> None:
    """Without a session the newest run is shown, and the pulse is stopped."""

    async def see(hub: Hub) -> None:
        assert hub.run.startswith("breakout-")
        assert hub.seq > 0
        assert hub.pulse.state == STOPPED
        assert not hub.status["running"]
        assert not {"database_url", "redis_url"} & set(hub.status)
        assert hub.trouble == ""

    watched(ran, see)


def test_news_is_coalesced_for_each_listener(ran: Home) -> None:
    """However much moves, a listener hears of it once a push, and a slow one misses no topic."""

    async def see(hub: Hub) -> None:
        heard: list[Change] = []

        async def listen() -> None:
            async for change in hub.changes():
                heard.append(change)
                if "posture" in frozenset().union(*(one.topics for one in heard)):
                    return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        for topic in ("trades", "orders", "equity", "posture"):
            hub.tell(frozenset({topic}))
        await listening
        assert heard[0].topics >= {"trades", "orders", "equity", "posture"}
        assert heard[0].run == hub.run

    watched(ran, see)


def test_all_pages_share_one_answer_until_it_moves(ran: Home) -> None:
    """Ten browsers ask the database once."""

    async def see(hub: Hub) -> None:
        asked: list[int] = []

        def ask(reading: Reading) -> int:
            asked.append(1)
            return rows_of(reading)

        topics = frozenset({"trades"})
        answers = await asyncio.gather(*(hub.read("rows", ask, topics) for _ in range(10)))
        assert len(asked) == 1
        assert set(answers) == {answers[0]}
        assert answers[0] > 0
        hub.tell(frozenset({"orders"}))
        await hub.read("rows", ask, topics)
        assert len(asked) == 1
        hub.tell(topics)
        await hub.read("rows", ask, topics)
        assert len(asked) == 2

    watched(ran, see)


def test_pages_can_not_write(ran: Home) -> None:
    """The connections of pages are read-only, whatever a page would try."""

    async def see(hub: Hub) -> None:
        with pytest.raises(Exception, match="read-only"):
            await hub.read(
                "harm", lambda reading: reading.connection.execute("DELETE FROM trades"), frozenset()
            )
        assert await hub.read("rows", rows_of, frozenset()) > 0

    watched(ran, see)


def test_a_database_that_is_away_is_said_and_nothing_ends(ran: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: one line says what to do; the hub goes on looking."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    async def see(hub: Hub) -> None:
        assert "Cannot connect to database (127.0.0.1:1)" in hub.trouble
        async for change in hub.changes():
            assert change.run.startswith("breakout-")
            break

    watched(ran, see)


def test_what_can_not_be_seen_is_not_live(ran: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A7: the dot is red and says why while nobody can look, and goes on when somebody can."""

    def unseen(*_: object) -> Pulse:
        raise PermissionError("the lock is another user's")

    async def see(hub: Hub) -> None:
        monkeypatch.setattr("tradeworthy.web.hub.pulse_of", unseen)
        async for change in hub.changes():
            if change.pulse.state == QUIET:
                break
        assert "another user's" in hub.trouble
        monkeypatch.setattr("tradeworthy.web.hub.pulse_of", pulse_of)
        async for change in hub.changes():
            if change.pulse.state == STOPPED:
                break
        assert hub.trouble == ""

    watched(ran, see)


def test_a_session_that_is_not_heard_is_not_quoted(ran: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said last is not shown as what it says."""

    def unheard(*_: object) -> dict[str, object]:
        raise UsageError("the answer makes no sense")

    async def see(hub: Hub) -> None:
        hub.status |= {"answers": True, "equity": "500"}
        monkeypatch.setattr("tradeworthy.web.hub.health.status", unheard)
        async for change in hub.changes():
            if "status" in change.topics and not hub.status["answers"]:
                break
        assert "equity" not in hub.status
        assert hub.run.startswith("breakout-")

    watched(ran, see)


def test_an_empty_home_has_no_run_and_no_trouble(places_home: Home) -> None:
    """Before the first session there is nothing to show, and that is no fault."""

    async def see(hub: Hub) -> None:
        assert hub.run == ""
        assert hub.pulse == (STOPPED, None)
        assert hub.trouble == ""

    watched(places_home, see)


@pytest.fixture
def places_home() -> Iterator[Home]:
    """A home in which nothing ever ran."""
    with tempfile.TemporaryDirectory(prefix="tw-hub-") as folder:
        yield Home(Path(folder) / "home").make()


def test_the_pulse_is_live_only_while_the_journal_grows(ran: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A7: a session that holds the home and writes is live; one that has not written for 15 s is quiet."""
    run_folder = next(ran.runs.iterdir())
    newest = max(run_folder.glob("*.journal*"))
    grown = newest.stat().st_mtime
    lock = SessionLock(ran)
    lock.take({"run": run_folder.name})
    try:
        for later, state in ((1.0, "live"), (14.9, "live"), (15.1, "quiet"), (600.0, "quiet")):
            monkeypatch.setattr("tradeworthy.runtime.pulse.time.time", lambda later=later: grown + later)
            assert pulse_of(ran, run_folder.name).state == state
    finally:
        lock.release()
    assert pulse_of(ran, run_folder.name).state == STOPPED


def test_what_can_not_be_seen_is_said_and_looked_for_again(
    ran: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A7: a watcher that has ended would leave the dot as it was; this one says so, and sees again."""

    async def see(hub: Hub) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tradeworthy.web.hub.pulse_of", full)
            await until(hub, lambda: hub.pulse.state != STOPPED)
            assert hub.pulse.state == QUIET
            assert "Too many open files" in hub.trouble
        await until(hub, lambda: not hub.trouble)
        assert hub.pulse.state == STOPPED

    def full(*_: object) -> None:
        raise OSError(24, "Too many open files")

    watched(ran, see)


def test_the_pulse_is_felt_though_the_database_keeps_silent(
    ran: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A7: the dot does not wait for the tables."""

    async def see(hub: Hub) -> None:
        async def silent(*_: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(hub_module, "ROWS_S_MAX", FAST_S)
        monkeypatch.setattr(hub._records, "read", silent)
        await until(hub, lambda: "the tables have not answered" in hub.trouble)
        monkeypatch.setattr(hub_module, "ROWS_S_MAX", 60.0)
        monkeypatch.setattr("tradeworthy.web.hub.pulse_of", lambda *_: Pulse("live", 0.1))
        await until(hub, lambda: hub.pulse.state == "live")

    watched(ran, see)


def test_a_long_run_is_not_looked_through_when_a_server_begins(
    ran: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run of months that would take longer than a question may, again and again."""

    def looked(*_: object) -> set[str]:
        raise AssertionError

    monkeypatch.setattr("tradeworthy.store.listings.Listings.types_since", looked)

    async def see(hub: Hub) -> None:
        assert hub.seq > 0
        assert hub.trouble == ""

    watched(ran, see)


def test_names_that_people_make_up_are_not_kept_for_ever(ran: Home) -> None:
    """A server that runs for months forgets what was asked of runs that there are not."""

    async def see(hub: Hub) -> None:
        async def absent(*_: object) -> None:
            raise UsageError("there is no such run")

        hub._records.read = absent  # type: ignore[assignment,method-assign]
        for number in range(3 * KEPT_MAX):
            with pytest.raises(UsageError):
                await hub.read("rows", rows_of, frozenset(), f"none-{number}")
        assert len(hub._asking) <= KEPT_MAX

    watched(ran, see)


def test_rows_that_could_not_be_written_are_written_later(ran: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that comes back gets them without a new session; until then pages say that they lack."""
    tried: list[str] = []

    def once(_: Home) -> list[object]:
        tried.append("again")
        if len(tried) == 1:
            raise Retryable("the database is away")
        return []

    monkeypatch.setattr(hub_module, "bring_up", once)
    monkeypatch.setattr(hub_module, "BRING_UP_AGAIN_S", 0.0)
    monkeypatch.setattr(hub_module, "LOOK_EVERY_S", FAST_S)

    async def see(hub: Hub) -> None:
        assert "the last rows are not written yet: the database is away" in hub.trouble
        await until(hub, lambda: not hub.trouble)
        assert len(tried) == 2

    watched(ran, see)


def test_a_clock_that_is_set_back_makes_nothing_live(ran: Home) -> None:
    """A7: a file of the future says nothing of whether packets flow now."""
    run_folder = next(ran.runs.iterdir())
    files = list(run_folder.glob("*.journal*"))
    before = {path: path.stat() for path in files}
    lock = SessionLock(ran)
    lock.take({"run": run_folder.name})
    try:
        for path in files:
            os.utime(path, (time.time() + 3_600, time.time() + 3_600))
        assert pulse_of(ran, run_folder.name) == (QUIET, None)
        os.utime(files[-1])
        assert pulse_of(ran, run_folder.name).state == "live"
    finally:
        lock.release()
        for path, was in before.items():
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
