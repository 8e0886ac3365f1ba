"""What both matchers answer with: the fills that an order would get, and why not more."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.books import Level


class Match(NamedTuple):
    """`lots` at `ticks` at venue time `ts` (UTC ns), out of `bar` or of the displayed `levels`."""

    ticks: int
    lots: int
    maker: bool
    ts: int
    bar: BarClosed | None = None
    levels: tuple[Level, ...] = ()


class Plan(NamedTuple):
    """The matches of an order that wants `wanted` lots now; `short` says why they are not all of them.

    `clipped`: a reduce-only order wanted less than its lots, because the position is smaller.
    """

    wanted: int
    matches: tuple[Match, ...]
    short: Reason | None
    clipped: bool = False

    @property
    def lots(self) -> int:
        """Lots of all matches."""
        lots = 0
        for match in self.matches:
            lots += match.lots
        return lots

    @property
    def whole(self) -> bool:
        """Whether all that was wanted is matched."""
        return 0 < self.wanted == self.lots


class Claims:
    """What earlier members of a group would use up, while the later ones are planned.

    `size` is lots by (instrument, side, ticks) of a book, or (instrument, "", 0) of a bar; `positions`
    signed lots by `desk/position`.
    """

    __slots__ = ("positions", "size")

    def __init__(self) -> None:
        self.size: dict[tuple[str, str, int], int] = {}
        self.positions: dict[str, int] = {}

    def take(self, instrument: str, side: str, ticks: int, lots: int) -> None:
        """Use up `lots`."""
        key = (instrument, side, ticks)
        self.size[key] = self.size.get(key, 0) + lots

    def move(self, order: PlaceOrder, lots: int) -> None:
        """Count `lots` of `order` as filled."""
        key = f"{order.desk}/{order.position}"
        self.positions[key] = self.positions.get(key, 0) + order.side.sign * lots


def plan_of(
    wanted: int, matches: tuple[Match, ...], short: Reason, time_in_force: TimeInForce, *, clipped: bool
) -> Plan:
    """The plan that time in force allows: FOK takes all that is wanted or nothing."""
    if sum(match.lots for match in matches) == wanted:
        return Plan(wanted, matches, None, clipped)
    if time_in_force is TimeInForce.FOK:
        matches = ()
    return Plan(wanted, matches, short, clipped)
