"""A live feed that speaks to the fake price server: what a venue's gateway is, in forty lines."""

from __future__ import annotations

from typing import Any

import msgspec
from websockets.asyncio.client import connect

from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Put
from tradeworthy.market.bars import PriceObserved, check_price
from tradeworthy.market.books import BookChanged, Level, check_book


class Said(msgspec.Struct):
    """A message of the server."""

    number: int
    kind: str
    instrument: str
    ts: int
    price: float = 0.0
    quantity: float = 0.0
    bids: list[tuple[int, int]] = []
    asks: list[tuple[int, int]] = []


class PriceGateway:
    """The live feed `prices`; the number of a message is its position."""

    name = "prices"

    def __init__(self, url: str) -> None:
        self._url = url

    def identity(self) -> dict[str, object]:
        """The venue, not the port that it happens to listen on."""
        return {"feed": self.name, "venue": "loopback"}

    async def run(self, put: Put, after: int) -> None:
        """Deliver what comes past `after`; raises whatever ends the connection."""
        async with connect(f"{self._url}/?after={after}", ping_interval=None) as connection:
            async for message in connection:
                said = msgspec.json.decode(message, type=Said)
                await put(said.number, event_of(said))
        raise ConnectionResetError("the server closed the connection")


def event_of(said: Said) -> Event:
    """The message as an event, checked."""
    if said.kind == "book":
        book = BookChanged(said.instrument, said.ts, _levels(said.bids), _levels(said.asks))
        check_book(book)
        return book
    check_price(said.instrument, "price", said.price, said.ts)
    return PriceObserved(said.instrument, said.price, said.ts, said.quantity)


def _levels(pairs: Any) -> tuple[Level, ...]:
    return tuple(Level(ticks, lots) for ticks, lots in pairs)
