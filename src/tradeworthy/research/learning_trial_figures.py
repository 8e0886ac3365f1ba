"""How much two runs over the same days differ, and how sure that is: pairs of trades, and a block bootstrap of days.

Trades of one day, and of days beside each other, rise and fall together: they are no independent draws, and an interval
that takes them for such is too narrow. So days are resampled, in circular blocks, with all trades of both runs that
were opened on them. Source: Politis and Romano, A Circular Block-Resampling Procedure for Stationary Data, in Exploring
the Limits of Bootstrap, 1992. The interval is the percentile one, which for few days is still somewhat too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.panel_frames import Floats, Integers
from tradeworthy.reporting.learning_trial import Difference, TrialTrade

RESAMPLES = 10_000
DAYS_MIN = 8
"""With fewer days an interval would promise more than they hold."""

TAIL = 0.025
SHARE = 100.0
_EPOCH = date(1970, 1, 1).toordinal()


class Pairs(NamedTuple):
    """Trades of one row and one entry time in both runs (without, with), and those that only one of them made."""

    both: tuple[tuple[TrialTrade, TrialTrade], ...]
    only_without: tuple[TrialTrade, ...]
    only_with: tuple[TrialTrade, ...]


def pairs_of(without: Sequence[TrialTrade], learned: Sequence[TrialTrade]) -> Pairs:
    """Each trade with its like in the other run."""
    first = {(one.position, one.opened_ts): one for one in without}
    second = {(one.position, one.opened_ts): one for one in learned}
    return Pairs(
        tuple((one, second[key]) for key, one in first.items() if key in second),
        tuple(one for key, one in first.items() if key not in second),
        tuple(one for key, one in second.items() if key not in first),
    )


def block_of(days: int) -> int:
    """The length of a block: the cube root of the number of days, to the next whole one."""
    return max(1, round(float(np.cbrt(days))))


def differences_of(
    without: Sequence[TrialTrade], learned: Sequence[TrialTrade], first_day: date, last_day: date, seed: int
) -> tuple[Difference, ...]:
    """The differences that a trial tells of, those that it is judged by first: result a day, and of 100 spent.

    Result a day sums the trades by the day of their entry, open ones at their last worth: losers are closed sooner than
    winners, and closed ones alone would tell of losers. An rr is that of closed trades. A share is 0 where its run has
    no trade.
    """
    start, days = first_day.toordinal() - _EPOCH, last_day.toordinal() - first_day.toordinal() + 1
    pairs = pairs_of(without, learned)
    chosen = _chosen(days, seed)
    whole = np.arange(days)[None, :]
    closed = [pair for pair in pairs.both if all(one.closed_ts for one in pair)]
    all_trades = (_Days(without, start, days), _Days(learned, start, days))
    paired, paired_closed = (
        (_Days([one for one, _ in both], start, days), _Days([one for _, one in both], start, days))
        for both in (pairs.both, closed)
    )

    def judged(name: str, figure: Figure, of: tuple[_Days, _Days]) -> Difference:
        low, high = None, None
        one, other = of
        if chosen is not None:
            drawn = figure(other, chosen) - figure(one, chosen)
            low, high = (float(value) for value in np.quantile(drawn, [TAIL, 1.0 - TAIL]))
        return Difference(name, float(figure(one, whole)[0]), float(figure(other, whole)[0]), low, high)

    return (
        judged("result a day", lambda one, at: one.pnl[at].mean(axis=1), all_trades),
        judged("result of 100 spent", lambda one, at: SHARE * _over(one.pnl, one.spent, at), all_trades),
        judged("result of a trade", lambda one, at: _over(one.pnl, one.count, at), all_trades),
        judged("rr of a closed trade", lambda one, at: _over(one.rr, one.closed, at), all_trades),
        judged("result of a trade that both made", lambda one, at: _over(one.pnl, one.count, at), paired),
        judged(
            "rr of a trade that both closed", lambda one, at: _over(one.rr, one.closed, at), paired_closed
        ),
    )


class _Days:
    """Sums of trades by the day of their entry, (days,) each."""

    def __init__(self, trades: Sequence[TrialTrade], start: int, days: int) -> None:
        # What is bought at the close of a day's last bar is of that day.
        at = np.array([(one.opened_ts - 1) // TIMEFRAMES_NS["1d"] - start for one in trades], dtype=np.int64)

        def summed(values: Sequence[float]) -> Floats:
            made = np.zeros(days)
            np.add.at(made, at, np.asarray(values, dtype=np.float64))
            return made

        self.count = summed([1.0] * len(trades))
        self.pnl = summed([one.pnl for one in trades])
        self.closed = summed([float(one.closed_ts > 0) for one in trades])
        self.rr = summed([one.rr for one in trades])
        self.spent = summed([one.spent for one in trades])


Figure = Callable[[_Days, Integers], Floats]


def _over(above: Floats, below: Floats, at: Integers) -> Floats:
    """One sum over the other for each row of days; 0 where there is nothing below."""
    tops, bottoms = above[at].sum(axis=1), below[at].sum(axis=1)
    shares: Floats = np.divide(tops, bottoms, out=np.zeros_like(tops), where=bottoms > 0)
    return shares


def _chosen(days: int, seed: int) -> Integers | None:
    """Days by resample, (RESAMPLES, days); None for too few days."""
    if days < DAYS_MIN:
        return None
    length = block_of(days)
    starts = np.random.default_rng(seed).integers(0, days, size=(RESAMPLES, -(-days // length)))
    blocks = (starts[:, :, None] + np.arange(length)) % days
    made: Integers = blocks.reshape(RESAMPLES, -1)[:, :days]
    return made
