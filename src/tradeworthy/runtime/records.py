"""What the tables say of the runs in a home folder, brought up to their journals first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tradeworthy.core.errors import NotAvailable
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home, read_holder
from tradeworthy.runtime.runs import find
from tradeworthy.store import addresses, init_db
from tradeworthy.store.catch_up import CaughtUp, project_all
from tradeworthy.store.listings import Listings
from tradeworthy.store.queries import Queries


@contextmanager
def opened_records(home: Home, run: str = "") -> Iterator[Queries]:
    """Questions to the tables about `run` ("": the newest) and its parents; a living session's own rows may lag.

    NotAvailable if there is no run, or no database that can be started; Retryable if it can't be reached.
    """
    with _opened(home, run) as (connection, name):
        yield Queries(connection, name)


@contextmanager
def opened_listings(home: Home, run: str = "") -> Iterator[Listings]:
    """Pages of rows of `run` and its parents; as `opened_records` else."""
    with _opened(home, run) as (connection, name):
        yield Listings(connection, Queries(connection, name).runs)


@contextmanager
def _opened(home: Home, run: str) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    name = newest_or_named(home, run)
    try:
        bring_up(home)
        with addresses.connect(addresses.database_url(home.path)) as connection:
            yield connection, name
    except psycopg.Error as error:
        raise addresses.cannot_connect(addresses.database_url(home.path), error) from None
    finally:
        addresses.leave(home.path)


def bring_up(home: Home) -> list[CaughtUp]:
    """Migrate the database, and project what is missing of every run that no living session projects."""
    asyncio.run(init_db(home.path))
    living = str((read_holder(home.lock) or {}).get("run", ""))
    return project_all(home.path, addresses.database_url(home.path), codec(), skip=living)


def newest_or_named(home: Home, run: str) -> str:
    """`run`, or the newest on disk for "": what trace and report both mean by it.

    A named run may be gone from disk, its rows are kept. "" if only the database can know.
    """
    if run:
        return run
    try:
        return find(home, "").name
    except NotAvailable:
        if os.environ.get("DATABASE_URL") or (home.path / "postgres" / "data").exists():
            return ""
        raise
