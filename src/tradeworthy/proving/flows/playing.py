"""Plays a flow: a session of its own in a home and a database of its own, and then questions to that database alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

import structlog
from psycopg import sql

from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.proving.flows.planting import PLANTS, Saboteur
from tradeworthy.proving.flows.scripts import START, Script, ScriptFeed
from tradeworthy.proving.flows.stages import FlowStage, Followed, Packet, follow
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.session import run_session
from tradeworthy.store import addresses
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate

SERVERS = ("DATABASE_URL", "REDIS_URL")
SECOND_NS = 1_000_000_000
TEMPLATE = "flow_template"


@dataclass(frozen=True)
class Scenario:
    """A world, its script, and the packets that are followed through it.

    `files` lie beside the configuration, by name.
    """

    name: str
    about: str
    configuration: str
    script: Script
    packets: tuple[Packet, ...]
    files: Mapping[str, str] | None = None

    @property
    def stages(self) -> tuple[FlowStage, ...]:
        """The stages that its packets pass, in order."""
        passed = {step.stage for packet in self.packets for step in packet.steps}
        return tuple(stage for stage in FlowStage if stage in passed)


@dataclass(frozen=True)
class Played:
    """What became of a scenario's packets; `run` names the session, `log` are its lines."""

    scenario: Scenario
    run: str
    followed: tuple[Followed, ...]
    log: tuple[str, ...]
    planted: str

    @property
    def died(self) -> list[Followed]:
        """The packets that were lost."""
        return [one for one in self.followed if one.failure_stage]


class Stand:
    """Servers for flows: each session gets a home and an empty database of its own."""

    def __init__(self, folder: Path, database: str, redis: str) -> None:
        self._folder, self._database, self._redis = folder, database, redis
        self._numbers = count(1)

    def place(self) -> tuple[Home, str]:
        """An empty home, and the URL of an empty database with all tables."""
        name = f"flow_{next(self._numbers)}"
        address = self._database.rpartition("/")[0]
        with addresses.connect(f"{address}/postgres", autocommit=True) as connection:
            copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(copied.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return Home(self._folder / name).make(), f"{address}/{name}"

    def environment(self, database: str) -> dict[str, str]:
        """The variables that a session on `database` has."""
        return {"DATABASE_URL": database, "REDIS_URL": self._redis}


@contextmanager
def stand() -> Iterator[Stand]:
    """Embedded PostgreSQL and Redis in a folder of their own, gone afterwards."""
    with TemporaryDirectory(prefix="flow-") as name:
        folder = Path(name)
        with EmbeddedPostgres(folder) as postgres, EmbeddedRedis(folder) as redis:
            address = postgres.url().rpartition("/")[0]
            with addresses.connect(f"{address}/postgres", autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
            migrate(f"{address}/{TEMPLATE}")
            yield Stand(folder, postgres.url(), redis.url())


def play(scenario: Scenario, where: Stand, plant: FlowStage | None = None) -> Played:
    """Run the scenario's session to its end, then follow each packet through its database.

    `plant` breaks that stage on purpose. The environment names the stand's servers meanwhile.
    """
    home, database = where.place()
    for name, text in (scenario.files or {}).items():
        (home.path / name).write_text(text, encoding="utf-8")
    path = home.path / "flow.toml"
    path.write_text(scenario.configuration, encoding="utf-8")
    configuration = load(path)
    names = tuple(one.id for one in instruments_of(configuration))
    duration_s = (scenario.script.end_ts - START) / SECOND_NS
    plan = Plan(configuration, feed="script", duration_s=duration_s, fresh=True)
    observers = [Saboteur(PLANTS[plant])] if plant else []
    log_path = home.path / "session.log"
    with _environment(where.environment(database)), _logged(log_path):
        ending = run_session(plan, home, observers=observers, feed=ScriptFeed(scenario.script, names))
    run = str(ending.figures["run"])
    with addresses.connect(database) as connection:
        followed = tuple(follow(connection, run, scenario.name, packet) for packet in scenario.packets)
    log = tuple(log_path.read_text(encoding="utf-8").splitlines())
    return Played(scenario, run, followed, log, plant.value if plant else "")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.pop(name) for name in SERVERS if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Have structlog write to `path`, and as before afterwards."""
    before = structlog.get_config()
    with path.open("w", encoding="utf-8") as file:
        structlog.configure(**{**before, **_plain(file)})
        try:
            yield
        finally:
            structlog.configure(**before)


def _plain(file: TextIO) -> dict[str, Any]:
    return {
        "processors": [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        "wrapper_class": structlog.make_filtering_bound_logger(logging.INFO),
        "logger_factory": structlog.WriteLoggerFactory(file),
        "cache_logger_on_first_use": False,
    }
