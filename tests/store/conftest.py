"""One embedded server for all tests here, and a database of its own for each test that asks."""

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.store.story import Story
from tradeworthy.store.addresses import connect
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate
from tradeworthy.store.queries import Connection
from tradeworthy.store.schema import metadata

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """A folder for homes with servers. Not pytest's: that is closed to other accounts with each session of pytest."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder)


@pytest.fixture
def empty_home(places: Path) -> Path:
    """A home folder of the test's own, that is not there yet."""
    return places / f"home-{next(_numbers)}"


@pytest.fixture(scope="session")
def server(places: Path, made_home: Path) -> Iterator[EmbeddedPostgres]:
    """A running embedded server with a migrated database `tradeworthy` to copy."""
    home = places / "shared"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    with (home / "postgres" / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("fsync = off\n")
    with EmbeddedPostgres(home) as server:
        migrate(server.url())
        yield server


@pytest.fixture(scope="session")
def made_home(places: Path) -> Path:
    """A home folder whose server was started once; not to be used, but copied."""
    home = places / "made"
    with EmbeddedPostgres(home):
        pass
    return home


@pytest.fixture
def used_home(made_home: Path, empty_home: Path) -> Path:
    """A home folder of the test's own, with a cluster that is ready to be started."""
    subprocess.run(["cp", "-a", str(made_home), str(empty_home)], check=True)
    return empty_home


@pytest.fixture(scope="session")
def emptied(server: EmbeddedPostgres) -> list[str]:
    """Migrated databases that no test uses at the moment."""
    return []


@pytest.fixture
def new_database(server: EmbeddedPostgres, emptied: list[str]) -> Iterator[Callable[[], str]]:
    """Gives the URLs of migrated, empty databases, which are used again after the test."""
    given: list[str] = []

    def give() -> str:
        given.append(emptied.pop() if emptied else make_database(server, "tradeworthy"))
        return given[-1]

    yield give
    for url in given:
        with psycopg.connect(url) as connection:
            connection.execute(f"TRUNCATE {', '.join(metadata.tables)}")
    emptied += given


@pytest.fixture
def bare_database(server: EmbeddedPostgres) -> str:
    """The URL of a database without tables."""
    return make_database(server, "template1")


def make_database(server: EmbeddedPostgres, template: str) -> str:
    """Copy a database of the server; the URL of the copy."""
    address = server.url().rpartition("/")[0]
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{address}/{name}"


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    """The URL of a migrated, empty database."""
    return new_database()


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A connection to the test's database."""
    with connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A run's journal that the test writes turn by turn."""
    with Story(tmp_path / "home" / "runs" / "breakout-1") as story:
        yield story
