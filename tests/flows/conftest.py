"""Real servers for whole sessions: one PostgreSQL and one Redis for all tests, a database and a home for each."""

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.flows.plans import write_plan
from tests.flows.rows import Tables, tables_of
from tests.flows.sessions import Ran, run
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """A folder with a short path: unix sockets take 107 bytes. Not pytest's, which is closed to other accounts."""
    with tempfile.TemporaryDirectory(prefix="tf-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def made_home(places: Path) -> Path:
    """A home whose servers were started once; not to be used, but copied."""
    with EmbeddedPostgres(places / "made") as server:
        migrate(server.url())
    return places / "made"


@pytest.fixture(scope="session")
def postgres(places: Path, made_home: Path) -> Iterator[EmbeddedPostgres]:
    """A running server with a migrated database to copy."""
    subprocess.run(["cp", "-a", str(made_home), str(places / "pg")], check=True)
    with (places / "pg" / "postgres" / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\n")
    with EmbeddedPostgres(places / "pg") as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(places: Path) -> Iterator[str]:
    """The address of a running Redis."""
    with EmbeddedRedis(places / "redis") as server:
        yield server.url()


@pytest.fixture
def home(places: Path) -> Path:
    """A home folder of the test's own, that is not there yet."""
    return places / f"h{next(_numbers)}"


@pytest.fixture
def server_home(made_home: Path, home: Path) -> Path:
    """A home folder of the test's own, whose embedded servers are ready to be started."""
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    return home


Environment = dict[str, str]


@pytest.fixture(scope="session")
def new_environment(postgres: EmbeddedPostgres, redis_url: str) -> Callable[[], Environment]:
    """Gives environments that name the servers, each with an empty database."""

    def give() -> Environment:
        address, _, template = postgres.url().rpartition("/")
        name = f"flow_{next(_numbers)}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return {"DATABASE_URL": f"{address}/{name}", "REDIS_URL": redis_url}

    return give


@pytest.fixture
def environment(new_environment: Callable[[], Environment]) -> Environment:
    """The servers' addresses, with an empty database."""
    return new_environment()


class Calm(NamedTuple):
    """A run that nothing disturbed: the words of its command, how it ended, and its rows."""

    words: tuple[str, ...]
    ran: Ran
    tables: Tables


@pytest.fixture(scope="session")
def calm(places: Path, new_environment: Callable[[], Environment]) -> Calm:
    """What the disturbed runs must come to. Its desks fault now and then, so recovery meets quarantines, too."""
    from tests.flows.kill_drill import DURATION_S, FAULTS

    plan = write_plan(places / "plan", FAULTS, snapshot_every=1_000)
    command = ("run", str(plan), "--duration", str(DURATION_S))
    environment = new_environment()
    ran = run(places / "calm", *command, environment=environment)
    assert ran.code == 0, ran.text
    return Calm(command, ran, tables_of(environment["DATABASE_URL"]))
