"""Server-sent events: what changes comes to who follows, once, in order, from where he left off."""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.flows.sessions import Session
from tests.web.conftest import Living
from tests.web.served import V1, Served
from tradeworthy.core.errors import Retryable
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pulse import Pulse
from tradeworthy.store.listings import LIMIT_MAX, Spot
from tradeworthy.web.api import events as events_api
from tradeworthy.web.api.events import UNREAD_MAX, Letter, Mailbox, Stream
from tradeworthy.web.candles import CandleBook
from tradeworthy.web.entry.access import Caller
from tradeworthy.web.entry.tokens import Scope, TokenFile
from tradeworthy.web.face import Face
from tradeworthy.web.hub import Change, Hub
from tradeworthy.web.records import Records
from tradeworthy.web.topics import TOPICS

LIVE = Pulse("live", 0.1)
PATIENCE_S = 30.0
END_S_MAX = 3.0


class Event(NamedTuple):
    """One event as a reader has it."""

    kind: str
    id: str
    data: dict[str, Any]


def parsed(lines: Iterator[str]) -> Iterator[Event]:
    """Events in the lines of a stream; comments are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
        fields = {}


@contextmanager
def following(living: Living, last: str = "", **query: str) -> Iterator[Iterator[Event]]:
    """The events that a reader hears."""
    headers = {"Last-Event-ID": last} if last else {}
    timeout = httpx.Timeout(PATIENCE_S)
    with living.client.stream(
        "GET", f"{V1}/events", params=query, headers=headers, timeout=timeout
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield parsed(answer.iter_lines())


def place(event: Event) -> tuple[str, int]:
    """Run and seq of its id."""
    run, _, seq = event.id.rpartition(":")
    return run, int(seq)


def test_the_first_event_says_where_the_reader_stands(living: Living) -> None:
    """A7: run, seq, and nothing that he missed."""
    with following(living) as events:
        first = next(events)
    run = living.client.get(f"{V1}/status").json()["run"]
    assert (first.kind, first.data["topics"], first.data["run"]) == ("changed", [], run)
    assert place(first) == (run, first.data["seq"])
    assert first.data["pulse"] == "live"


def test_changes_come_as_they_happen_and_not_too_often(living: Living) -> None:
    """A7: coalesced to ten a second at most; places only grow."""
    with following(living) as events:
        next(events)
        began = time.monotonic()
        heard = [next(events) for _ in range(6)]
        took = time.monotonic() - began
    assert took > 5 * 0.1 * 0.8
    assert all(event.kind == "changed" for event in heard)
    assert all(set(event.data["topics"]) <= TOPICS for event in heard)
    assert {"status", "prices"} <= {topic for event in heard for topic in event.data["topics"]}
    assert [place(event) for event in heard] == sorted(place(event) for event in heard)


def test_packets_are_those_of_the_tables_without_a_gap(living: Living) -> None:
    """P2: each decision packet once, in its order; who comes back goes on from where he left off."""
    run = living.client.get(f"{V1}/status").json()["run"]
    with following(living, last=f"{run}:0", packets="true") as events:
        first = [next(events) for _ in range(40)]
    assert {event.kind for event in first} == {"packet"}
    with following(living, last=first[19].id, packets="true") as events:
        again = [next(events) for _ in range(20)]
    assert again == first[20:]
    trace = living.client.get(f"{V1}/traces/{first[0].data['seq']}").json()
    assert first[0].data["id"] in {row["id"] for row in trace["path"]}
    seqs = [event.data["seq"] for event in first]
    assert seqs == sorted(set(seqs))
    assert all(
        {"id", "type", "agent", "event", "cause", "created_at"} <= event.data.keys() for event in first
    )


def test_who_comes_back_is_told_of_the_topics_that_moved(living: Living) -> None:
    """From the start of the run: everything that its packets moved; of another run: all."""
    run = living.client.get(f"{V1}/status").json()["run"]
    with following(living, last=f"{run}:0") as events:
        assert {"markets", "equity", "health"} & set(next(events).data["topics"])
    with following(living, last="another-1:5") as events:
        assert set(next(events).data["topics"]) == TOPICS


@pytest.mark.parametrize("last", ["soon", ":5", "run:-1", "run:", f"run:{'9' * 30}", "a:b:1"])
def test_a_place_that_is_none_is_refused(living: Living, last: str) -> None:
    """A11: 422, and the header's name."""
    answer = living.client.get(f"{V1}/events", headers={"Last-Event-ID": last})
    assert answer.status_code == 422
    assert "last-event-id" in answer.json()["error"].lower()


def test_a_stranger_hears_nothing(living: Living) -> None:
    """A7: 401."""
    assert httpx.get(f"{living.address}{V1}/events", timeout=PATIENCE_S).status_code == 401


def test_a_reader_whose_token_is_revoked_is_sent_away(living: Living) -> None:
    """Within one change of the session's, not when he pleases."""
    tokens = TokenFile(living.home.path / "tokens.json")
    token = tokens.make("passing", Scope.READ)
    headers = {"Authorization": f"Bearer {token}"}
    timeout = httpx.Timeout(PATIENCE_S)
    with httpx.stream("GET", f"{living.address}{V1}/events", headers=headers, timeout=timeout) as answer:
        events = parsed(answer.iter_lines())
        next(events)
        tokens.revoke("passing")
        assert len(list(events)) < 50


def test_readers_that_go_leave_nothing_behind(living: Living) -> None:
    """Many come and go: the server still has room for more than it ever lets in at once."""
    for _ in range(events_api.STREAMS_MAX + 20):
        with following(living) as events:
            next(events)
    with following(living) as events:
        assert next(events).kind == "changed"


def test_a_stream_ends_when_the_server_stops(living: Living) -> None:
    """A8: nobody holds it up, and the reader sees an end, not a broken line."""
    server = Session(living.home.path, "serve", "--port", "0")
    server.wait_for("web_started")
    address = server.text().partition("open ")[2].split()[0]
    headers = {"Authorization": f"Bearer {living.token}"}
    with httpx.stream("GET", f"{address}{V1}/events", headers=headers, timeout=PATIENCE_S) as answer:
        events = parsed(answer.iter_lines())
        next(events)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        list(events)
        assert time.monotonic() - began < END_S_MAX
    server.end()
    assert "Traceback" not in server.text()


def change(seq: int, *topics: str, run: str = "r") -> Change:
    """A change of a run."""
    return Change(run, seq, frozenset(topics), LIVE)


def test_a_full_mailbox_becomes_one_letter_that_says_so() -> None:
    """A slow reader costs a bounded number of changes, and misses no topic."""

    async def whole() -> None:
        mailbox = Mailbox()
        for seq in range(UNREAD_MAX):
            mailbox.add(change(seq, "trades"))
        assert await mailbox.next(1) == Letter(change(0, "trades"))
        mailbox.add(change(98, "orders"))
        mailbox.add(change(99, "equity"))
        assert await mailbox.next(1) == Letter(change(99, "trades", "orders", "equity"), lagged=True)
        assert await mailbox.next(0.01) is None
        mailbox.end()
        with pytest.raises(StopAsyncIteration):
            await mailbox.next(1)

    asyncio.run(whole())


@pytest.fixture(autouse=True)
def _own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database of the machine's is in sight."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def streamed(archive: Path, see: Callable[[Hub, Callable[..., Stream]], Awaitable[None]]) -> None:
    """Let `see` follow the finished runs in `archive` by streams of its own making."""

    async def whole() -> None:
        home = Home(archive)
        records = Records(home)
        hub = Hub(home, records, push_every_s=0.02)
        await hub.start()
        access: Any = type("Open", (), {"holds": staticmethod(lambda _: True)})()
        settings: Any = None

        def stream(**given: Any) -> Stream:
            face = Face(home, settings, records, hub, CandleBook(home.runs, lambda: None))
            return Stream(
                face, access, Caller("ann", Scope.READ), **({"packets": False, "since": None} | given)
            )

        try:
            await asyncio.wait_for(see(hub, stream), PATIENCE_S)
        finally:
            await hub.close()
            records.close()

    asyncio.run(whole())


async def heard(stream: Stream, count: int) -> list[Event]:
    """So many events of a stream."""
    found: list[Event] = []
    async for piece in stream.events():
        found += parsed(iter(piece.decode().split("\n")))
        if len(found) >= count:
            break
    return found


def test_a_reader_who_was_too_slow_is_told_that_he_lagged(archive: Path) -> None:
    """`lagged` with all the topics, and the newest place: packets between are not sent after."""

    async def see(hub: Hub, stream: Callable[..., Stream]) -> None:
        slow = stream(packets=True)
        for seq in range(UNREAD_MAX + 5):
            slow._mailbox.add(Change(hub.run, hub.seq + seq, frozenset({"trades"}), LIVE))
        events = await heard(slow, 3)
        assert [event.kind for event in events][:2] == ["changed", "lagged"]
        assert events[1].id == f"{hub.run}:{hub.seq + UNREAD_MAX}"
        assert events[1].data["topics"] == ["trades"]

    streamed(archive, see)


def test_who_missed_too_much_is_told_so_after_what_fits(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a reader who comes back after a week makes the server send everything at once."""
    monkeypatch.setattr(events_api, "PAGES_MAX", 1)

    async def see(hub: Hub, stream: Callable[..., Stream]) -> None:
        runs = await stream()._face.records.read(lambda reading: reading.listings.all_runs())
        hub.run = str(max(runs, key=lambda row: row["candidates"] or 0)["run"])
        events = await heard(stream(packets=True, since=Spot(hub.run, 0)), LIMIT_MAX + 1)
        assert [event.kind for event in events] == ["packet"] * LIMIT_MAX + ["lagged"]

    streamed(archive, see)


def test_who_comes_back_after_long_is_told_of_everything(archive: Path) -> None:
    """His gap is not looked through: of a long run that takes a connection for as long as a question may."""

    async def see(hub: Hub, stream: Callable[..., Stream]) -> None:
        one = stream(since=Spot(hub.run, 1))
        hub.seq = events_api.PAGES_MAX * LIMIT_MAX + 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one._face.records, "read", None)
            assert await one._topics_since(Spot(hub.run, 1)) == TOPICS

    streamed(archive, see)


def test_a_quiet_line_is_kept_alive(archive: Path, finished: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment each ten seconds: proxies would cut a line on which nothing comes."""
    monkeypatch.setattr(events_api, "HEARTBEAT_S", 0.01)

    async def see(hub: Hub, stream: Callable[..., Stream]) -> None:
        pieces = []
        async for piece in stream().events():
            pieces.append(piece)
            if len(pieces) == 5:
                break
        assert pieces[0] == b"retry: 2000\n\n"
        assert b": still here\n\n" in pieces

    streamed(archive, see)


def test_trouble_with_the_tables_is_told_and_the_place_is_kept(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: one line says why; nothing is skipped when they come back."""

    async def see(hub: Hub, stream: Callable[..., Stream]) -> None:
        one = stream(packets=True, since=Spot(hub.run, 0))

        async def away(*_: Any) -> Any:
            raise Retryable("the database is away")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one._face.records, "read", away)
            found = [event async for event in _events(one, Letter(change(hub.seq, "trades", run=hub.run)))]
        assert [(event.kind, event.id, event.data) for event in found] == [
            ("trouble", "", {"error": "the database is away"})
        ]
        found = [event async for event in _events(one, Letter(change(hub.seq, "trades", run=hub.run)))]
        assert found[0].kind == "packet"
        assert (found[-1].kind, found[-1].id) == ("changed", f"{hub.run}:{hub.seq}")

    streamed(archive, see)


async def _events(one: Stream, letter: Letter) -> Any:
    async for piece in one._sent(letter):
        for event in parsed(iter(piece.decode().split("\n"))):
            yield event


def test_only_so_many_may_follow(finished: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: 503, and what to do."""
    monkeypatch.setattr(finished.app.state, "streams", events_api.STREAMS_MAX, raising=False)
    assert "readers follow already" in finished.error("events", 503)
