"""Whole sessions on the wall clock: a live feed over a websocket, people over the socket, rows and bus for real."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.runtime.rig import BUY, LEAVE, REST, SECOND, START, configured, desk, events_of, packets_of
from tests.runtime.wall_rig import Wall
from tests.venues.price_gateway import PriceGateway
from tests.venues.price_server import PriceServer
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.errors import TradeworthyError
from tradeworthy.core.events import Resumed
from tradeworthy.execution.accounting import Opened
from tradeworthy.gateways.control import Halt, Resume, Status, Stop, ask
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.risk.operators import Operator
from tradeworthy.runtime import session as session_module
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.session import Ending, run_wall_session
from tradeworthy.store.embedded import EmbeddedPostgres

PATIENCE_S = 60.0
HOUR = 3_600 * SECOND


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home folder whose servers run for as long as the module's tests."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        home = Home(Path(folder) / "home").make()
        with EmbeddedPostgres(home.path), EmbeddedRedis(home.path):
            yield home


class Director:
    """Stands beside a session in a thread of its own: says prices, moves the wall, asks over the socket."""

    def __init__(self, home: Home, server: PriceServer, wall: Wall) -> None:
        self.home, self.server, self.wall = home, server, wall
        self.error: BaseException | None = None

    def status(self) -> dict[str, Any]:
        """How the session says it stands; empty while it starts."""
        try:
            return ask(self.home.path, Status())
        except TradeworthyError:
            return {}

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The session's status once `holds` of it."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while True:
            seen = self.status()
            if seen and holds(seen):
                return seen
            assert time.monotonic() < deadline, f"never seen: {seen}"
            pause.wait(0.01)

    def inputs(self, more: int) -> Callable[[dict[str, Any]], bool]:
        """Whether so many inputs more are admitted than now."""
        goal = self.until(bool)["inputs"] + more
        return lambda seen: seen["inputs"] >= goal

    @contextmanager
    def directing(self, script: Callable[[Director], None]) -> Iterator[None]:
        """`script` runs beside what is inside, and has the session stopped in the end."""

        def direct() -> None:
            try:
                script(self)
            except BaseException as error:  # noqa: BLE001 - it is raised in the test's own thread
                self.error = error
            finally:
                self.end()

        thread = threading.Thread(target=direct)
        thread.start()
        try:
            yield
        finally:
            thread.join(PATIENCE_S)
        if self.error:
            raise self.error

    def end(self) -> None:
        """Stop the session, if it runs still."""
        try:
            ask(self.home.path, Stop())
        except TradeworthyError:
            return


def session(
    plan: Plan, home: Home, server: PriceServer, ts: int, script: Callable[[Director], None]
) -> Ending:
    """A session from wall time `ts` on, beside `script`."""
    wall = Wall(ts)
    with Director(home, server, wall).directing(script):
        return run_wall_session(plan, home, PriceGateway(server.url), now=wall)


def rows(home: Home, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database says."""
    with EmbeddedPostgres(home.path) as postgres, psycopg.connect(postgres.url()) as connection:
        return connection.execute(query, values).fetchall()


def test_a_session_on_the_wall_clock_from_its_start_to_its_heir(home: Home) -> None:
    """Trades, stops, goes on after a gap, and after a change another run takes over its books (A9, P1, P2)."""
    plan = Plan(configured(desk(), name="chain"), Mode.PAPER, feed="simulator")
    with PriceServer() as server:

        def first(director: Director) -> None:
            director.until(bool)
            seen = director.inputs(4)
            server.book()
            server.price(BUY, ts=START + SECOND)
            server.price(REST, ts=START + SECOND)
            server.price(at=7.0)
            director.until(seen)

        began = session(plan, home, server, START + SECOND, first)
        assert not began.finished
        assert [held["position"] for held in began.overview["open_positions"]] == ["BTC"]

        def second(director: Director) -> None:
            seen = director.until(lambda seen: seen["session_time"] != "")
            assert seen["candidates"] == 2
            seen_more = director.inputs(1)
            server.price(at=8.0)
            director.until(seen_more)

        resumed = session(plan, home, server, START + HOUR, second)
        run = resumed.figures["run"]
        assert run == began.figures["run"]
        folder = home.runs / run
        assert [gap.gap_ns for gap in events_of(folder, Resumed)] == [HOUR - SECOND]
        assert [(one.outcome, one.reason) for one in events_of(folder, Verdict)] == [
            ("FILLED", "filled"),
            ("CANCELLED", "restart"),
        ]
        assert [packet.position for packet in packets_of(folder) if packet.agent == "feed"] == [0, 1, 2, 3, 4]
        assert replay(folder).digest == resumed.figures["digest"]

        def third(director: Director) -> None:
            seen = director.inputs(2)
            server.book(ts=START + 2 * HOUR)
            server.price(LEAVE, ts=START + 2 * HOUR)
            director.until(seen)

        changed = replace(plan, configuration=configured(desk(notional=500.0), name="chain"))
        heir = session(changed, home, server, START + 2 * HOUR, third)
    (opened,) = events_of(home.runs / heir.figures["run"], Opened)
    assert opened.parent == run
    assert [held.position for held in opened.positions] == ["BTC"]
    assert heir.overview["open_positions"] == []
    assert rows(home, "SELECT parent FROM runs WHERE run = %s", heir.figures["run"]) == [(run,)]
    assert rows(
        home, "SELECT status, lots, venue, quantity IS NULL FROM trades WHERE run = %s", heir.figures["run"]
    ) == [("closed", 10_000, "test", False)]


def test_people_and_the_duration_on_the_wall_clock(home: Home) -> None:
    """A halt is stamped by the wall, though nothing was delivered for long; the run ends when its time is over."""
    plan = Plan(configured(desk(), name="people"), Mode.PAPER, duration_s=60.0)
    with PriceServer() as server:

        def script(director: Director) -> None:
            director.until(bool)
            director.wall.ts = START + 30 * SECOND
            ask(home.path, Halt("anna", "venue is odd"))
            assert director.status()["halted"] == "operator"
            director.wall.ts = START + 40 * SECOND
            ask(home.path, Resume("anna", "venue is back"))
            director.wall.ts = START + 61 * SECOND
            deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
            while director.status() and time.monotonic() < deadline:
                pause.wait(0.01)

        ended = session(plan, home, server, START, script)
    assert ended.finished
    folder = home.runs / ended.figures["run"]
    people = [packet.ts - START for packet in packets_of(folder) if isinstance(packet.event, Operator)]
    assert people == [30 * SECOND, 40 * SECOND]
    assert ended.overview["session_time"] == "2023-11-14T22:14:20Z"
    assert ended.overview["progress"] == 1.0
    assert rows(home, "SELECT count(*) FROM halts WHERE run = %s", ended.figures["run"])[0][0] >= 1


def test_a_refusal_to_take_over_leaves_the_home_folder_free(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails at the start: the lock is released, and the next command is not told of a session."""

    def refuse(*_: object) -> None:
        raise TradeworthyError("no")

    monkeypatch.setattr(session_module, "open_wall_run", refuse)
    plan = Plan(configured(desk(), name="refused"), Mode.PAPER)
    for _ in range(2):
        with pytest.raises(TradeworthyError, match="no"):
            run_wall_session(plan, home, PriceGateway("ws://127.0.0.1:1"), now=Wall())
