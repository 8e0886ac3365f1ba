"""Paper sessions for the drills that take a server away: on the simulator, in a home and on servers of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta

import redis

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.gateways.capital_ledger import LedgerLine, read_ledger
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.state_store import client_of
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.preflight.stage import DAY_NS, DAY_S, Stage
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.state_keeping import kept_desks

SERVERS = ("DATABASE_URL", "REDIS_URL")
PAUSE_MS = 600_000


@contextmanager
def home_of_its_own() -> Iterator[Home]:
    """An empty home whose servers may be stopped; its Redis keeps what it has from session to session.

    NotAvailable if the environment names other servers.
    """
    check_servers()
    with empty_home() as home, EmbeddedRedis(home.path):
        yield home


def check_servers() -> None:
    """NotAvailable if sessions would use servers that the environment names."""
    named = [name for name in SERVERS if os.environ.get(name)]
    if named:
        raise NotAvailable(
            f"{' and '.join(named)} name servers that no drill may stop or write to: unset them"
        )


def session_plan(stage: Stage, first: int, days: int, *, mode: Mode = Mode.PAPER) -> Plan:
    """`days` simulated days from the simulator's day `first` on (0: its first)."""
    configuration = stage.configuration
    start = configuration.simulator.start + timedelta(days=first)
    simulator = configuration.simulator.model_copy(update={"start": start})
    placed = configuration.model_copy(update={"simulator": simulator})
    return Plan(placed, mode, feed="simulator", duration_s=days * DAY_S, seed=stage.seed)


class DeskWatcher(Agent):
    """The part named `watcher`: what a desk's capital was at its first row, its pnl and trades (cash units).

    `at_day` is called once, in the session's thread, when row `bar` of day `day` (0: the first) is judged.
    """

    def __init__(
        self, desk: str, day: int = -1, bar: int = 0, at_day: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__("watcher", State())
        self.opened: int | None = None
        self.pnl = self.trades = self.called = 0
        self._desk, self._when, self._call = desk, (day, bar), at_day
        self._first_day = -1
        self._sequencer: Sequencer | None = None

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; the core is kept to look at the desk."""
        self._sequencer = sequencer
        return super().context(sequencer)

    def capital(self) -> int:
        """The desk's capital now."""
        assert self._sequencer is not None
        agent = self._sequencer.agents[self._desk]
        assert isinstance(agent, Divergence)
        return agent.capital()

    @on(TradeClosed)
    def take_close(self, event: TradeClosed, _: Context) -> None:
        """Add up."""
        if event.desk == self._desk:
            self.pnl += event.pnl
            self.trades += 1

    @on(BarJudged)
    def take_bar(self, event: BarJudged, _: Context) -> None:
        """Look at the first row, and act when it is time."""
        if event.desk != self._desk:
            return
        day = event.ts_event // DAY_NS
        if self.opened is None:
            self.opened, self._first_day = self.capital() - self.pnl, day
        if not self.called and (day - self._first_day, event.bar_idx) >= self._when and self._when[0] >= 0:
            self.called = 1
            self._call()


def ledger_lines(plan: Plan, home: Home, desk: str) -> list[LedgerLine]:
    """The ledger of a desk after a session of `plan`, checked; UsageError if it is damaged."""
    kept = kept_desks(plan.configuration, home, plan.feed)
    return read_ledger(next(one.ledger for one in kept if one.desk == desk))


def refuse_writes(home: Home) -> None:
    """Let the home's Redis answer no write in time; it still answers reads."""
    with _client(home) as client:
        client.client_pause(PAUSE_MS, all=False)


def take_writes(home: Home) -> None:
    """Let it answer again."""
    with _client(home) as client:
        client.client_unpause()


def kill_redis(home: Home) -> None:
    """End the home's Redis as a crash would."""
    pid = int((home.path / "redis" / "pid").read_text(encoding="ascii"))
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def value_at(home: Home, key: str) -> bytes:
    """What stands at `key`, empty if nothing does."""
    with _client(home) as client:
        found = client.get(key)
    return found if isinstance(found, bytes) else b""


@contextmanager
def _client(home: Home) -> Iterator[redis.Redis]:
    with EmbeddedRedis(home.path) as server, closing(client_of(server.url())) as client:
        yield client
