"""The schema comes from the package's migrations, whoever asks, however often."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.store.story import rows_of
from tradeworthy.core.errors import UsageError
from tradeworthy.store import init_db
from tradeworthy.store.addresses import connect, engine_of
from tradeworthy.store.migrating import migrate, schema_versions
from tradeworthy.store.schema import metadata


def test_init_db_is_idempotent_and_makes_paper_trades(
    bare_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3: twice, and then the table can be counted (A1)."""
    monkeypatch.setenv("DATABASE_URL", bare_database)
    assert schema_versions(bare_database) == ("", "0001")
    asyncio.run(init_db())
    asyncio.run(init_db())
    assert schema_versions(bare_database) == ("0001", "0001")
    with connect(bare_database) as connection:
        assert connection.execute("SELECT COUNT(*) FROM paper_trades").fetchone() == (0,)


def test_calls_at_the_same_time_wait_for_each_other(bare_database: str) -> None:
    """Threads of one process, and other processes: one migrates, the rest find it done."""
    code = "import sys; from tradeworthy.store.migrating import migrate; migrate(sys.argv[1])"
    others = [subprocess.Popen([sys.executable, "-c", code, bare_database]) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [bare_database] * 4))
    assert [other.wait(30) for other in others] == [0, 0, 0]
    assert all(rows == [] for rows in rows_of(bare_database).values())


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(url: str) -> None:
    """Alembic finds nothing left to migrate."""
    with engine_of(url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "schema_version", "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_a_newer_schema_is_refused(url: str) -> None:
    """An older program does not touch what it can't know."""
    with engine_of(url).begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE schema_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="unknown to this version of tradeworthy"):
        migrate(url)


def test_s11_finds_its_columns(url: str) -> None:
    """S11's query is answered (A5)."""
    with connect(url) as connection:
        found = connection.execute(
            "SELECT id, created_at, opportunity_type, market_id, side, status FROM paper_trades"
            " ORDER BY created_at DESC LIMIT 5"
        )
        assert found.fetchall() == []
