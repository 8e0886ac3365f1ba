"""The schema comes from the package's migrations, whoever asks, however often."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from tests.store.story import rows_of
from tradeworthy.core.errors import UsageError
from tradeworthy.store import init_db, migrating
from tradeworthy.store.addresses import connect, engine_of
from tradeworthy.store.migrating import migrate, schema_versions
from tradeworthy.store.schema import metadata


def test_init_db_is_idempotent_and_makes_paper_trades(
    bare_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3: twice, and then the table can be counted (A1)."""
    monkeypatch.setenv("DATABASE_URL", bare_database)
    assert schema_versions(bare_database) == ("", "0006")
    asyncio.run(init_db())
    asyncio.run(init_db())
    assert schema_versions(bare_database) == ("0006", "0006")
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


def steps(url: str, revision: str, step: Callable[[Config, str], None]) -> None:
    """Take Alembic's `step` to a revision, as `migrate` takes it to the newest."""
    scripts = migrating._scripts()
    with engine_of(url).begin() as connection:
        scripts.attributes["connection"] = connection
        step(scripts, revision)


OLD_ROWS = """
INSERT INTO runs (run, mode) VALUES ('r', 'paper');
INSERT INTO candidates (id, run, seq, created_at, desk, kind, instrument, side, quantity, price, edge, status, verdict,
                        reason, approved, intent)
VALUES ('00000000-0000-0000-0000-000000000001', 'r', 1, now(), 'breakout', 'breakout', 'BTC', 'buy', 2, 100, 3,
        'filled', 'FILLED', 'filled', TRUE, '{"legs": []}'),
       ('00000000-0000-0000-0000-000000000002', 'r', 2, now(), 'breakout', 'breakout', 'BTC', 'buy', 2, 100, 3,
        'rejected', 'REJECTED', 'position', FALSE, '{"legs": []}'),
       ('00000000-0000-0000-0000-000000000003', 'r', 3, now(), 'breakout', 'breakout', 'BTC', 'buy', 2, 100, 3,
        'expired', 'EXPIRED', 'expired', TRUE, '{"legs": []}');
INSERT INTO trades (id, run, seq, created_at, desk, position, instrument, venue, side, status, quantity, entry_price,
                    exit_price, entry_notional, fees, pnl, reason, entry_candidate, closed_at)
VALUES ('00000000-0000-0000-0000-000000000004', 'r', 4, now(), 'breakout', 'BTC', 'BTC', 'paper', 'buy', 'closed', 2,
        100, 101, 200, 0.1, 1.9, 'hold', 1, now());
"""


def test_a_database_of_the_first_version_is_upgraded_with_its_rows(bare_database: str) -> None:
    """What stood there stands there after it, and the view has the new columns for it, too (A1)."""
    steps(bare_database, "0001", command.upgrade)
    shown = "SELECT id, opportunity_type, market_id, side, status, realized_pnl, request_id, leg_no FROM paper_trades"
    with psycopg.connect(bare_database, autocommit=True) as connection:
        connection.execute(OLD_ROWS)
        before = connection.execute(f"{shown} ORDER BY id").fetchall()
        migrate(bare_database)
        migrate(bare_database)
        after = connection.execute(f"{shown} ORDER BY id").fetchall()
        assert [row for row in after if row[4] != "cancelled"] == before
        assert [(row[1], row[4]) for row in after if row not in before] == [("breakout", "cancelled")]
        new = connection.execute(
            "SELECT strategy_id, outcome, token_id, latency_ms, oracle_value, disputed FROM paper_trades"
            " WHERE status = 'closed'"
        ).fetchall()
        assert new == [("breakout", "LONG", "BTC", None, None, False)]
    assert schema_versions(bare_database) == ("0006", "0006")


def test_a_downgrade_leaves_the_first_version_as_it_was(bare_database: str) -> None:
    """And the way up again is open."""
    migrate(bare_database)
    steps(bare_database, "0001", command.downgrade)
    assert schema_versions(bare_database) == ("0001", "0006")
    with connect(bare_database) as connection:
        assert connection.execute("SELECT count(*) FROM paper_trades").fetchone() == (0,)
        assert connection.execute("SELECT to_regclass('opportunities')").fetchone() == (None,)
    migrate(bare_database)
    assert all(rows == [] for rows in rows_of(bare_database).values())


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
