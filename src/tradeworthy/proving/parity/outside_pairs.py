"""The batch engine against computations that share little with it: the sweep, the vectorised twin, NautilusTrader."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tradeworthy.core.errors import NotAvailable
from tradeworthy.desks.divergence.results import DayResult, Trade
from tradeworthy.execution.fingerprint import fingerprint_of
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.proving.parity.batch_path import Batch, run_batch
from tradeworthy.proving.parity.coverage import TAKERS, UNSCRIPTED, coverage_of, coverage_of_trades
from tradeworthy.proving.parity.differences import Compared, Difference, Place, place_of_close, place_of_open
from tradeworthy.proving.parity.nautilus_pair import compare_with_engine, nautilus_trades
from tradeworthy.proving.parity.outcomes import compare_economics, compare_values
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.subject import DeskSubject, Subject
from tradeworthy.reporting.metrics import Performance
from tradeworthy.research.sweeping import run_one
from tradeworthy.research.vectorised import TOLERANCE, TwinTrade, differences, run_twin

SWEEP, TWIN, NAUTILUS = "sweep", "vectorised twin", "NautilusTrader"


def sweep_pair(subject: Subject, batch: Batch) -> Pair:
    """Each desk's parameters as a set of the sweep: orders, fills and closes, and capital to the last unit.

    `subject` and `batch` are without a script.
    """
    began, compared = time.perf_counter(), list[Compared]()
    for name, desk in subject.desks.items():
        result, theirs = run_one(
            desk.frame,
            desk.settings,
            desk.instruments,
            subject.configuration.venue,
            desk=name,
            seed=subject.plan.the_seed,
            capital=desk.capital,
        )
        outcome, ours = batch.outcome.desks[name], [row for row in batch.outcome.rows if row[1] == name]
        compared.append(compare_economics(f"fills {name}", ours, theirs, subject.step_ns))
        figures = {"trades": len(outcome.trades), "capital": outcome.capital}
        figures_of_set = {"trades": int(result.trades), "capital": int(result.capital)}
        prints = {"fingerprint": fingerprint_of(ours)}, {"fingerprint": fingerprint_of(theirs)}
        both = {**figures, **prints[0]}, {**figures_of_set, **prints[1]}
        compared.append(compare_values(f"figures {name}", *both, place=_end(desk)))
    missing = coverage_of(batch.outcome).missing(UNSCRIPTED)
    seconds = time.perf_counter() - began
    return Pair(f"{SWEEP} = batch engine, no script", tuple(compared), batch.outcome.trades, seconds, missing)


def twin_pair(subject: Subject, batch: Batch) -> Pair:
    """The figures of each desk by the twin's own signals and float money, within TOLERANCE of the engine's.

    `subject` and `batch` are without a script.
    """
    began, compared, notes = time.perf_counter(), list[Compared](), list[str]()
    for name, desk in subject.desks.items():
        outcome = batch.outcome.desks[name]
        twin = run_twin(
            desk.settings,
            desk.instruments,
            subject.configuration.venue,
            desk.frame,
            desk=name,
            seed=subject.plan.the_seed,
            capital=desk.capital / CASH_UNIT,
        )
        figures = metrics_of(desk.capital, outcome.trades, batch.days[name])
        far = differences(figures, twin.metrics)
        place = _parting(desk, outcome.trades, twin.trades) if far else _end(desk)
        first = None
        for figure, (ours, theirs) in far.items():
            first = first or Difference(f"figures {name}", *place, figure, repr(ours), repr(theirs))
        compared.append(Compared(f"figures {name}", len(figures), len(far), first))
        notes.append(f"{name}: {len(outcome.trades)} and {len(twin.trades)} trades")
    missing = coverage_of(batch.outcome).missing(UNSCRIPTED)
    seconds, within = time.perf_counter() - began, f"within {100 * TOLERANCE:g} %"
    name = f"{TWIN} = batch engine {within}, no script"
    return Pair(name, tuple(compared), batch.outcome.trades, seconds, missing, note="; ".join(notes))


def metrics_of(capital: int, trades: Sequence[Trade], days: Sequence[DayResult]) -> dict[str, float | None]:
    """ROI, PF, DD, Sharpe, WR and Trades of an engine that began with `capital` cash units."""
    performance = Performance(capital)
    for day in days:
        for trade in day.trades:
            performance.trade(trade.pnl_absolute)
        performance.end_day()
    found = performance.figures()
    return {
        "ROI": found["roi"],
        "PF": found["profit_factor"],
        "DD": found["max_drawdown"],
        "Sharpe": found["sharpe"],
        "WR": found["win_rate"],
        "Trades": float(len(trades)),
    }


def _parting(desk: DeskSubject, ours: Sequence[Trade], theirs: Sequence[TwinTrade]) -> Place:
    """Where the twin first enters another trade, or enters at another time."""
    frame = desk.frame
    for trade, twin in zip(ours, theirs, strict=False):
        if (trade.asset, trade.entry_ts) != (twin.asset, int(frame.closed_ts[twin.entry_row])):
            return place_of_close(trade.entry_ts, frame.step_ns)
    return _end(desk)


def nautilus_pair(subject: Subject) -> Pair:
    """Each desk in NautilusTrader and in the batch engine, both taking at the close, with no script.

    Without nautilus_trader the pair is absent.
    """
    name = f"{NAUTILUS} = batch engine, takers at the close, no script"
    venue = subject.configuration.venue.model_copy(update={"fills": "taker_close"})
    configuration = subject.configuration.model_copy(update={"venue": venue, "script": ()})
    subject = replace(subject, plan=replace(subject.plan, configuration=configuration), stance=())
    began, compared, notes = time.perf_counter(), list[Compared](), list[str]()
    batch = run_batch(subject)
    for desk_name, desk in subject.desks.items():
        try:
            run = nautilus_trades(
                desk.frame,
                desk.settings,
                desk.instruments,
                subject.timeframe,
                desk=desk_name,
                capital=desk.capital,
                venue=venue,
            )
        except NotAvailable as error:
            return Pair(name, (), 0, time.perf_counter() - began, absent=str(error))
        outcome = batch.outcome.desks[desk_name]
        rows = [row for row in batch.outcome.rows if row[1] == desk_name]
        found = compare_with_engine(outcome.trades, rows, run)
        compared.append(_outside(desk_name, found, subject.step_ns))
        notes.append(
            f"{desk_name}: {found.their_trades} trades and {found.their_fills} fills of theirs, pnl within"
            f" {found.pnl_gap_max} and fees within {found.fee_gap_max} units of 1e-8 a trade"
        )
    trades = [trade for one in batch.outcome.desks.values() for trade in one.trades]
    missing = coverage_of_trades(trades).missing(TAKERS)
    seconds = time.perf_counter() - began
    return Pair(name, tuple(compared), len(trades), seconds, missing, note="; ".join(notes))


def _outside(name: str, found: Any, step_ns: int) -> Compared:
    what, gap = f"trades and fills {name}", found.gap
    if gap is None:
        return Compared(what, found.trades + found.fills)
    place = place_of_close(gap.ts, step_ns)
    first = Difference(f"{gap.what} {gap.place} of {name}", *place, gap.field, gap.ours, gap.theirs)
    return Compared(what, found.trades + found.fills, 1, first)


def _end(desk: DeskSubject) -> Place:
    return place_of_open(int(desk.frame.ts[-1]), desk.frame.step_ns)
