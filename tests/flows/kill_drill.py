"""Kills sessions with SIGKILL at random points, and resumes them by the same command until they are finished.

    python -m tests.flows.kill_drill --kills 200

Each round is one run in a home of its own, with embedded servers or (every second one) with outside ones. It must come
to the digest and the rows of the run that nobody disturbed. Exits 1, with what differs, if one does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.flows.plans import words, write_plan
from tests.flows.rows import Tables, difference, tables_of
from tests.flows.sessions import Ran, Session, run, run_folder, say
from tradeworthy.core.packets import Kind
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.journal.reader import read
from tradeworthy.runtime.concluded import CONCLUDED, is_concluded
from tradeworthy.runtime.ending import clean_up
from tradeworthy.runtime.faults import FaultLog
from tradeworthy.runtime.home import Home
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate

DURATION_S = 180_000
FAULTS = {"shaky": ("late", [100, 500, 900]), "steady": ("raise", [700])}
"""Of short turns: one in which two kills hit the process would rightly be taken for the killer."""
MOMENTS = ("starting", "recovering", "running", "running", "running", "snapshot", "stopping")
STARTING_S = 2.0


@dataclass
class Drill:
    """One drill: `paced_s` is how long a whole run takes, `life_s` how long one process runs before its kill.

    `kills` is how many are left; `phases` counts those done by what the session was at.
    """

    kills: int
    chance: random.Random
    paced_s: float
    life_s: float
    real: bool = False
    phases: Counter[str] = field(default_factory=Counter)
    deaths_in_turns: int = 0

    def round(self, home: Path, command: tuple[str, ...], environment: dict[str, str]) -> Ran:
        """Start the run again and again, and kill it, until it is over; how its last process ended."""
        paced = (*command, "--speed", str(DURATION_S / self.paced_s))
        while self.kills:
            session = Session(home, *paced, environment=environment, real=self.real)
            moment = self.chance.choice(MOMENTS)
            self._await(session, moment)
            ran = session.end() if session.code() is not None else session.kill()
            if ran.code == -9:
                self.kills -= 1
                self.phases[phase_of(ran)] += 1
            if ran.code not in {0, -9} or is_over(home):
                return ran
        return run(home, *command, environment=environment, real=self.real)

    def _await(self, session: Session, moment: str) -> None:
        """Return at the moment for the kill, or when the session has ended."""
        share = self.chance.random()
        match moment:
            case "starting":
                self._let_pass(session, share * (STARTING_S if self.real else 0.3))
            case "recovering":
                self._let_write(session, "services_ready")
                self._let_pass(session, share * 0.2)
            case "running":
                self._let_write(session, "session_started")
                self._let_pass(session, share * 2 * self.life_s)
            case "snapshot":
                self._let_write(session, "session_started")
                before = snapshots(session.home)
                self._until(session, lambda: snapshots(session.home) != before, 2 * self.life_s)
                self._let_pass(session, share * 0.003)
            case _:
                self._let_write(session, "session_started")
                self._let_pass(session, share * self.life_s)
                session.signal(15)
                self._let_write(session, "session_stopping")
                self._let_pass(session, share * 0.4)

    def _let_write(self, session: Session, word: str) -> None:
        self._until(session, lambda: word in session.text(), 120.0)

    def _let_pass(self, session: Session, seconds: float) -> None:
        self._until(session, lambda: False, seconds)

    def _until(self, session: Session, holds: object, within_s: float) -> None:
        until, pause = time.monotonic() + within_s, threading.Event()
        while time.monotonic() < until and session.code() is None and not holds():  # type: ignore[operator]
            pause.wait(min(0.002, max(0.0, until - time.monotonic())))

    def count_deaths(self, home: Path) -> None:
        """Add the deaths in turns that the run's journal tells of."""
        self.deaths_in_turns += len(FaultLog().add(read(run_folder(home))).deaths)


def snapshots(home: Path) -> set[str]:
    """The names of all snapshots, drafts too."""
    return {path.name for path in (home / "runs").glob("*/snapshots/*")}


def phase_of(ran: Ran) -> str:
    """What the session was at when it ended."""
    for phase, word in (
        ("stopping", "session_stopping"),
        ("running", "session_started"),
        ("recovering", "services_ready"),
    ):
        if word in ran.text:
            return phase
    return "starting"


def is_over(home: Path) -> bool:
    """Whether the home's run was seen to its end, though its process may have been killed right after."""
    folders = list((home / "runs").glob("*-1"))
    return bool(folders) and is_concluded(folders[0])


def judge(home: Path, ran: Ran, seen: Tables, expected: Ran, tables: Tables) -> str:
    """What is wrong with a run that was killed and resumed; "" if nothing is."""
    marks = [record.mark for record in read(run_folder(home)) if record.kind == Kind.MARK]
    ends = [figures for name, figures in marks if name == CONCLUDED]
    if ran.code not in {0, -9} or len(ends) != 1:
        return f"it ended with {ran.code}: {ran.text}"
    figures = {name: str(figure) for name, figure in ends[0].items()}
    if figures != expected.closing or (ran.closing and ran.closing != figures):
        return f"it came to {figures}, undisturbed to {expected.closing}: {ran.text}"
    return difference(tables, seen)


class Places:
    """Homes and databases of the rounds of one drill, under `folder`, with servers of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._postgres, self._redis = EmbeddedPostgres(folder / "pg"), EmbeddedRedis(folder / "redis")
        migrate(self._postgres.open())
        self._redis.open()

    def outside(self, number: int) -> dict[str, str]:
        """The environment of a round whose servers are not its own, with an empty database."""
        address, _, template = self._postgres.url().rpartition("/")
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE round_{number} TEMPLATE {template}")
        return {"DATABASE_URL": f"{address}/round_{number}", "REDIS_URL": self._redis.url()}

    def rows(self, home: Path, environment: dict[str, str]) -> Tables:
        """The rows of a round."""
        if url := environment.get("DATABASE_URL"):
            return tables_of(url)
        with EmbeddedPostgres(home) as server:
            return tables_of(server.url())

    def close(self) -> None:
        """Stop the servers, and those that killed sessions have left."""
        self._postgres.close()
        self._redis.close()
        for home in self.folder.glob("round-*"):
            if home.is_dir():
                clean_up(Home(home))


def drill(kills: int, seed: int, folder: Path) -> int:
    """The whole drill; the exit code."""
    began, places = time.monotonic(), Places(folder)
    try:
        command = words(write_plan(folder / "plan", FAULTS, snapshot_every=1_000), DURATION_S)
        environment = places.outside(0)
        expected = run(folder / "calm", *command, environment=environment, real=True)
        tables = places.rows(folder / "calm", environment)
        say(f"undisturbed: {expected.closing}, {sum(map(len, tables.values()))} rows")
        one = Drill(kills, random.Random(seed), paced_s=25.0, life_s=0.7, real=True)
        number = 0
        while one.kills:
            number += 1
            home = folder / f"round-{number}"
            environment = {} if number % 2 else places.outside(number)
            ran = one.round(home, command, environment)
            wrong = judge(home, ran, places.rows(home, environment), expected, tables)
            one.count_deaths(home)
            done = kills - one.kills
            say(f"round {number}: {done}/{kills} kills, {dict(one.phases)}: {wrong or 'equal'}")
            if wrong:
                return 1
        say(
            f"kill_drill kills={kills} rounds={number} "
            + " ".join(f"{name}={count}" for name, count in sorted(one.phases.items()))
            + f" deaths_in_turns={one.deaths_in_turns} digests=equal rows=equal seed={seed}"
            f" seconds={time.monotonic() - began:.0f}"
        )
        return 0
    finally:
        places.close()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kd-") as folder:
        sys.exit(drill(asked.kills, asked.seed, Path(folder)))


if __name__ == "__main__":
    main()
