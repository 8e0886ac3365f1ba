"""Servers that go away while a session runs: the session goes on, and no row is lost or doubled."""

import os
import signal
from pathlib import Path

from tests.flows.conftest import Calm, Environment
from tests.flows.outage_drill import outage
from tests.flows.rows import difference, tables_of
from tests.flows.sessions import PATIENCE_S, Session, eventually, journal_bytes
from tests.gateways.redis_server import Listener
from tradeworthy.store.embedded import EmbeddedPostgres

PACED = ("--speed", "40000")
"""Less than five seconds for a whole run."""
CHANNELS = ("trade.requests", "trade.decisions", "trade.results")


def test_a_database_that_is_away_for_a_while_has_all_rows_afterwards(calm: Calm, server_home: Path) -> None:
    """A10: a server of someone else's that is stopped and started again; `tests.flows.outage_drill` takes 60 s."""
    with EmbeddedPostgres(server_home) as server:
        ran, tables = outage(server, server_home.with_suffix(".s"), calm.words, away_s=1.0, paced=PACED)
    assert ran.closing == calm.ran.closing
    assert difference(calm.tables, tables) == ""


def test_embedded_servers_may_be_killed_under_the_session(calm: Calm, server_home: Path) -> None:
    """A10: the session itself starts both again; what was on the bus meanwhile is dropped."""
    session = Session(server_home, *calm.words, *PACED)
    session.wait_for("session_started")
    began = journal_bytes(server_home)
    session.wait_until(lambda: journal_bytes(server_home) > began + 50_000, "a journal that grows")
    os.kill(int((server_home / "redis" / "pid").read_text()), signal.SIGKILL)
    EmbeddedPostgres(server_home).stop()
    session.wait_for("projection_delayed", "projection_resumed")
    ran = session.end()
    assert ran.code == 0, ran.text
    assert ran.events("bus_lost")
    assert ran.events("bus_back")
    assert ran.closing == calm.ran.closing
    with EmbeddedPostgres(server_home) as server:
        assert difference(calm.tables, tables_of(server.url())) == ""


def test_requests_decisions_and_results_are_heard_on_the_bus(
    calm: Calm, home: Path, environment: Environment
) -> None:
    """A4: each message is an envelope whose id is the packet's in the tables."""
    heard: dict[str, list[dict[str, object]]] = {channel: [] for channel in CHANNELS}
    listener = Listener(environment["REDIS_URL"], *CHANNELS)
    session = Session(home, *calm.words, *PACED, environment=environment)

    def all_heard() -> bool:
        while not all(heard.values()):
            channel, message = listener.next()
            heard[channel].append(message)
        return True

    assert eventually(all_heard, PATIENCE_S)
    listener.close()
    session.signal(signal.SIGTERM)
    assert session.end().code == 0
    ids = {row[0] for row in tables_of(environment["DATABASE_URL"])["packets"]}
    for channel, messages in heard.items():
        for message in messages:
            assert set(message) == {"v", "id", "topic", "ts", "src", "data"}
            assert (message["v"], message["topic"]) == (1, channel)
            assert message["id"] in ids
            assert str(message["ts"]).startswith("2024-01-0")
            assert isinstance(message["data"], dict)
            assert message["src"]
