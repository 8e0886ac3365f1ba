"""Where the database is: DATABASE_URL, else the home folder's own server."""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
import psycopg
import sqlalchemy
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.store.embedded import EmbeddedPostgres

_WATCHFUL: dict[str, str | int] = {
    "connect_timeout": 5,
    # A peer that vanished without a word is noticed in seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c timezone=UTC",
}
_leases: dict[Path, EmbeddedPostgres] = {}
_leasing = threading.Lock()


def home_folder() -> Path:
    """TRADEWORTHY_HOME, else the platform's folder for a user's data."""
    named = os.environ.get("TRADEWORTHY_HOME")
    return Path(named) if named else platformdirs.user_data_path("tradeworthy")


def database_url(home: Path | None = None) -> str:
    """DATABASE_URL, else the URL of the embedded server of `home` (default: `home_folder()`), started if need be.

    This process keeps that server until `leave(home)` or its end. A second call looks after a server that died, so
    whoever reconnects asks again. UsageError for an address that is none of PostgreSQL's.
    """
    url = os.environ.get("DATABASE_URL")
    if url:
        return checked(url)
    home = (home or home_folder()).absolute()
    with _leasing:
        server = _leases.get(home)
        if server is None:
            server = _leases[home] = EmbeddedPostgres(home)
            atexit.register(leave, home)
        return server.url()


def leave(home: Path | None = None) -> None:
    """Give up this process's use of the embedded server of `home`, which stops with its last user."""
    home = (home or home_folder()).absolute()
    with _leasing:
        server = _leases.pop(home, None)
        if server is not None:
            server.close()


def checked(url: str) -> str:
    """`url` as libpq takes it (`postgresql://...`); UsageError if it is no address of a PostgreSQL database."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise UsageError(
            f"DATABASE_URL is no PostgreSQL address (it begins with {scheme[:20]!r});"
            " write postgresql://user:password@host:port/database"
        )
    plain = f"postgresql://{rest}"
    try:
        conninfo_to_dict(plain)
        _ = urlsplit(plain).port
    except (psycopg.ProgrammingError, ValueError) as error:
        raise UsageError(
            f"DATABASE_URL can't be read: {str(error).strip()}; write postgresql://user:password@host:port/database"
        ) from None
    return plain


def place_of(url: str) -> str:
    """`host:port` of a database URL, for people: no user, no password."""
    found = conninfo_to_dict(url)
    return f"{found.get('host') or 'localhost'}:{found.get('port') or 5432}"


def cannot_connect(url: str, error: Exception) -> Retryable:
    """The one-line error for a database that can't be reached: where, why, and what to do (A11)."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    reason = lines[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()
    return Retryable(
        f"Cannot connect to database ({place_of(url)}): {reason};"
        " start it, correct DATABASE_URL, or unset DATABASE_URL to use the embedded server"
    )


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection to `url` in UTC; Retryable (exit 3) in one line if there is none to be had."""
    try:
        return psycopg.connect(make_conninfo(url, **_WATCHFUL), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise cannot_connect(url, error) from None


def engine_of(url: str) -> sqlalchemy.Engine:
    """An SQLAlchemy engine for `url` that keeps no idle connections."""
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: connect(url), poolclass=sqlalchemy.NullPool
    )
