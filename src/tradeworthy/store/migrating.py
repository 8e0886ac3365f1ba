"""Brings a database to the present schema, with the migrations that come in the package."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from tradeworthy.core.errors import UsageError
from tradeworthy.store.addresses import cannot_connect, database_url, engine_of

LOCK = 0x7472_6164_6577_6F72
"""The advisory lock of whoever migrates: the word `tradewor`."""

_one_at_a_time = threading.Lock()
"""Alembic keeps its context in globals."""


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema; calls at the same time wait for each other.

    Retryable if it can't be reached, UsageError if it is newer than this program or we may not change it.
    """
    scripts = Config()
    scripts.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
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


async def init_db(home: Path | None = None) -> None:
    """Have the database (DATABASE_URL, else the embedded one of `home`) ready with all tables; again changes nothing."""
    await asyncio.to_thread(lambda: migrate(database_url(home)))
