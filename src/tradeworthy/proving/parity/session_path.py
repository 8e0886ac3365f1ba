"""The paths of the session: a backtest, a paper session with its database and bus, and that one's replay.

Each runs by the runtime's own functions, which the command line calls, with a witness in its core.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString

from psycopg.rows import dict_row

from tradeworthy.desks.divergence.trading import average_price
from tradeworthy.execution.steps import terms_of
from tradeworthy.journal.reader import read
from tradeworthy.journal.recorder import Divergence
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale, cash_of
from tradeworthy.proving.parity.differences import Values, fields_of
from tradeworthy.proving.parity.outcomes import Outcome
from tradeworthy.proving.parity.witness import Witness
from tradeworthy.proving.subject import Subject
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode
from tradeworthy.runtime.records import opened_records
from tradeworthy.runtime.replay import Replayed, replay
from tradeworthy.runtime.session import run_session
from tradeworthy.store import addresses

BACKTEST, PAPER = "backtest session", "paper session"

CLOSED: LiteralString = (
    "SELECT desk, instrument, side, lots, entry_notional, exit_notional, fees, pnl, reason, opened_at, closed_at"
    " FROM trades WHERE run = %s AND status = 'closed' ORDER BY closed_at, closed_seq"
)
CASH = ("entry_notional", "exit_notional", "fees", "pnl")
STORED = (
    *("asset", "direction", "entry_price", "exit_price", "pnl_pct", "pnl_absolute", "exit_reason"),
    *("entry_ts", "exit_ts", "lots", "fees"),
)
"""The fields of a Trade that the database has."""

OUTSIDE = ("DATABASE_URL", "REDIS_URL")
"""The variables that name servers of the user's."""

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True)
class SessionRun:
    """A session's outcome, the figures of its run_finished line, and cash with positions at cost (cash units)."""

    outcome: Outcome
    figures: dict[str, Any]
    cash: int


@dataclass(frozen=True)
class NotReplayed:
    """The first packet that a replay made otherwise: its seq and session time (UTC ns), the field, both values."""

    seq: int
    ts: int
    field: str
    recorded: str
    made: str


@dataclass(frozen=True)
class PaperRun:
    """A paper session with all around it: what the database says of its trades, what its rows lacked, its replay."""

    session: SessionRun
    stored: list[Values]
    late: str
    replayed: Replayed | NotReplayed
    replay_s: float


def run_backtest_path(subject: Subject, home: Home, whole: Collection[int] = ()) -> SessionRun:
    """The session that `tradeworthy backtest` runs: no database, no bus."""
    plan = replace(subject.plan, mode=Mode.BACKTEST, fresh=True, out=None)
    witness, began = _witness(subject, whole), time.perf_counter()
    done = run_backtest(plan, home, observers=[witness])
    return _session_run(BACKTEST, witness, done.figures, began)


def run_paper_path(subject: Subject, home: Home, whole: Collection[int] = ()) -> PaperRun:
    """The session that `tradeworthy run --mode paper` runs, in an empty home: with PostgreSQL and Redis.

    Retryable or NotAvailable if one of them can't be started.
    """
    plan = replace(subject.plan, mode=Mode.PAPER, fresh=True, out=None)
    witness, began = _witness(subject, whole), time.perf_counter()
    ending = run_session(plan, home, observers=[witness])
    session = _session_run(PAPER, witness, ending.figures, began)
    run, began = str(ending.figures["run"]), time.perf_counter()
    replayed = replay_of(home.runs / run)
    replay_s = time.perf_counter() - began
    with opened_records(home, run), addresses.connect(addresses.database_url(home.path)) as database:
        found = database.cursor(row_factory=dict_row).execute(CLOSED, [run]).fetchall()
    terms = _terms(subject)
    stored = [_stored(row, terms[row["instrument"]]) for row in found]
    stored.sort(key=stored_key)
    return PaperRun(session, stored, ending.rows_late, replayed, replay_s)


def replay_of(folder: Path) -> Replayed | NotReplayed:
    """The replay of the run in `folder`, or where it parts from the record."""
    try:
        return replay(folder)
    except Divergence as error:
        ts = next((record.ts for record in read(folder) if record.seq >= error.seq), 0)
        return NotReplayed(error.seq, ts, error.field, error.recorded, error.made)


@contextmanager
def empty_home() -> Iterator[Home]:
    """A home folder of its own with servers of its own, gone afterwards.

    The user's database and bus are out of sight: a proof leaves no run in them, and takes no capital from them.
    """
    outside = {name: os.environ.pop(name) for name in OUTSIDE if name in os.environ}
    try:
        with TemporaryDirectory(prefix="parity-") as folder:
            yield Home(Path(folder)).make()
    finally:
        os.environ.update(outside)


def _witness(subject: Subject, whole: Collection[int]) -> Witness:
    posts = subject.configuration.venue.fills == "maker_draw"
    return Witness(list(subject.desks), _terms(subject), whole, posts=posts)


def _terms(subject: Subject) -> dict[str, Any]:
    venue = subject.configuration.venue
    return {
        one.id: terms_of(Scale(one), venue) for desk in subject.desks.values() for one in desk.instruments
    }


def _session_run(path: str, witness: Witness, figures: dict[str, Any], began: float) -> SessionRun:
    witness.close()
    outcome = Outcome(
        path,
        witness.desks,
        witness.rows,
        str(figures["fingerprint"]),
        time.perf_counter() - began,
        witness.missed,
        witness.refused,
    )
    return SessionRun(outcome, figures, witness.cash())


def _stored(row: Values, terms: Any) -> Values:
    """A row of the database by the names of a Trade, in cash units and ns since 1970."""
    entry, exit_, fees, pnl = (cash_of(row[name]) for name in CASH)
    lots = row["lots"]
    return {
        "desk": row["desk"],
        "asset": row["instrument"],
        "direction": 1 if row["side"] == Side.BUY.value else -1,
        "entry_price": average_price(terms, entry, lots),
        "exit_price": average_price(terms, exit_, lots),
        "pnl_pct": pnl / entry,
        "pnl_absolute": pnl,
        "exit_reason": row["reason"],
        "entry_ts": (row["opened_at"] - EPOCH) // MICROSECOND * 1_000,
        "exit_ts": (row["closed_at"] - EPOCH) // MICROSECOND * 1_000,
        "lots": lots,
        "fees": fees,
    }


def as_stored(outcome: Outcome) -> list[Values]:
    """The trades of `outcome` by the same names, in the order in which the database lists them."""
    found = [
        {"desk": name, **{field: value for field, value in fields_of(trade).items() if field in STORED}}
        for name, desk in outcome.desks.items()
        for trade in desk.trades
    ]
    return sorted(found, key=stored_key)


def stored_key(trade: Values) -> tuple[int, str]:
    """One desk closes one trade at a time."""
    return trade["exit_ts"], trade["desk"]
