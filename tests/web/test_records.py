"""What pages read of the tables, and what they are told when that goes wrong."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.web.served import Served
from tradeworthy.core.errors import Retryable, TradeworthyError
from tradeworthy.runtime import records as runtime_records
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.records import opened_records
from tradeworthy.store import addresses
from tradeworthy.web import records as records_module
from tradeworthy.web.records import Reading, Records

PASSWORD = "geheim-und-lang"


def asked(home: Home, ask: Callable[[Reading], Any], run: str = "r") -> Any:
    """What a Records of its own finds."""
    records = Records(home)
    try:
        return asyncio.run(records.read(ask, run))
    finally:
        records.close()


def test_an_address_with_a_driver_is_read_and_its_password_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: DATABASE_URL as other tools write it; no error repeats the password."""
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg://nobody:{PASSWORD}@127.0.0.1:1/none")
    with pytest.raises(Retryable, match=r"Cannot connect to database \(127.0.0.1:1\)") as caught:
        asked(Home(home), lambda _: None)
    assert PASSWORD not in str(caught.value)


def test_a_connection_that_breaks_under_a_report_is_told_without_the_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: the same address, and the same care, for what the command line reads."""

    def broken(_: Home) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg://nobody:{PASSWORD}@127.0.0.1:1/none")
    monkeypatch.setattr(runtime_records, "bring_up", broken)
    with (
        pytest.raises(Retryable, match="server closed the connection") as caught,
        opened_records(Home(home), "r"),
    ):
        pass
    assert PASSWORD not in str(caught.value)


def test_what_takes_too_long_is_no_lost_connection(finished: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what happened, and the next question is answered."""
    monkeypatch.setattr(records_module, "STATEMENT_S_MAX", 0.05)
    with pytest.raises(Retryable, match=r"no answer in 0.05 s"):
        asked(finished.home, lambda one: one.connection.execute("SELECT pg_sleep(5)"))


def test_a_home_that_can_not_be_read_is_told_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when no more files can be opened: it may pass."""

    def full(*_: object) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(records_module, "newest_or_named", full)
    with pytest.raises(Retryable, match="Too many open files"):
        asked(Home(home), lambda _: None)


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_what_no_table_can_hold_is_a_wrong_question(finished: Served, text: str) -> None:
    """One line, as for any other wrong filter."""
    with pytest.raises(TradeworthyError, match="can't look for that"):
        asked(finished.home, lambda one: one.listings.trades(strategy=text), "")


def test_a_kept_connection_whose_server_went_is_replaced_unseen(finished: Served) -> None:
    """A10: after a restart of the database no page shows an error for what was idle meanwhile."""
    records = Records(finished.home)

    def backend(one: Reading) -> int:
        row = one.connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(row[0])

    try:
        before = asyncio.run(records.read(backend))
        with psycopg.connect(addresses.database_url(finished.home.path), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [before])
        assert asyncio.run(records.read(backend)) != before
    finally:
        records.close()
