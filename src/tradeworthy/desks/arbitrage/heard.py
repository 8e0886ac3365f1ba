"""Proof of data: what the scanner heard, told of at the first and then at most once a minute."""

from __future__ import annotations

import msgspec

from tradeworthy.desks.arbitrage.events import DataHeard

MINUTE_NS = 60_000_000_000

PRICE, MARKET = "price", "market"
"""What is heard: an oracle's price by symbol, a book by the venue of its market."""


class Heard(msgspec.Struct):
    """How many events of one source were handled, and when that was last told of (session ns)."""

    count: int = 0
    told_ts: int = 0


class Hearing(msgspec.Struct):
    """By what and name."""

    prices: dict[str, Heard] = {}
    markets: dict[str, Heard] = {}

    def hear(self, what: str, name: str, now: int) -> DataHeard | None:
        """Count one event; its proof if it is the first of its name, or a minute after the last proof."""
        sources = self.prices if what == PRICE else self.markets
        heard = sources.get(name)
        if heard is None:
            heard = sources[name] = Heard()
        heard.count += 1
        if heard.count > 1 and now - heard.told_ts < MINUTE_NS:
            return None
        heard.told_ts = now
        return DataHeard(what, name, heard.count)
