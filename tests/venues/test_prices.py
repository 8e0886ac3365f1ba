"""A session on the wall clock against a price server on loopback, over a real websocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.runtime.rig import BUY, LEAVE, REST, SECOND, START, Place, events_of, marks_of, packets_of, place
from tests.runtime.wall_rig import PATIENCE_S, Wall
from tests.venues.price_gateway import PriceGateway
from tests.venues.price_server import PriceServer
from tradeworthy.core.candidates import Verdict
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.runtime import wall as wall_module
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.wall import WallDriver


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver looks at the test's wall every five milliseconds."""
    monkeypatch.setattr(wall_module, "LOOK_NS", 5_000_000)


@pytest.fixture
def server() -> Iterator[PriceServer]:
    """A venue that listens."""
    with PriceServer() as server:
        yield server


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for a session of one desk that does as it is told."""
    return place(tmp_path)


def admitted(life: Life) -> int:
    """The position of the last input of the feed."""
    return life.core.sequencer.positions.get(FEED, -1)


class Drive:
    """A life on the wall clock, on what a gateway hears of `server`; `steps` are taken one by one."""

    def __init__(self, life: Life, server: PriceServer, wall: Wall | None = None) -> None:
        self.life, self.server, self.wall = life, server, wall or Wall(START + SECOND)
        self.slept: list[float] = []

    def until(self, *steps: tuple[Callable[[], object], Callable[[], bool]]) -> None:
        """Take each step, and go on once what it waits for holds; stop after the last."""
        asyncio.run(asyncio.wait_for(self._until(list(steps)), PATIENCE_S))

    async def _until(self, steps: list[tuple[Callable[[], object], Callable[[], bool]]]) -> None:
        stop = asyncio.Event()
        steps[0][0]()

        async def beat() -> None:
            await asyncio.sleep(0)
            while steps and steps[0][1]():
                steps.pop(0)
                if steps:
                    steps[0][0]()
            if not steps:
                stop.set()

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.wall.ts += round(seconds * 1e9)
            if len(self.slept) >= self.back_after and not self.server.listening:
                self.server.start()
            await asyncio.sleep(0)

        driver = WallDriver(
            self.life, PriceGateway(self.server.url), stop, end_ts=None, now=self.wall, beat=beat, sleep=sleep
        )
        await driver.run()

    back_after = 10**9
    """After so many back-offs a server that went away listens again."""


def test_a_round_trip_over_a_real_websocket(there: Place, server: PriceServer) -> None:
    """Book, signal, fill, exit; the run replays from its journal, without the venue (P1)."""
    with there.opened() as life:

        def say() -> None:
            server.book()
            server.price(BUY)
            server.price(LEAVE)

        Drive(life, server).until((say, lambda: admitted(life) == 2))
        assert (life.core.tally.state.fills, life.core.tally.state.closed) == (2, 1)
        life.snapshot()
        digest = life.digest.hex()
    assert [one.outcome for one in events_of(there.folder, Verdict)] == ["FILLED", "FILLED"]
    assert replay(there.folder).digest == digest


def test_a_broken_connection_loses_nothing(there: Place, server: PriceServer) -> None:
    """The gateway is restarted and goes on where it was; the hole between is on record (A10)."""
    with there.opened() as life, capture_logs() as log:

        def break_off() -> None:
            server.drop()
            server.price(at=2.0)
            server.price(at=3.0)

        drive = Drive(life, server)
        drive.until(
            (lambda: server.price(at=1.0), lambda: admitted(life) == 0),
            (break_off, lambda: admitted(life) == 2),
        )
        assert life.core.sequencer.agents["told"].state.heard == [1.0, 2.0, 3.0]
    assert server.asked == [-1, 0]
    assert drive.slept == [1]
    assert [gap.reason for gap in events_of(there.folder, FeedGap)] == ["gateway_crashed"]
    assert [entry["gateway"] for entry in log if entry["event"] == "gateway_crashed"] == ["prices"]


def test_a_venue_that_is_down_is_tried_again_with_back_off(there: Place, server: PriceServer) -> None:
    """1, 2, 4 ... seconds, until it is there again; timers of the session run meanwhile."""
    with there.opened() as life:
        drive = Drive(life, server)
        drive.back_after = 4

        def go_down() -> None:
            server.stop()
            server.price(at=2.0)

        drive.until(
            (lambda: server.price(at=1.0), lambda: admitted(life) == 0),
            (go_down, lambda: admitted(life) == 1),
        )
        assert drive.slept == [1, 2, 4, 8]
        assert life.core.sequencer.agents["told"].state.heard == [1.0, 2.0]
        assert life.core.sequencer.now == START + 16 * SECOND


@pytest.mark.parametrize(
    "message",
    [
        "{not json",
        '{"number": 1, "kind": "price"}',
        b"\xff\xfe",
        '{"number":1,"kind":"price","instrument":"BTC","ts":1}',
    ],
)
def test_garbage_is_a_crash_of_the_gateway_and_never_an_input(
    there: Place, server: PriceServer, message: str | bytes
) -> None:
    """No JSON, a field missing, no text, a price of 0: the session lives, and admits none of it."""
    with there.opened() as life:
        drive = Drive(life, server)
        drive.until(
            (lambda: server.price(at=1.0), lambda: admitted(life) == 0),
            (lambda: server.garbage(message), lambda: len(drive.slept) >= 3),
        )
    assert drive.slept[:3] == [1, 2, 4]
    assert len(events_of(there.folder, PriceObserved)) == 1


def test_a_venue_that_repeats_itself_is_heard_once(there: Place) -> None:
    """Whatever it says again after each connection: what was admitted is dropped, in this life and the next."""

    def hear(life: Life, venue: PriceServer, first: float) -> None:
        before = admitted(life)
        Drive(life, venue).until(
            (lambda: venue.price(at=first), lambda: admitted(life) == before + 1),
            (venue.drop, lambda: len(venue.asked) % 2 == 0),
            (lambda: venue.price(at=20.0), lambda: admitted(life) == before + 2),
        )

    with PriceServer(forgetful=True) as venue:
        for first in (10.0, 11.0):
            with there.opened() as life:
                hear(life, venue, first)
    prices = [one.price for one in events_of(there.folder, PriceObserved)]
    assert prices == [10.0, 20.0, 11.0, 20.0]
    assert [packet.position for packet in packets_of(there.folder) if packet.agent == FEED] == [0, 1, 2, 3]


def test_an_order_that_rests_while_the_connection_breaks_waits_for_the_next_book(
    there: Place, server: PriceServer
) -> None:
    """It is not filled from a book of before the break, and it is filled from one of after it."""
    with there.opened() as life:
        tally = life.core.tally.state

        def rest() -> None:
            server.book(bid=1_000)
            server.price(REST)

        drive = Drive(life, server)
        drive.until(
            (rest, lambda: admitted(life) == 1),
            (server.drop, lambda: len(drive.slept) == 1),
            (lambda: server.price(at=3.0), lambda: admitted(life) == 2),
        )
        assert tally.fills == 0
        drive.until((lambda: server.book(bid=890), lambda: admitted(life) == 3))
        assert life.core.tally.state.fills == 1
    (fill,) = events_of(there.folder, FillObserved)
    assert (fill.ticks, fill.maker) == (900, True)


def test_a_run_that_was_killed_goes_on_with_the_feed_where_it_was(
    there: Place, server: PriceServer, tmp_path: Path
) -> None:
    """What was durable is there, what was not is delivered again: nothing is missing and nothing is twice."""
    with there.opened() as life:
        for number in range(20):
            server.price(at=1.0 + number)
        Drive(life, server).until((lambda: None, lambda: admitted(life) == 9 or admitted(life) == 19))
        life.writer.wait_durable()
        killed = there.copy(tmp_path / "killed")
    path = next(killed.folder.glob("*.journal"))
    path.write_bytes(path.read_bytes()[:-700])
    with killed.opened() as life:
        assert life.recovery.torn_bytes or admitted(life) < 19
        Drive(life, server).until((lambda: server.price(at=99.0), lambda: admitted(life) == 20))
        assert life.core.sequencer.agents["told"].state.heard == [
            *(1.0 + number for number in range(20)),
            99.0,
        ]
    assert marks_of(killed.folder, "quarantine") == []
