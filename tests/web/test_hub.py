"""The one watcher behind all pages, over the rows of a real run."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.sessions import run
from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.home import Home, SessionLock
from tradeworthy.runtime.pulse import QUIET, STOPPED, Pulse, pulse_of
from tradeworthy.web.hub import Change, Hub
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
