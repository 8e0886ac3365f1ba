"""What a reader of a backtest must know before its figures: too little data, a made-up market, one lucky trade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tradeworthy.reporting.curves import ClosedTrade, DayRow
from tradeworthy.reporting.metrics import DAYS_A_YEAR, sharpe_error

TRADES_MIN = 100
"""Under this many trades the win rate alone is uncertain by more than ten points either way (95 %)."""

DAYS_MIN = DAYS_A_YEAR


def caveats(
    figures: Mapping[str, Any], trades: Sequence[ClosedTrade], days: Sequence[DayRow]
) -> Iterator[str]:
    """One sentence for each thing that makes the figures weaker than they look."""
    if books := figures.get("books"):
        yield f"The order books were {books}: what is earned in them is no evidence."
    if open_trades := int(figures.get("open_trades") or 0):
        which = "1 trade is" if open_trades == 1 else f"{open_trades} trades are"
        yield f"{which} still open: no curve or table holds them."
    if not trades:
        return
    if len(trades) < TRADES_MIN:
        yield f"Only {len(trades)} trades: under {TRADES_MIN} the win rate is uncertain by ten points and more."
    ratio = figures.get("sharpe")
    if ratio is not None and len(days) < DAYS_MIN:
        error = sharpe_error(ratio, len(days))
        yield (
            f"{len(days)} days are a short history: by its standard error of {error:.1f} the Sharpe of {ratio:.2f} may"
            f" as well be {ratio - 2 * error:.1f} or {ratio + 2 * error:.1f}."
        )
    yield from _costs(trades)
    yield from _luck(trades)


def _costs(trades: Sequence[ClosedTrade]) -> Iterator[str]:
    fees, net = sum(trade.fees for trade in trades), sum(trade.pnl for trade in trades)
    if net < 0 < net + fees:
        yield f"Before fees it made {net + fees:,.2f}; fees of {fees:,.2f} turn that into a loss."
    elif net > 0 and fees > net:
        yield f"Fees of {fees:,.2f} are more than the profit of {net:,.2f}: a little worse fills, and nothing is left."


def _luck(trades: Sequence[ClosedTrade]) -> Iterator[str]:
    net = sum(trade.pnl for trade in trades)
    few = max(1, len(trades) // 100)
    best = sum(sorted((trade.pnl for trade in trades), reverse=True)[:few])
    if net > 0 and best > net:
        which = "the best trade" if few == 1 else f"the best {few} trades (1 %)"
        yield f"Without {which} there is no profit."
