"""Takes the database away from a running session, and gives it back.

    python -m tests.flows.outage_drill --seconds 60

The session must not notice, and the rows must be those of an undisturbed run. Exits 1, with what differs, if not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.flows.kill_drill import DURATION_S, FAULTS
from tests.flows.plans import words, write_plan
from tests.flows.rows import Tables, difference, tables_of
from tests.flows.sessions import Ran, Session, journal_bytes, run, say
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate


def outage(
    server: EmbeddedPostgres, home: Path, command: tuple[str, ...], *, away_s: float, paced: tuple[str, ...]
) -> tuple[Ran, Tables]:
    """A session in `home` whose database, `server`, is away for `away_s` in mid-run; how it ended, and its rows."""
    url = server.url()
    with EmbeddedRedis(home) as redis:
        environment = {"DATABASE_URL": url, "REDIS_URL": redis.url()}
        session = Session(home, *command, *paced, environment=environment)
        session.wait_for("session_started")
        began = journal_bytes(home)
        session.wait_until(lambda: journal_bytes(home) > began + 50_000, "a journal that grows")
        server.stop()
        session.wait_for("projection_delayed")
        there = journal_bytes(home)
        session.wait_until(lambda: journal_bytes(home) > there + 50_000, "a journal that goes on without it")
        threading.Event().wait(away_s)
        back = server.url()
        assert back == url, "its port was taken meanwhile: try again"
        session.wait_for("projection_resumed")
        ran = session.end()
    return ran, tables_of(url)


def drill(seconds: float, folder: Path) -> int:
    """The whole drill; the exit code."""
    command = words(write_plan(folder / "plan", FAULTS, snapshot_every=1_000), DURATION_S)
    with EmbeddedPostgres(folder / "pg") as server, EmbeddedRedis(folder / "redis") as redis:
        migrate(server.url())
        environment = {"DATABASE_URL": server.url(), "REDIS_URL": redis.url()}
        expected = run(folder / "calm", *command, environment=environment)
        tables = tables_of(server.url())
    with EmbeddedPostgres(folder / "pg-2") as server:
        migrate(server.url())
        began = time.monotonic()
        paced = ("--speed", str(DURATION_S / (seconds + 20)))
        ran, seen = outage(server, folder / "home", command, away_s=seconds, paced=paced)
    wrong = difference(tables, seen) if ran.closing == expected.closing else ran.text
    (resumed,) = ran.events("projection_resumed")
    say(
        f"outage_drill away_s={seconds} outage_s={resumed.rpartition('=')[2]} run_s={time.monotonic() - began:.0f}"
        f" rows={sum(map(len, seen.values()))} digest={ran.digest[:16]} {wrong or 'equal'}"
    )
    return 1 if wrong else 0


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="od-") as folder:
        sys.exit(drill(asked.seconds, Path(folder)))


if __name__ == "__main__":
    main()
