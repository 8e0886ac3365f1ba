"""Brings a database to the present schema, with the migrations that come in the package."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from tradeworthy.core.errors import UsageError
from tradeworthy.store.addresses import cannot_connect, connect, database_url, engine_of

LOCK = 0x7472_6164_6577_6F72
"""The advisory lock of whoever migrates: the word `tradewor`."""

_one_at_a_time = threading.Lock()
"""Alembic keeps its context in globals."""


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; calls at the same time wait for each other.

    Retryable if it can't be reached, UsageError if it is newer than this program or we may not change it.
    """
    scripts = _scripts()
    engine = engine_of(url)
    try:
        with _one_at_a_time, engine.begin() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            scripts.attributes["connection"] = connection
            command.upgrade(scripts, "head")
    except sqlalchemy.exc.OperationalError as error:
        raise cannot_connect(url, error.orig or error) from None
    except sqlalchemy.exc.ProgrammingError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise UsageError(f"The database user may not create tables: {error.orig}".strip()) from None
        raise
    except CommandError as error:
        raise UsageError(
            f"The database's schema is unknown to this version of tradeworthy ({error}); upgrade it, or name another"
            " database in DATABASE_URL"
        ) from None
    finally:
        engine.dispose()


def schema_versions(url: str) -> tuple[str, str]:
    """The schema of the database at `url` ("": none yet), and the newest one; Retryable if it can't be reached."""
    newest = ScriptDirectory.from_config(_scripts()).get_current_head() or ""
    with connect(url) as connection:
        if connection.execute("SELECT to_regclass('schema_version')").fetchone() == (None,):
            return "", newest
        found = connection.execute("SELECT version_num FROM schema_version").fetchone()
    return (str(found[0]) if found else ""), newest


def _scripts() -> Config:
    scripts = Config()
    scripts.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return scripts


async def init_db(home: Path | None = None) -> None:
    """Have the database (DATABASE_URL, else the embedded one of `home`) ready with all tables; twice is as once."""
    await asyncio.to_thread(lambda: migrate(database_url(home)))
