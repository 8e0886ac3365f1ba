"""How fast a strategy asks, how often it lost in a row, and which keys were approved lately."""

from __future__ import annotations

import msgspec

from tradeworthy.execution.accounting import TradeClosed, TradeReversed
from tradeworthy.risk.backoff import SECOND

MINUTE = 60 * SECOND

KEPT_MORE = 8
"""So many results more than a streak needs are kept, for those that are taken back."""


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One closed trade of a result."""

    position: str
    closed_ts: int
    pnl: int


class Result(msgspec.Struct):
    """What one candidate came to: the legs of a set make one result, won or lost together (`entry` 0: unknown)."""

    entry: int
    parts: list[Part]

    @property
    def pnl(self) -> int:
        """Cash units, fees taken off."""
        return sum(part.pnl for part in self.parts)


class Pace(msgspec.Struct):
    """Of one strategy: times (session ns) of its approved requests of the last minute, and its last results in order.

    `paused_until` ends the pause that they brought about (0: none).
    """

    approved: list[int] = []
    results: list[Result] = []
    paused_until: int = 0

    def requests(self, now: int) -> int:
        """How many requests were approved in the minute before `now`; forgets the older ones."""
        if self.approved and now - self.approved[0] >= MINUTE:
            self.approved = [ts for ts in self.approved if now - ts < MINUTE]
        return len(self.approved)

    def close(self, trade: TradeClosed, now: int, losses_max: int, pause_ns: int) -> None:
        """Count a closed trade; the loss that makes the streak full begins the pause, after which all counts anew."""
        if 0 < self.paused_until <= now:
            self.results.clear()
            self.paused_until = 0
        part = Part(trade.position, trade.closed_ts, trade.pnl)
        for result in self.results:
            if result.entry == trade.entry_candidate and result.entry:
                result.parts.append(part)
                break
        else:
            self.results.append(Result(trade.entry_candidate, [part]))
            del self.results[: -(losses_max + KEPT_MORE)]
        self._judge(now, losses_max, pause_ns)

    def take_back(self, trade: TradeReversed, now: int, losses_max: int, pause_ns: int) -> None:
        """A trade that was counted is void, and so is a pause that it brought about."""
        part = Part(trade.position, trade.closed_ts, trade.pnl)
        for result in self.results:
            if part in result.parts:
                result.parts.remove(part)
                break
        self.results = [result for result in self.results if result.parts]
        self._judge(now, losses_max, pause_ns)

    def _judge(self, now: int, losses_max: int, pause_ns: int) -> None:
        lost = 0
        for result in reversed(self.results):
            if result.pnl >= 0:
                break
            lost += 1
        if lost < losses_max:
            self.paused_until = 0
        elif not self.paused_until:
            self.paused_until = now + pause_ns
