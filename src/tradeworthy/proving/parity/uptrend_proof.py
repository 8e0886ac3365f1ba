"""Parity of the uptrend desk: every path that computes it, held against the others, pair by pair."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.proving.parity.differences import (
    Compared,
    Difference,
    Place,
    compare,
    day_of,
    place_of_close,
)
from tradeworthy.proving.parity.outcomes import compare_values
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.proof import ENGINE, REPLAY, STACK, Advance, Parity
from tradeworthy.proving.parity.session_path import NotReplayed, empty_home
from tradeworthy.proving.parity.uptrend_batch import UptrendBatch, run_batch
from tradeworthy.proving.parity.uptrend_nautilus import nautilus_pair
from tradeworthy.proving.parity.uptrend_outcomes import (
    UptrendOutcome,
    compare_account,
    compare_notes,
    name_fields,
)
from tradeworthy.proving.parity.uptrend_paths import (
    UptrendPaper,
    UptrendSession,
    logged,
    run_backtest_path,
    run_paper_path,
    trip_key,
    trips_of,
)
from tradeworthy.proving.parity.uptrend_subject import UptrendSubject, uptrend_subject
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

TRADES_MIN = 200
"""Closed trades below which parity proves nothing, unless told otherwise: a trade of this desk has many fills."""

MINUTE_NS = 60_000_000_000

NO_SWEEP = Pair(
    "sweep = batch engine",
    (),
    0,
    0.0,
    inapplicable="a set of this desk learns from its own trades, so no compiled loop of plain sets computes it",
)

Again = Callable[[Collection[int]], tuple[UptrendOutcome, UptrendOutcome]]
"""Computes both sides again, with the records of the times given kept in full."""


def prove_uptrend(plan: Plan, *, trades_min: int = TRADES_MIN, advance: Advance = lambda *_: None) -> Parity:
    """Compute the uptrend desk of `plan` on all paths and compare them; errors as of `uptrend_subject`."""
    began = time.perf_counter()
    found: list[Pair] = []
    with empty_home() as home:
        subject = uptrend_subject(plan, home)
        batch, session = run_batch(subject), run_backtest_path(subject, home)
        for pair in _pairs(subject, batch, session, home):
            found.append(pair)
            advance(len(found), f"pairs, the last: {pair.name}")
    outcome = session.outcome
    payloads = outcome.notes.kinds["payloads"]
    days = sorted({day_of(one.ts) for one in payloads}) or [day_of(subject.end_ts)]
    return Parity(
        subject.configuration.name,
        subject.identity(),
        plan.the_seed,
        days[0],
        days[-1],
        len(days),
        len(payloads),
        outcome.notes.trades,
        trades_min,
        outcome.fingerprint,
        {subject.name: outcome.cash},
        outcome.notes.reached.coverage(),
        {f"{subject.name} {reason}": count for reason, count in sorted(outcome.refused.items())},
        tuple(found),
        time.perf_counter() - began,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _pairs(
    subject: UptrendSubject, batch: UptrendBatch, session: UptrendSession, home: Home
) -> Iterator[Pair]:
    """The table's pairs, one by one."""
    yield engine_pair(subject, batch, session, home)
    yield from _stack_pairs(subject, session)
    yield NO_SWEEP
    yield nautilus_pair(subject, batch)


def engine_pair(subject: UptrendSubject, batch: UptrendBatch, session: UptrendSession, home: Home) -> Pair:
    """The batch engine against a session: every record, order, fill and close, and the account."""

    def again(whole: Collection[int]) -> tuple[UptrendOutcome, UptrendOutcome]:
        return run_batch(subject, whole).outcome, run_backtest_path(subject, home, whole).outcome

    left, right = batch.outcome, session.outcome
    compared = compare_outcomes(subject, left, right, again)
    missing = right.notes.reached.missing()
    return Pair(ENGINE, tuple(compared), left.notes.trades, left.seconds + right.seconds, missing)


def compare_outcomes(
    subject: UptrendSubject, left: UptrendOutcome, right: UptrendOutcome, again: Again
) -> list[Compared]:
    """All records, then what was done to the account; of records that differ the first field."""
    found, times = compare_notes(left.notes, right.notes)
    if times:
        one, other = again(times)
        found = name_fields(found, one.notes, other.notes)
    return [*found, *compare_account(left, right, subject.end_ts)]


def _stack_pairs(subject: UptrendSubject, session: UptrendSession) -> Iterator[Pair]:
    """The session with all that is around it in production, and its replay."""
    began = time.perf_counter()
    try:
        with empty_home() as home:
            paper = run_paper_path(subject, home)
    except (NotAvailable, Retryable) as error:
        yield Pair(STACK, (), 0, time.perf_counter() - began, absent=str(error))
        yield Pair(REPLAY, (), 0, 0.0, absent="there is no paper session to replay")
        return
    yield _stack_pair(subject, session, paper)
    yield _replay_pair(subject, paper)


def _stack_pair(subject: UptrendSubject, session: UptrendSession, paper: UptrendPaper) -> Pair:
    def again(whole: Collection[int]) -> tuple[UptrendOutcome, UptrendOutcome]:
        with empty_home() as home:
            left = run_backtest_path(subject, home, whole).outcome
            return left, run_paper_path(subject, home, whole).session.outcome

    left, right = session.outcome, paper.session.outcome
    compared = compare_outcomes(subject, left, right, again)
    trips = compare(
        "round trips in the database",
        trips_of(left),
        sorted(paper.trips, key=trip_key),
        trip_key,
        lambda row, _: place_of_close(row["closed_ts"], MINUTE_NS),
    )
    expected = logged(left.notes)
    strands = {kind: paper.strands.get(kind, 0) for kind in expected}
    compared += [trips, compare_values("event log in the database", expected, strands, _end(subject))]
    note = f"rows that were late at its end: {paper.late}" if paper.late else ""
    missing, seconds = right.notes.reached.missing(), left.seconds + right.seconds
    return Pair(STACK, tuple(compared), left.notes.trades, seconds, missing, note=note)


def _replay_pair(subject: UptrendSubject, paper: UptrendPaper) -> Pair:
    trades, replayed = paper.session.outcome.notes.trades, paper.replayed
    if isinstance(replayed, NotReplayed):
        place = place_of_close(replayed.ts, MINUTE_NS)
        first = Difference(f"packet {replayed.seq}", *place, replayed.field, replayed.recorded, replayed.made)
        return Pair(REPLAY, (Compared("packets", 1, 1, first),), trades, paper.replay_s)
    run = paper.session.figures
    on_record = {name: run[name] for name in ("packets", "digest", "fingerprint")}
    made = {"packets": replayed.packets, "digest": replayed.digest, "fingerprint": replayed.fingerprint}
    compared = compare_values("digest", on_record, made, _end(subject))
    note = f"{replayed.decisions} decisions as on record; digest {replayed.digest}"
    return Pair(REPLAY, (compared,), trades, paper.replay_s, note=note)


def _end(subject: UptrendSubject) -> Place:
    return place_of_close(subject.end_ts, MINUTE_NS)
