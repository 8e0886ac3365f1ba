"""The bar matcher's rules: at which price, how much and whether at all an order trades in a closed bar.

A bar says where it opened, how far it went and how much was traded, not in which order: all that it leaves
open is decided against the order.

    open         a market order, or one whose limit the open satisfies, trades at the open as taker. An order
                 that rested before needs the open beyond its limit by a tick (it gapped through), and gets
                 the better open.
    range        a resting limit (GTC) trades at its limit as maker if the bar went beyond it by at least a
                 tick: a touch may have been filled by those ahead of us in the queue.
    volume       our orders together trade at most `participation` of the bar's volume; a bar without volume
                 fills nothing.
    rounding     floats become ticks against the order (a buy's up), lots down.
"""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.core.errors import UsageError
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale


class Touch(NamedTuple):
    """A price that the bar gives an order; `inside` is within the bar rather than at its open or close.

    What is inside trades as maker, and so does what was posted (`maker`). `ts` is when it traded, if the caller does
    not say (UTC ns, 0: he does).
    """

    ticks: int
    inside: bool
    maker: bool = False
    ts: int = 0


def closed_at(bar: BarClosed) -> int:
    """When `bar` closed, UTC ns."""
    return bar.ts_event + TIMEFRAMES_NS.get(bar.timeframe, 0)


def touch_close(side: Side, limit_ticks: int | None, bar: BarClosed, scale: Scale) -> Touch | None:
    """The close as a taker gets it, or None if the limit forbids it."""
    ticks = scale.ticks_of(bar.close, side)
    if limit_ticks is None or (limit_ticks - ticks) * side.sign >= 0:
        return Touch(ticks, inside=False)
    return None


def touch_open(
    side: Side, limit_ticks: int | None, bar: BarClosed, scale: Scale, *, rested: bool
) -> Touch | None:
    """The open as a taker gets it, or None if the limit forbids it; one that `rested` needs a tick more."""
    ticks = scale.ticks_of(bar.open, side)
    if limit_ticks is None or (limit_ticks - ticks) * side.sign >= rested:
        return Touch(ticks, inside=False)
    return None


def touch_range(side: Side, limit_ticks: int | None, bar: BarClosed, scale: Scale) -> Touch | None:
    """The order's own limit, if the bar went beyond it by at least a tick; None for a market order."""
    if limit_ticks is None:
        return None
    ticks = scale.ticks_of(bar.low if side is Side.BUY else bar.high, side)
    return Touch(limit_ticks, inside=True) if (limit_ticks - ticks) * side.sign >= 1 else None


def lots_on_offer(bar: BarClosed, scale: Scale, participation: float) -> int:
    """Lots that our orders together may trade in `bar`: its volume's share, rounded down.

    There are none in a bar that fell under one tick: a sale there would bring nothing, a buy pay many times the price.
    """
    volume = bar.volume * participation
    if not volume > 0.0 or scale.ticks_of(bar.low, Side.SELL) < 1:
        return 0
    try:
        return scale.lots_of(volume)
    except UsageError:  # more than lots_max, which no order of ours reaches
        return scale.lots_max
