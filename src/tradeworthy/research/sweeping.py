"""Parameter sets over one tape: signals once for alike sets, trades on all cores, the same for any number of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeworthy.core.draws import word_of
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.desks.divergence import order_books
from tradeworthy.desks.divergence.codes import Code
from tradeworthy.desks.divergence.config import DivergenceSettings, OrderBookSettings
from tradeworthy.desks.divergence.engine import MAKER_STREAM
from tradeworthy.desks.divergence.making import empty_memory, neutral_bar, params_table
from tradeworthy.desks.divergence.order_books import MockOBProvider
from tradeworthy.desks.divergence.records import FEATURES, record_of
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import CLOSED, FILL, POSITION, TERMS, record, terms_of
from tradeworthy.market.instruments import Instrument, Side
from tradeworthy.market.money import Scale
from tradeworthy.market.panel_frames import Integers, PanelFrame
from tradeworthy.research.features import Tape, tape_of
from tradeworthy.research.loops import (
    LIQUIDITY,
    LOG,
    ORDER,
    RESULT,
    TRADING,
    TRIGGER,
    find_triggers,
    trade_sets,
)

TRADE_FIELDS = (
    *("extreme", "take_profit", "stop", "max_hold", "fraction", "leverage_min", "leverage_max"),
    *("leverage_abs_max", "leverage_to_trade", "confirm_factor", "calendar_factor", "boost_fall"),
    *("stalker_cap", "turtle_cap"),
)
"""The parameters that no trigger depends on; all others are signal parameters."""

KINDS = ("order", "fill", "close")
"""The kinds of a log's lines, in the order of their numbers."""

LINES_A_BAR = 3
"""At most so many lines come of one bar: an order, its fill, and the close of the trade."""

GROUPS_AT_ONCE = 8
"""The triggers of so many groups are in memory at a time."""

SETS_A_PIECE = 64
"""Sets that a worker takes at a time."""


@dataclass(frozen=True)
class Market:
    """What all sets trade on: TERMS of each column, and the desk's TRADING."""

    terms: Any
    trading: Any

    @property
    def arrays(self) -> tuple[Any, Any]:
        """Both as the loops take them."""
        return self.terms, self.trading


def market_of(
    instruments: Sequence[Instrument], venue: PaperVenueSettings, *, desk: str, seed: int, capital: int
) -> Market:
    """The market of `desk`, whose share of the cash is `capital` units.

    UsageError for fills that need the next bar, and as of `terms_of`.
    """
    if venue.fills == "next_open":
        raise UsageError(
            f'desk {desk}: fills "next_open" have no compiled step; choose venue.fills = "maker_draw" or "taker_close"'
        )
    terms = np.zeros(len(instruments), TERMS).view(np.recarray)
    for column, one in enumerate(instruments):
        terms[column] = terms_of(Scale(one), venue)
    trading = record(TRADING)
    trading.capital, trading.seed, trading.stream = capital, seed, word_of(MAKER_STREAM + desk)
    trading.posts, trading.participation = int(venue.fills == "maker_draw"), venue.participation
    return Market(terms, trading)


def mock_of(settings: DivergenceSettings) -> MockOBProvider:
    """The order books of a panel; UsageError for real ones, which it has not."""
    books = settings.order_books
    if books.provider != "mock":
        raise UsageError(
            f'order_books.provider is "{books.provider}", and a sweep has bars alone: choose "mock"'
        )
    return MockOBProvider(books.fill, books.imbalance)


def records_of(sets: Sequence[DivergenceSettings], frame: PanelFrame) -> tuple[Any, Any]:
    """The PARAMS and LIQUIDITY of each set; errors as of `mock_of`."""
    liquidity = np.zeros(len(sets), LIQUIDITY).view(np.recarray)
    known: dict[tuple[OrderBookSettings, int], tuple[float, float]] = {}
    for place, one in enumerate(sets):
        key = one.order_books, one.direction
        if key not in known:
            seen = order_books.market_of(mock_of(one), frame.instruments, 0)
            known[key] = one.order_books.fill, order_books.ob_multiplier(seen, one.direction)
        liquidity[place] = known[key]
    return params_table(sets, frame.instruments, frame.timeframe), liquidity


def scratch() -> tuple[Any, ...]:
    """The records that one worker's sets are computed in: memory, bar, features, position, fill, closed."""
    records = record_of(FEATURES), record(POSITION), record(FILL), record(CLOSED)
    return empty_memory(), neutral_bar(), *records


@dataclass(frozen=True)
class Outcome:
    """What sets came to: a RESULT each, and their pnl by day, (sets, days) in cash units."""

    results: Any
    daily: Integers


def sweep_sets(tape: Tape, market: Market, params: Any, liquidity: Any, pool: ThreadPoolExecutor) -> Outcome:
    """Run each of `params` (PARAMS) with its `liquidity` (LIQUIDITY); the same for any number of threads.

    Bug if a threshold is under the tape's least: such a set's triggers are not all on it.
    """
    if params.threshold.min() < tape.least:
        raise Bug(
            f"a set has threshold {params.threshold.min()}, and the tape is for {tape.least} or more: make another"
        )
    results = np.zeros(len(params), RESULT).view(np.recarray)
    daily = np.zeros((len(params), tape.days), np.int64)
    none = np.zeros(0, LOG).view(np.recarray)

    def trade(piece: tuple[Any, Integers]) -> None:
        triggers, sets = piece
        answers = (
            np.zeros(len(sets), RESULT).view(np.recarray),
            np.zeros((len(sets), tape.days), np.int64),
            none,
        )
        arrays = tape.arrays, triggers, market.arrays
        trade_sets(*arrays, params[sets], liquidity[sets], scratch(), answers)
        results[sets], daily[sets] = answers[0], answers[1]

    for groups in _batches(_alike(params)):
        found = list(pool.map(lambda sets: triggers_of(tape, params[sets[0]]), groups))
        pieces = [
            (triggers, sets[at : at + SETS_A_PIECE])
            for triggers, sets in zip(found, groups, strict=True)
            for at in range(0, len(sets), SETS_A_PIECE)
        ]
        for _ in pool.map(trade, pieces):
            pass
    return Outcome(results, daily)


def triggers_of(tape: Tape, params: Any) -> Any:
    """The TRIGGERs of one record of PARAMS."""
    out = np.empty(len(tape.rows), TRIGGER).view(np.recarray)
    return out[: find_triggers(tape.arrays, params, scratch(), out)].copy()


def run_one(
    frame: PanelFrame,
    settings: DivergenceSettings,
    instruments: Sequence[Instrument],
    venue: PaperVenueSettings,
    *,
    desk: str,
    seed: int,
    capital: int,
) -> tuple[Any, list[Economic]]:
    """One set by itself: its RESULT, and its orders, fills and closes as the fingerprint chains them."""
    params, liquidity = records_of([settings], frame)
    tape = tape_of(frame, settings, params.threshold[0])
    market = market_of(instruments, venue, desk=desk, seed=seed, capital=capital)
    log = np.zeros(LINES_A_BAR * len(tape.rows), LOG).view(np.recarray)
    results = np.zeros(1, RESULT).view(np.recarray)
    answers = results, np.zeros((1, tape.days), np.int64), log
    found = triggers_of(tape, params[0])
    trade_sets(tape.arrays, found, market.arrays, params, liquidity, scratch(), answers)
    made: list[Economic] = []
    for line in log[: results[0].logged].tolist():
        kind, column, sign, ticks, lots, fee, code, ts = line
        who = KINDS[kind], desk, frame.instruments[column], Side.BUY if sign > 0 else Side.SELL
        made.append((*who, None if kind == ORDER else ticks, lots, fee, Code(code).word, ts))
    return results[0], made


def _alike(params: Any) -> list[Integers]:
    """The places of sets with the same signal parameters, group by group."""
    signals = params.copy()
    for field in TRADE_FIELDS:
        signals[field] = 0
    groups: dict[bytes, list[int]] = {}
    for place, one in enumerate(signals):
        groups.setdefault(one.tobytes(), []).append(place)
    return [np.array(places) for places in groups.values()]


def _batches(groups: list[Integers]) -> Iterator[list[Integers]]:
    for at in range(0, len(groups), GROUPS_AT_ONCE):
        yield groups[at : at + GROUPS_AT_ONCE]
