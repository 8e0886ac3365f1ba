"""Parity: every path that computes the divergence desks' trades, held against the others, pair by pair.

A pair that differs names the first date, bar and field. What equals must also have occurred: too few trades, or an
exit, a fill branch or a side that was never reached, and the proof fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.proving.parity.batch_path import Batch, run_batch
from tradeworthy.proving.parity.coverage import ALL, UNSCRIPTED, Coverage, Owed, coverage_of
from tradeworthy.proving.parity.differences import (
    Compared,
    Difference,
    Place,
    compare,
    date_of,
    place_of_close,
    place_of_open,
)
from tradeworthy.proving.parity.outcomes import (
    Outcome,
    compare_desk,
    compare_economics,
    compare_looks,
    compare_values,
    difference_of_looks,
)
from tradeworthy.proving.parity.outside_pairs import nautilus_pair, sweep_pair, twin_pair
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.pure_python import ROWS, pure_pair
from tradeworthy.proving.parity.session_path import (
    NotReplayed,
    PaperRun,
    SessionRun,
    as_stored,
    empty_home,
    run_backtest_path,
    run_paper_path,
    stored_key,
)
from tradeworthy.proving.reference import reference_pair
from tradeworthy.proving.subject import Subject, subject_of
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

TRADES_MIN = 1_000
"""Trades in all below which parity proves nothing, unless told otherwise."""

ENGINE, STACK, REPLAY, LISTENER = (
    "batch engine = backtest session",
    "backtest session = paper session with database and bus",
    "paper session = its replay",
    "batch engine without a listener = session without an event",
)
"""Names of pairs that the sign-off list rests on."""

FINE = ("EQUAL", "ABSENT", "NOT APPLICABLE")
"""Verdicts on a pair that fail no proof."""

Advance = Callable[[int, str], None]
"""Told how many pairs are done, and which is next."""

Again = Callable[[Collection[int]], tuple[Outcome, Outcome]]
"""Computes both sides again, with the records kept as bytes after the rows that open at the times given."""


class Parity(msgspec.Struct, frozen=True):
    """What the proof came to. Capital is in cash units by desk, `refused` counts what risk rejected."""

    configuration: str
    feed: dict[str, Any]
    seed: int
    first_day: str
    last_day: str
    days: int
    rows: int
    trades: int
    trades_min: int
    fingerprint: str
    capital: dict[str, int]
    coverage: Coverage
    refused: dict[str, int]
    pairs: tuple[Pair, ...]
    seconds: float
    made_at: str

    @property
    def too_few(self) -> bool:
        """Whether there were too few trades for a proof."""
        return self.trades < self.trades_min

    @property
    def passed(self) -> bool:
        """Whether no pair that ran differs or owes anything, over enough trades."""
        return not self.too_few and all(pair.verdict in FINE for pair in self.pairs)

    @property
    def exit_code(self) -> int:
        """0 all pairs equal, 1 not so, 3 if one that is absent is all that is missing."""
        if not self.passed:
            return 1
        return 3 if any(pair.absent for pair in self.pairs) else 0


def prove_parity(
    plan: Plan,
    *,
    trades_min: int = TRADES_MIN,
    pure_rows: int = ROWS,
    reference: Path | None = None,
    advance: Advance = lambda *_: None,
) -> Parity:
    """Compute the desks of `plan` on all paths and compare them; errors as of `subject_of` and `reference_pair`."""
    began = time.perf_counter()
    with empty_home() as home:
        subject = subject_of(plan, home)
        batch = run_batch(subject, together=True)
        session = run_backtest_path(subject, home)
        found: list[Pair] = []
        for pair in _pairs(subject, batch, session, home, pure_rows, reference):
            found.append(pair)
            advance(len(found), f"pairs, the last: {pair.name}")
    outcome, days = (
        session.outcome,
        sorted({day for one in batch.days.values() for day in (d.date for d in one)}),
    )
    return Parity(
        subject.configuration.name,
        subject.feed,
        plan.the_seed,
        date_of(days[0]),
        date_of(days[-1]),
        len(days),
        subject.rows,
        outcome.trades,
        trades_min,
        outcome.fingerprint,
        {name: desk.capital for name, desk in outcome.desks.items()},
        coverage_of(outcome),
        {f"{desk} {reason}": count for (desk, reason), count in sorted(outcome.refused.items())},
        tuple(found),
        time.perf_counter() - began,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _pairs(
    subject: Subject, batch: Batch, session: SessionRun, home: Home, pure_rows: int, reference: Path | None
) -> Iterator[Pair]:
    """The table's pairs, one by one."""
    yield engine_pair(ENGINE, subject, batch, session, home, ALL)
    yield from _stack_pairs(subject, session)
    plain = subject.without_script()
    together, alone = run_batch(plain, together=True), run_batch(plain)
    yield engine_pair(LISTENER, plain, together, run_backtest_path(plain, home), home, UNSCRIPTED)
    yield sweep_pair(plain, alone)
    yield twin_pair(plain, alone)
    yield nautilus_pair(plain)
    for name in subject.desks:
        yield pure_pair(subject, name, pure_rows)
    if reference:
        yield reference_pair(subject, batch, reference)


def engine_pair(
    name: str, subject: Subject, batch: Batch, session: SessionRun, home: Home, owed: Owed
) -> Pair:
    """The engines of all desks against one session: every field of every bar, trade, order and fill."""

    def again(whole: Collection[int]) -> tuple[Outcome, Outcome]:
        engines = run_batch(subject, whole, together=True).outcome
        return engines, run_backtest_path(subject, home, whole).outcome

    left, right = batch.outcome, session.outcome
    compared = compare_outcomes(subject, left, right, again)
    missing = coverage_of(right).missing(owed)
    return Pair(name, tuple(compared), left.trades, left.seconds + right.seconds, missing)


def compare_outcomes(subject: Subject, left: Outcome, right: Outcome, again: Again) -> list[Compared]:
    """Records, bar logs, trades and capital of every desk, all orders, fills and closes, and the fingerprint."""
    step, looked, rows = subject.step_ns, dict[str, Compared](), dict[str, int]()
    for name in subject.desks:
        looked[name], ts = compare_looks(
            f"records {name}", left.desks[name].looks, right.desks[name].looks, step
        )
        if ts is not None:
            rows[name] = ts
    if rows:
        one, other = again(frozenset(rows.values()))
        for name, ts in rows.items():
            looks = one.desks[name].looks.get(ts), other.desks[name].looks.get(ts)
            columns, place = subject.desks[name].frame.instruments, place_of_open(ts, step)
            if looks[0] and looks[1]:
                first = difference_of_looks(looked[name].what, looks[0], looks[1], columns, place)
                looked[name] = msgspec.structs.replace(looked[name], first=first or looked[name].first)
    found: list[Compared] = []
    for name in subject.desks:
        found += [looked[name], *compare_desk(name, left.desks[name], right.desks[name], step)]
    prints = {"fingerprint": left.fingerprint}, {"fingerprint": right.fingerprint}
    found.append(compare_economics("orders, fills and closes", left.rows, right.rows, step))
    found.append(compare_values("fingerprint", *prints, place=_end(subject)))
    return found


def _stack_pairs(subject: Subject, session: SessionRun) -> Iterator[Pair]:
    """The session with all that is around it in production, and its replay."""
    began = time.perf_counter()
    try:
        with empty_home() as home:
            paper = run_paper_path(subject, home)
    except (NotAvailable, Retryable) as error:
        seconds = time.perf_counter() - began
        yield Pair(STACK, (), 0, seconds, absent=str(error))
        yield Pair(REPLAY, (), 0, 0.0, absent="there is no paper session to replay")
        return
    yield _stack_pair(subject, session, paper)
    yield _replay_pair(subject, paper)


def _stack_pair(subject: Subject, session: SessionRun, paper: PaperRun) -> Pair:
    def again(whole: Collection[int]) -> tuple[Outcome, Outcome]:
        with empty_home() as home:
            left = run_backtest_path(subject, home, whole).outcome
            return left, run_paper_path(subject, home, whole).session.outcome

    left, right = session.outcome, paper.session.outcome
    compared = compare_outcomes(subject, left, right, again)
    stored = compare(
        "trades in the database",
        as_stored(left),
        paper.stored,
        stored_key,
        lambda row, _: place_of_close(row["exit_ts"], subject.step_ns),
    )
    cash = {"cash": session.cash}, {"cash": paper.session.cash}
    compared += [stored, compare_values("account", *cash, place=_end(subject))]
    missing, seconds = coverage_of(right).missing(ALL), left.seconds + right.seconds
    note = f"rows that were late at its end: {paper.late}" if paper.late else ""
    return Pair(STACK, tuple(compared), left.trades, seconds, missing, note=note)


def _replay_pair(subject: Subject, paper: PaperRun) -> Pair:
    trades, replayed = paper.session.outcome.trades, paper.replayed
    if isinstance(replayed, NotReplayed):
        place = place_of_open(replayed.ts, subject.step_ns)
        first = Difference(f"packet {replayed.seq}", *place, replayed.field, replayed.recorded, replayed.made)
        return Pair(REPLAY, (Compared("packets", 1, 1, first),), trades, paper.replay_s)
    run = paper.session.figures
    on_record = {name: run[name] for name in ("packets", "digest", "fingerprint")}
    made = {"packets": replayed.packets, "digest": replayed.digest, "fingerprint": replayed.fingerprint}
    compared = compare_values("digest", on_record, made, _end(subject))
    note = f"{replayed.decisions} decisions as on record; digest {replayed.digest}"
    return Pair(REPLAY, (compared,), trades, paper.replay_s, note=note)


def _end(subject: Subject) -> Place:
    """The last row of the session."""
    last = max(int(desk.frame.ts[-1]) for desk in subject.desks.values())
    return place_of_open(last, subject.step_ns)
