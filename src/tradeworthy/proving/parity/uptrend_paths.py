"""The sessions of a proof of the uptrend desk: a backtest, and a paper session with its database, bus and replay."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from psycopg.rows import dict_row

from tradeworthy.market.money import cash_of
from tradeworthy.proving.parity.differences import Values
from tradeworthy.proving.parity.session_path import (
    BACKTEST,
    CLOSED,
    EPOCH,
    MICROSECOND,
    PAPER,
    NotReplayed,
    replay_of,
)
from tradeworthy.proving.parity.uptrend_outcomes import Notes, UptrendOutcome
from tradeworthy.proving.parity.uptrend_subject import UptrendSubject
from tradeworthy.proving.parity.uptrend_witness import UptrendWitness
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode
from tradeworthy.runtime.records import opened_records
from tradeworthy.runtime.replay import Replayed
from tradeworthy.runtime.session import run_session
from tradeworthy.store import addresses

STRANDS: LiteralString = "SELECT kind, count(*) AS count FROM ad_strands WHERE run = %s GROUP BY kind"
"""The event log in the database, by kind."""

LOGGED = {
    "decision_lowcap": "signals",
    "pm_action": "actions",
    "uptrend_episode_summary": "episodes",
    "position_closed": "trades",
}
"""Kinds of the event log, and what they are called among the notes."""


@dataclass(frozen=True)
class UptrendSession:
    """A session's outcome, and the figures of its run_finished line."""

    outcome: UptrendOutcome
    figures: dict[str, Any]


@dataclass(frozen=True)
class UptrendPaper:
    """A paper session with all around it: round trips and event log of its database, what was late, its replay."""

    session: UptrendSession
    trips: list[Values]
    strands: Values
    late: str
    replayed: Replayed | NotReplayed
    replay_s: float


def run_backtest_path(subject: UptrendSubject, home: Home, whole: Collection[int] = ()) -> UptrendSession:
    """The session that `tradeworthy backtest` runs: no database, no bus."""
    plan = replace(subject.plan, mode=Mode.BACKTEST, fresh=True, out=None)
    witness, began = UptrendWitness(whole), time.perf_counter()
    done = run_backtest(plan, home, observers=[witness])
    return _session(BACKTEST, witness, done.figures, began)


def run_paper_path(subject: UptrendSubject, home: Home, whole: Collection[int] = ()) -> UptrendPaper:
    """The session that `tradeworthy run --mode paper` runs, in an empty home: with PostgreSQL and Redis.

    Retryable or NotAvailable if one of them can't be started.
    """
    plan = replace(subject.plan, mode=Mode.PAPER, fresh=True, out=None)
    witness, began = UptrendWitness(whole), time.perf_counter()
    ending = run_session(plan, home, observers=[witness])
    session = _session(PAPER, witness, ending.figures, began)
    run, began = str(ending.figures["run"]), time.perf_counter()
    replayed = replay_of(home.runs / run)
    replay_s = time.perf_counter() - began
    with opened_records(home, run), addresses.connect(addresses.database_url(home.path)) as database:
        trips = database.cursor(row_factory=dict_row).execute(CLOSED, [run]).fetchall()
        counts = database.cursor(row_factory=dict_row).execute(STRANDS, [run]).fetchall()
    strands = {row["kind"]: row["count"] for row in counts}
    return UptrendPaper(session, [_trip(row) for row in trips], strands, ending.rows_late, replayed, replay_s)


def logged(notes: Notes) -> Values:
    """How many rows of each kind the event log must have."""
    return {kind: len(notes.kinds[name]) for kind, name in LOGGED.items()}


def trips_of(outcome: UptrendOutcome) -> list[Values]:
    """The round trips of a session by the names that the database gives them, in the order in which it lists them."""
    found = [
        {
            "instrument": one["instrument"],
            "side": str(one["side"]),
            "lots": one["lots"],
            "entry_notional": one["entry_notional"],
            "exit_notional": one["exit_notional"],
            "fees": one["fees"],
            "pnl": one["pnl"],
            "reason": one["reason"],
            "opened_ts": one["opened_ts"],
            "closed_ts": one["closed_ts"],
        }
        for one in outcome.trips
    ]
    return sorted(found, key=trip_key)


def trip_key(trip: Values) -> tuple[int, str, int, int]:
    """When it was closed, in what, since when and for how much."""
    return trip["closed_ts"], trip["instrument"], trip["opened_ts"], trip["entry_notional"]


def _trip(row: Values) -> Values:
    money = {name: cash_of(row[name]) for name in ("entry_notional", "exit_notional", "fees", "pnl")}
    times = {
        f"{name}_ts": (row[f"{name}_at"] - EPOCH) // MICROSECOND * 1_000 for name in ("opened", "closed")
    }
    plain = {name: row[name] for name in ("instrument", "side", "lots")}
    return plain | money | {"reason": row["reason"]} | times


def _session(path: str, witness: UptrendWitness, figures: dict[str, Any], began: float) -> UptrendSession:
    outcome = UptrendOutcome(
        path,
        witness.notes,
        witness.rows,
        str(figures["fingerprint"]),
        witness.cash(),
        time.perf_counter() - began,
        witness.refused,
        witness.trips,
    )
    return UptrendSession(outcome, figures)
