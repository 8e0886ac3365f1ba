"""What pages and the API read: the tables, over a few connections that can't write, in threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel, errors

from tradeworthy.core.errors import NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.records import newest_or_named
from tradeworthy.store import addresses
from tradeworthy.store.learning_queries import LearningRecords
from tradeworthy.store.listings import Listings
from tradeworthy.store.queries import Queries

CONNECTIONS_MAX = 4
STATEMENT_S_MAX = 20

_TOLD = (
    *(psycopg.OperationalError, psycopg.DataError, psycopg.InternalError, psycopg.InterfaceError),
    *(errors.UndefinedTable, errors.UndefinedColumn, errors.InsufficientPrivilege, OSError),
)
"""What can go wrong outside; all else is a defect of ours."""

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """Questions about one run and its parents, all answered from one moment of the tables."""

    connection: psycopg.Connection[Any]
    run: str

    @cached_property
    def queries(self) -> Queries:
        """What `report` and `trace` show; NotAvailable without a run."""
        return Queries(self.connection, self.run)

    @cached_property
    def listings(self) -> Listings:
        """Rows page by page, and series."""
        return Listings(self.connection, self.queries.runs)

    @cached_property
    def learning(self) -> LearningRecords:
        """What was learned."""
        return self.queries.learning()


class Records:
    """Reads the tables of the installation in `home`; a connection that broke is replaced at the next call."""

    def __init__(self, home: Home) -> None:
        self._home, self._url = home, ""
        self._idle: LifoQueue[psycopg.Connection[Any]] = LifoQueue()
        self._workers = ThreadPoolExecutor(CONNECTIONS_MAX, thread_name_prefix="records")

    async def read(self, ask: Callable[[Reading], T], run: str = "") -> T:
        """What `ask` finds about `run` ("": the newest), in one read-only transaction of a worker thread.

        Retryable if the database can't be reached or takes too long, NotAvailable if there is no run yet, UsageError
        for a run that there is not, and for what no table could hold.
        """
        return await asyncio.get_running_loop().run_in_executor(self._workers, self._read, ask, run)

    def _read(self, ask: Callable[[Reading], T], run: str) -> T:
        try:
            return self._asked(ask, newest_or_named(self._home, run))
        except _TOLD as error:
            raise self._told(error) from None

    def _asked(self, ask: Callable[[Reading], T], run: str) -> T:
        """What `ask` finds; asked anew where a connection that was kept has lost its server meanwhile."""
        while True:
            connection, was_kept = self._take()
            try:
                with connection.transaction():
                    return ask(Reading(connection, run))
            except psycopg.OperationalError:
                is_lost = connection.broken
                connection.close()
                if not (was_kept and is_lost):
                    raise
            finally:
                if not connection.closed:
                    self._idle.put(connection)

    def _told(self, error: psycopg.Error | OSError) -> TradeworthyError:
        """What went wrong, in one line that a page can show."""
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        match error:
            case errors.QueryCanceled():
                return Retryable(
                    f"the database had no answer in {STATEMENT_S_MAX} s: try again, or ask for less"
                )
            case psycopg.OperationalError():
                return addresses.cannot_connect(self._url, error)
            case psycopg.DataError():
                return UsageError(f"the database can't look for that ({said}): correct it")
            case psycopg.ProgrammingError():
                return NotAvailable(
                    f"the database has not what is asked of it ({said}): `tradeworthy init` brings its tables up"
                    " to date"
                )
            case psycopg.Error():
                return Retryable(f"the database can't answer that ({said}): try again")
            case _:
                return Retryable(f"the home folder can't be read just now ({said}): try again")

    def _take(self) -> tuple[psycopg.Connection[Any], bool]:
        """A connection, and whether it was kept from an earlier call."""
        try:
            return self._idle.get_nowait(), True
        except Empty:
            return self._connected(), False

    def _connected(self) -> psycopg.Connection[Any]:
        self._url = addresses.database_url(self._home.path)
        connection = addresses.connect(self._url, autocommit=True)
        try:
            connection.execute(f"SET statement_timeout = '{STATEMENT_S_MAX}s'")
        except psycopg.Error:
            connection.close()
            raise
        connection.autocommit = False
        connection.read_only = True
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        return connection

    def close(self) -> None:
        """Let what is under way end, and hang up."""
        self._workers.shutdown()
        while not self._idle.empty():
            self._idle.get().close()
        addresses.leave(self._home.path)
