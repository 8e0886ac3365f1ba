"""A long run holds no more at its end than early on: markets come and go by the hundred, and are forgotten (A10)."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
import structlog

from tests.flows.conftest import Environment
from tests.flows.sessions import Session
from tradeworthy.core.errors import TradeworthyError
from tradeworthy.core.packets import Kind
from tradeworthy.gateways.control import Status, ask
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.quotes import Conflation, Quotes
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import START
from tradeworthy.market.predictions import MarketResolved
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.narration import Narrator
from tradeworthy.runtime.opening import OpenRun, open_run
from tradeworthy.runtime.pilot import pilot_plan
from tradeworthy.store.rows import Known, Rows

DAY_S = 86_400
PILOT = Path(__file__).parents[2] / "configs" / "pilot.toml"
COARSE = """
[journal]
snapshot_every = 20000

[predictions]
step_ms = {step_ms}
windows_minutes = [5]
ladder_strikes = 2
touch = false
event_outcomes = 0
assets = [{{ symbol = "BTC", name = "Bitcoin", price = 95000.0 }}]
"""
"""Few markets at a time, one after the other: a day of it takes some seconds."""

RSS_GROWTH_MAX = 24 << 20
"""Bytes between a quarter and the end of an accelerated run, its snapshots and the allocator's moods included."""

SIZE_GROWTH_MAX = 1.6
"""Of all states together, as snapshots hold them: how many markets are open differs from hour to hour."""

STATE_BYTES_MAX = 64 << 10
WATCHERS_MAX = 100
"""Things that a follower of the journal remembers, where eight tokens are listed at a time."""


def configured(folder: Path, *, step_ms: int) -> Path:
    """The pilot's configuration on a coarse simulator."""
    path = folder / "soak.toml"
    path.write_text(PILOT.read_text(encoding="utf-8") + COARSE.format(step_ms=step_ms), encoding="utf-8")
    return path


class Soak:
    """A run of the pilot in this process, and those who follow its journal: log, bus and tables."""

    def __init__(self, run: OpenRun) -> None:
        self.life, self.resolved = run.life, 0
        self.narrator, self.conflation = Narrator("simulator"), Conflation()
        self.quotes, self.known = Quotes(lambda _: None), Known()
        self._rows = Rows(run.life.header.run, self.known)
        self._place = START

    def follow(self) -> None:
        """Show the followers what came since."""
        self.life.writer.wait_durable()
        until = self.life.writer.durable_bytes
        for record in read(self.life.folder, self._place, until):
            if record.kind not in {Kind.INPUT, Kind.DECISION}:
                continue
            packet = codec().decode(record.body)[1]
            self.resolved += isinstance(packet.event, MarketResolved)
            self._rows.add(record.kind, packet)
            for body in self.conflation.admit(record.ts, record.body):
                shown = codec().decode(body)[1]
                self.narrator.take(shown)
                self.quotes.note(shown)
        self._rows.take()
        self._place = until

    def states(self) -> dict[str, int]:
        """Bytes of each agent's state."""
        agents = self.life.core.sequencer.agents
        return {name: len(msgspec.msgpack.encode(agent.state)) for name, agent in agents.items()}

    def watchers(self) -> dict[str, int]:
        """What followers and the sequencer remember, in numbers of things."""
        sequencer = self.life.core.sequencer
        return {
            "listed": held_in(self.quotes),
            "books": held_in(self.conflation),
            "narrated": held_in(self.narrator),
            "scales": len(self.known.scales),
            "halts": len(self.known.halts),
            "trades": held_in(self.known.trades),
            "open candidates": len(sequencer.candidates.open),
            "positions": len(sequencer.positions),
        }


def held_in(thing: object) -> int:
    """How many things lie in the containers of an object."""
    values = msgspec.structs.asdict(thing) if isinstance(thing, msgspec.Struct) else vars(thing)
    return sum(len(one) for one in values.values() if isinstance(one, dict | list | set))


@pytest.fixture
def soak(
    places: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Soak, Iterator[list[Row]]]]:
    """Three days of the pilot on one-minute steps, and its feed's rows."""
    monkeypatch.delenv("TRADEWORTHY_DATA__RECORDED", raising=False)
    plan = pilot_plan(configured(places, step_ms=60_000), duration_s=3.0 * DAY_S)
    feed = open_feed(plan, Home(home).make())
    run = open_run(plan, Home(home), feed.identity(), feed.span()[0])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield Soak(run), feed.batches()
    finally:
        structlog.reset_defaults()
        run.life.close()


def test_states_and_followers_hold_no_more_after_days_than_after_one(
    soak: tuple[Soak, Iterator[list[Row]]],
) -> None:
    """Over 800 markets are resolved; what is remembered is of the few that are open."""
    run, batches = soak
    begin = 0
    quarter: dict[str, int] = {}
    for batch in batches:
        begin = begin or batch[0][1]
        run.life.admit_rows(batch)
        run.follow()
        passed_s = (batch[-1][1] - begin) / 1e9
        if passed_s >= DAY_S and not quarter:
            quarter = run.states()
        if passed_s >= 3 * DAY_S:
            break
    end = run.states()
    assert run.resolved > 800
    assert max(end.values()) < STATE_BYTES_MAX, end
    assert sum(end.values()) < SIZE_GROWTH_MAX * sum(quarter.values()), (quarter, end)
    assert max(run.watchers().values()) < WATCHERS_MAX, run.watchers()


def test_a_session_does_not_grow(places: Path, home: Path, environment: Environment) -> None:
    """Memory, files and threads of the process between a quarter and the end of a day, its servers included."""
    path = configured(places, step_ms=20_000)
    session = Session(home, "pilot", "--config", str(path), "--duration", str(DAY_S), environment=environment)
    session.wait_for("pilot_started")
    process = psutil.Process(session.pid)

    def passed() -> float:
        try:
            return float(ask(home, Status()).get("progress") or 0.0)
        except TradeworthyError:
            # It has ended, or it is too busy to answer: `wait_until` tells the first from the second.
            return 0.0

    def held() -> tuple[int, int, int]:
        return process.memory_info().rss, process.num_fds(), process.num_threads()

    session.wait_until(lambda: passed() >= 0.25, "a quarter of the day")
    rss, files, threads = held()
    session.wait_until(lambda: passed() >= 0.9, "the end of the day")
    rss_then, files_then, threads_then = held()
    ran = session.end()
    assert ran.code == 0, ran.text
    assert rss_then - rss < RSS_GROWTH_MAX, f"{rss:,} then {rss_then:,} bytes"
    assert files_then <= files + 4
    assert threads_then <= threads + 1
