"""Figures of performance: from integers, and undefined where they are."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.reporting.metrics import Drawdown, Performance, profit_factor, roi, sharpe, win_rate

CASH = 100_000_000


def test_what_is_not_defined_is_none() -> None:
    """No capital, no losses, fewer than two days, no variation: no figure, and no flattering one."""
    assert roi(0, 5) is None
    assert profit_factor(5, 0) is None
    assert sharpe([0.1]) is None
    assert sharpe([0.1, 0.1]) is None
    assert win_rate(0, 0) == 0.0


def test_sharpe_is_the_mean_over_the_deviation_of_days() -> None:
    """It is mean / sd * sqrt(365), with the sample standard deviation."""
    returns = [0.01, -0.02, 0.03, 0.0]
    assert sharpe(returns) == statistics.fmean(returns) / statistics.stdev(returns) * math.sqrt(365)


@given(pnls=st.lists(st.integers(-(10**12), 10**12), max_size=50))
def test_drawdown_is_the_largest_fall_from_a_peak(pnls: list[int]) -> None:
    """Against the definition: over all pairs of an earlier and a later capital."""
    capital = 10_000 * CASH
    curve, drawdown = [capital], Drawdown(capital)
    for pnl in pnls:
        curve.append(curve[-1] + pnl)
        drawdown.add(curve[-1])
    falls = [
        (earlier - later) / earlier
        for place, earlier in enumerate(curve)
        for later in curve[place:]
        if earlier > 0
    ]
    peaks = [(max(curve[: place + 1]) - later) / max(curve[: place + 1]) for place, later in enumerate(curve)]
    assert drawdown.largest == max(peaks)
    assert drawdown.largest <= max(falls) or math.isclose(drawdown.largest, max(falls))


def test_a_run_of_three_days() -> None:
    """+10 %, -5 %, +2 % of the capital of their day."""
    performance = Performance(1000 * CASH)
    for day in ((100,), (-60, 5), (20.9,)):
        for pnl in day:
            performance.trade(int(pnl * CASH))
        performance.end_day()
    figures = performance.figures()
    assert figures["roi"] == pytest.approx(0.0659)
    assert figures["profit_factor"] == pytest.approx(125.9 / 60)
    assert figures["max_drawdown"] == pytest.approx(60 / 1100)
    assert figures["sharpe"] == pytest.approx(sharpe([0.1, -0.05, 0.02]))
    assert (figures["win_rate"], figures["days"]) == (0.75, 3)


def test_a_reversed_trade_counts_no_more() -> None:
    """Its P&L, its win and its share of the profit factor go."""
    performance = Performance(1000 * CASH)
    performance.trade(50 * CASH)
    performance.trade(-20 * CASH)
    performance.undo(50 * CASH)
    assert performance.figures()["roi"] == -0.02
    assert performance.figures()["win_rate"] == 0.0
