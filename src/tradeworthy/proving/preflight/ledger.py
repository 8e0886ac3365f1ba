"""Drill 4: the state store refuses every write on day 5 of 10; day 6 begins with the ledger's capital, counted once.

Five days are run, the journal is taken away, and five more are run in the same home: the run that begins on day 6 has
nothing but the ledger, and a store that stands where it stood before day 5 was over. Then the last five are run again.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import msgspec

from tradeworthy.gateways.capital_ledger import LedgerLine
from tradeworthy.market.money import cash_of
from tradeworthy.proving.preflight.results import Drilled, at_least, exactly
from tradeworthy.proving.preflight.sessions import (
    DeskWatcher,
    home_of_its_own,
    ledger_lines,
    refuse_writes,
    session_plan,
    take_writes,
    value_at,
)
from tradeworthy.proving.preflight.stage import Stage
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.session import run_session

DAYS, FAULT_DAY = 5, 4
"""Days of either run, and the one of the first at which the store fails, counted from 0."""

FAULT_BAR = 1


def drill_ledger(stage: Stage) -> Drilled:
    """Two runs of DAYS days, the store failing in the first, and the second one again.

    NotAvailable if database or store are not the home folder's own.
    """
    with home_of_its_own() as home:
        before = _run(stage, home, 0, fails=True)
        lines = _lines(stage, home)
        missed = len(lines) - _seq_in_store(stage, home)
        shutil.rmtree(home.runs)
        after = _run(stage, home, DAYS)
        whole = _lines(stage, home)
        shutil.rmtree(home.runs)
        again = _run(stage, home, DAYS)
        last = _lines(stage, home)
        known = _seq_in_store(stage, home)
    opening = stage.subject.desks[stage.desk].capital
    close = [line.capital for line in whole]
    return Drilled(
        4,
        "failed writes of the store",
        f"{len(whole)} days, every write refused from day {FAULT_DAY + 1} on, the journal gone before day {DAYS + 1};"
        f" {before.trades} and {after.trades} trades",
        (
            exactly("days in the ledger", len(whole), 2 * DAYS),
            exactly("days in it twice", len(whole) - len({line.date for line in whole}), 0),
            exactly("capital of day 6 off the ledger", (after.opened or 0) - close[DAYS - 1], 0),
            exactly("capital off opening and results", close[-1] - opening - before.pnl - after.pnl, 0),
            exactly("lines that don't go on from the last", _gaps(whole, opening), 0),
            exactly("lines added or changed by running days again", last != whole, 0),
            exactly("capital of day 6 off, run again", (again.opened or 0) - close[DAYS - 1], 0),
            exactly("days that the store lacks in the end", len(last) - known, 0),
            at_least("days that the store missed", missed, 1),
            at_least("trades", before.trades + after.trades, 1),
        ),
    )


def _run(stage: Stage, home: Home, first: int, *, fails: bool = False) -> DeskWatcher:
    """One run of DAYS days from day `first` on."""
    day = FAULT_DAY if fails else -1
    watcher = DeskWatcher(stage.desk, day, FAULT_BAR, lambda: refuse_writes(home))
    try:
        run_session(session_plan(stage, first, DAYS), home, observers=[watcher])
    finally:
        if watcher.called:
            take_writes(home)
    return watcher


def _lines(stage: Stage, home: Home) -> list[LedgerLine]:
    """The ledger of the desk, checked."""
    return ledger_lines(session_plan(stage, 0, DAYS), home, stage.desk)


def _seq_in_store(stage: Stage, home: Home) -> int:
    """The last line of the ledger that the store knows of."""
    raw = value_at(home, stage.subject.desks[stage.desk].settings.state_key)
    ledger = msgspec.json.decode(raw)["ledger"] if raw else None
    return ledger["seq"] if ledger else 0


def _gaps(lines: Sequence[LedgerLine], opening: int) -> int:
    """How many lines open with another capital than the one before closed with."""
    closes = [opening, *(line.capital for line in lines)]
    return sum(cash_of(line.capital_open) != close for line, close in zip(lines, closes, strict=False))
