"""Which markets the scanner watches: by token, by oracle's symbol and by ladder, and which were touched."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tradeworthy.desks.arbitrage.views import MarketView
from tradeworthy.market.matching import TOUCHES, Match, Shape

One = TypeVar("One")

_ENDS = (Shape.ABOVE, Shape.BELOW)


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a market stands in the index."""

    yes: str
    no: str
    symbol: str
    ladder: str


class Barrier(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A touch market that was not touched yet: `up` from below; prices count from `start_ts` on.

    `guessed`: its title says no direction, and no price was seen yet that would bear out the one we took.
    """

    market: str
    strike: float
    up: bool
    start_ts: int
    guessed: bool = False


class Watched(msgspec.Struct):
    """The index of unresolved markets. `touched` says when, session ns; `barriers` are by symbol.

    Only what the oracle said while a market was watched counts as a touch. `unclear` are those without a direction
    whose strike lay behind the first price that was seen: it was met before, or it has to be met from there.
    """

    places: dict[str, Place] = {}
    tokens: dict[str, str] = {}
    symbols: dict[str, list[str]] = {}
    ladders: dict[str, list[str]] = {}
    barriers: dict[str, list[Barrier]] = {}
    touched: dict[str, int] = {}
    unclear: dict[str, int] = {}

    def add(self, view: MarketView, now: int) -> None:
        """Watch a market from session time `now` on, or take its new definition."""
        market, match = view.market, view.match
        before, unclear = self.touched.get(view.id), self.unclear.get(view.id)
        waits = [one for one in self.barriers.get(view.symbol, ()) if one.market == view.id]
        self.drop(view.id)
        place = Place(market.yes, market.no, view.symbol, ladder_of(view))
        self.places[view.id] = place
        self.tokens[market.yes] = self.tokens[market.no] = view.id
        if place.symbol:
            self.symbols.setdefault(place.symbol, []).append(view.id)
        if place.ladder:
            self.ladders.setdefault(place.ladder, []).append(view.id)
        if before is not None:
            self.touched[view.id] = before
        elif unclear is not None:
            self.unclear[view.id] = unclear
        elif match.shape in TOUCHES and match.strike is not None:
            guessed = match.guessed and not any(not one.guessed for one in waits)
            up = match.shape is Shape.TOUCH_UP
            barrier = Barrier(view.id, match.strike, up, max(now, view.start_ts), guessed)
            self.barriers.setdefault(place.symbol, []).append(barrier)

    def drop(self, market_id: str) -> None:
        """Forget a market; nothing happens if it is not watched."""
        place = self.places.pop(market_id, None)
        if place is None:
            return
        for token in (place.yes, place.no):
            self.tokens.pop(token, None)
        _take_out(self.symbols, place.symbol, market_id)
        _take_out(self.ladders, place.ladder, market_id)
        self.touched.pop(market_id, None)
        self.unclear.pop(market_id, None)
        left = [one for one in self.barriers.get(place.symbol, ()) if one.market != market_id]
        _put(self.barriers, place.symbol, left)

    def meet(self, symbol: str, price: float, now: int) -> None:
        """Note which touch markets `price` touches, and of which it is the first price and already beyond."""
        barriers = self.barriers.get(symbol)
        if not barriers:
            return
        left: list[Barrier] = []
        for one in barriers:
            if not _meets(one, price):
                left.append(msgspec.structs.replace(one, guessed=False) if one.guessed else one)
            elif one.guessed:
                self.unclear[one.market] = now
            elif now >= one.start_ts:
                self.touched[one.market] = now
            else:
                left.append(one)
        if left != barriers:
            _put(self.barriers, symbol, left)

    def is_unclear(self, view: MarketView, price: float) -> bool:
        """Whether `price` is beyond the strike of a touch market, and yet it is not known to be touched."""
        if view.id in self.unclear:
            return True
        return view.id not in self.touched and _is_beyond(view.match, price)


def ladder_of(view: MarketView) -> str:
    """The name of those whose order a market's price must keep; "" if it has none."""
    shape, market = view.match.shape, view.market
    if shape in _ENDS:
        return f"{market.venue}/{view.symbol}/{shape}/{market.end_ts}"
    return f"{market.venue}/{view.symbol}/{shape}" if shape in TOUCHES else ""


def _is_beyond(match: Match, price: float) -> bool:
    if match.strike is None or match.shape not in TOUCHES:
        return False
    return price >= match.strike if match.shape is Shape.TOUCH_UP else price <= match.strike


def _meets(barrier: Barrier, price: float) -> bool:
    return price >= barrier.strike if barrier.up else price <= barrier.strike


def _take_out(lists: dict[str, list[str]], key: str, market_id: str) -> None:
    if key in lists:
        _put(lists, key, [one for one in lists[key] if one != market_id])


def _put(lists: dict[str, list[One]], key: str, left: list[One]) -> None:
    if left:
        lists[key] = left
    else:
        lists.pop(key, None)
