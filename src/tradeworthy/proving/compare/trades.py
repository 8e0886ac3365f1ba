"""Which trade of the run is which of the backtest, and why one of them is alone."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.market.bars import utc_text
from tradeworthy.market.money import decimal_of
from tradeworthy.proving.compare.courses import Course
from tradeworthy.proving.compare.story import Story

REASONS_SHOWN = 3
"""So many of an hour's reasons say why a desk opened no candidate."""


class TradeFigures(msgspec.Struct, frozen=True):
    """A round trip; money in the account's currency, `lots` whole."""

    lots: int
    entry_at: str
    exit_at: str
    entry_notional: Decimal
    exit_notional: Decimal
    fees: Decimal
    pnl: Decimal
    reason: str


class Matched(msgspec.Struct, frozen=True):
    """One trade as the run and as the backtest had it; `gap` is the run's pnl less the backtest's."""

    desk: str
    instrument: str
    side: str
    run: TradeFigures
    backtest: TradeFigures
    gap: Decimal

    @property
    def equal(self) -> bool:
        """Whether nothing of it differs."""
        return self.run == self.backtest


class Alone(msgspec.Struct, frozen=True):
    """A trade that only one side had: the `part` that took or brought it, and what the other side says of it."""

    desk: str
    instrument: str
    side: str
    trade: TradeFigures
    part: str
    said: str


class Trades(msgspec.Struct, frozen=True):
    """All trades of both sides."""

    matched: tuple[Matched, ...]
    only_run: tuple[Alone, ...]
    only_backtest: tuple[Alone, ...]


def compare_trades(run: Story, courses: Sequence[Course], tolerance_ns: int) -> Trades:
    """The trades of `run` beside those of the first course; entries of one trade are `tolerance_ns` apart at most."""
    backtest = courses[0].story
    pairs, ours, theirs = match(run.trades, backtest.trades, tolerance_ns)
    return Trades(
        tuple(_matched(one, other) for one, other in pairs),
        tuple(
            _alone(one, _brought_by(one, courses, tolerance_ns), explain(one, run, backtest, tolerance_ns))
            for one in ours
        ),
        tuple(
            _alone(one, _taken_by(one, courses, tolerance_ns), explain(one, backtest, run, tolerance_ns))
            for one in theirs
        ),
    )


def match(
    run: Sequence[TradeClosed], backtest: Sequence[TradeClosed], tolerance_ns: int
) -> tuple[list[tuple[TradeClosed, TradeClosed]], list[TradeClosed], list[TradeClosed]]:
    """Pairs of one desk, instrument and side, the nearest entries first; then the run's rest and the backtest's."""
    places: defaultdict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for place, one in enumerate(backtest):
        places[_who(one)].append((one.opened_ts, place))
    for found in places.values():
        found.sort()
    near: list[tuple[int, int, int]] = []
    for place, one in enumerate(run):
        others = places.get(_who(one), [])
        at = bisect_left(others, (one.opened_ts - tolerance_ns, -1))
        while at < len(others) and others[at][0] <= one.opened_ts + tolerance_ns:
            near.append((abs(others[at][0] - one.opened_ts), place, others[at][1]))
            at += 1
    taken: dict[int, int] = {}
    gone: set[int] = set()
    for _, place, other in sorted(near):
        if place not in taken and other not in gone:
            taken[place] = other
            gone.add(other)
    pairs = [(run[place], backtest[taken[place]]) for place in sorted(taken)]
    ours = [one for place, one in enumerate(run) if place not in taken]
    theirs = [one for place, one in enumerate(backtest) if place not in gone]
    return pairs, ours, theirs


def _who(trade: TradeClosed) -> tuple[str, str, str]:
    return trade.desk, trade.instrument, trade.side.value


def _is_in(trade: TradeClosed, story: Story, tolerance_ns: int) -> bool:
    return any(
        _who(one) == _who(trade) and abs(one.opened_ts - trade.opened_ts) <= tolerance_ns
        for one in story.trades
    )


def _taken_by(trade: TradeClosed, courses: Sequence[Course], tolerance_ns: int) -> str:
    """The part with which a trade of the backtest was there no more."""
    return next((one.part for one in courses[1:] if not _is_in(trade, one.story, tolerance_ns)), "matching")


def _brought_by(trade: TradeClosed, courses: Sequence[Course], tolerance_ns: int) -> str:
    """The part with which a trade of the run came, and stayed."""
    part = "rest"
    for one in reversed(courses):
        if not _is_in(trade, one.story, tolerance_ns):
            return part
        part = one.part
    return "matching"


def explain(trade: TradeClosed, own: Story, other: Story, tolerance_ns: int) -> str:
    """What the other side did about what became a trade here: its verdict, or that it saw nothing, and why."""
    ts, _, kind = own.entry_of(trade)
    near = [
        one
        for one in other.verdicts
        if one.desk == trade.desk and one.instrument == trade.instrument and abs(one.ts - ts) <= tolerance_ns
    ]
    if near:
        nearest = min(near, key=lambda one: (one.kind != kind, abs(one.ts - ts), one.outcome == "FILLED"))
        return f"{nearest.kind} of {utc_text(nearest.ts)} {nearest.outcome} {nearest.reason}"
    counts = next(
        (one.counts for one in other.counters if one.desk == trade.desk and one.from_ts <= ts < one.to_ts), {}
    )
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:REASONS_SHOWN]
    hour = ", ".join(f"{reason} {count}" for reason, count in most)
    return f"no candidate; the desk's reasons of that hour: {hour}" if hour else "no candidate"


def _figures(trade: TradeClosed) -> TradeFigures:
    return TradeFigures(
        trade.lots,
        utc_text(trade.opened_ts),
        utc_text(trade.closed_ts),
        decimal_of(trade.entry_notional),
        decimal_of(trade.exit_notional),
        decimal_of(trade.fees),
        decimal_of(trade.pnl),
        trade.reason,
    )


def _matched(run: TradeClosed, backtest: TradeClosed) -> Matched:
    return Matched(*_who(run), _figures(run), _figures(backtest), decimal_of(run.pnl - backtest.pnl))


def _alone(trade: TradeClosed, part: str, said: str) -> Alone:
    return Alone(*_who(trade), _figures(trade), part, said)
