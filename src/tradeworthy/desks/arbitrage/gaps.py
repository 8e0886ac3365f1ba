"""Gaps: from the first sight of an edge to its end, and which were told of lately."""

from __future__ import annotations

import msgspec

from tradeworthy.desks.arbitrage.events import GapClosed, Method

MS_NS = 1_000_000


class Gap(msgspec.Struct):
    """An edge that stands: of `method` on `markets`, first seen at `opened_ts` (session ns).

    `instrument` is the token whose price shows it ("" where several do). `edge` is the last and `edge_max` the best
    net edge of one share at the best levels. It `survived` if it was there after the latency; `refused` says why it
    is no opportunity even so; `candidate` is the seq of the last opportunity made of it (0: none).
    """

    kind: str
    method: Method
    markets: tuple[str, ...]
    instrument: str
    opened_ts: int
    edge: float
    edge_max: float
    survived: bool = False
    refused: str = ""
    candidate: int = 0

    def closed(self, now: int, reason: str) -> GapClosed:
        """The end of it."""
        return GapClosed(
            self.kind,
            self.method,
            self.markets,
            self.opened_ts,
            now,
            self.edge_max,
            self.survived,
            reason,
            self.candidate,
        )


class Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An opportunity of this edge was told of at `ts` (session ns)."""

    ts: int
    edge: float


class Gaps(msgspec.Struct):
    """Open gaps by key, their keys by market, and what was told of within the cool-down."""

    open: dict[str, Gap] = {}
    keys: dict[str, list[str]] = {}
    told: dict[str, Told] = {}

    def begin(self, key: str, gap: Gap) -> None:
        """A gap was seen for the first time."""
        self.open[key] = gap
        for market in gap.markets:
            self.keys.setdefault(market, []).append(key)

    def end(self, key: str, now: int, reason: str) -> GapClosed:
        """The gap `key` is over; KeyError if there is none."""
        gap = self.open.pop(key)
        for market in gap.markets:
            keys = self.keys[market]
            keys.remove(key)
            if not keys:
                del self.keys[market]
        return gap.closed(now, reason)

    def of_market(self, market: str) -> list[str]:
        """The keys of the open gaps that `market` is part of."""
        return list(self.keys.get(market, ()))

    def cooling(self, key: str, edge: float, now: int, cooldown_ns: int, improve: float) -> bool:
        """Whether `key` was told of within the cool-down, and its edge is not better by `improve` since."""
        told = self.told.get(key)
        return told is not None and now < told.ts + cooldown_ns and edge < told.edge * (1.0 + improve)

    def tell(self, key: str, edge: float, now: int, cooldown_ns: int) -> None:
        """`key` is told of now; what is past its cool-down is forgotten."""
        self.told.pop(key, None)
        self.told[key] = Told(now, edge)
        self._forget(now - cooldown_ns)

    def _forget(self, before: int) -> None:
        while self.told[oldest := next(iter(self.told))].ts < before:
            del self.told[oldest]
