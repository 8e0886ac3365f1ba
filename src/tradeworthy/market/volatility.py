"""Realised volatility from one-minute returns, kept exactly and at no cost per tick."""

from __future__ import annotations

import math

import msgspec

MINUTE_NS = 60_000_000_000

LOOKBACK = 1440
"""Minutes that count: one day."""

MINUTES_A_YEAR = 525_600

VOLATILITY_MIN, VOLATILITY_MAX = 0.15, 3.0
"""No market is calmer or wilder than that for long; beyond it is a fault of the data."""

GAP_MAX = 5
"""So many minutes may one return span; after a longer silence nobody knows what the minutes between were like."""

UNIT = 10**16
"""Squared returns are integers in steps of 1e-16, so that their sum never drifts."""

SQUARE_MAX = UNIT // 4
"""A return of half the price in a minute: one is enough for the highest volatility there is."""

UNKNOWN = -1


class MinuteReturns(msgspec.Struct):
    """The squared log returns of the last 1,440 minutes, from the last price of one minute to that of the next.

    `squares` is a ring by minute (UNKNOWN: no return), of which `known` sum to `total`. `minute` is the one that
    goes on, `price` its last price so far; `closed` and `close` are the same of the last minute before it that had
    a price. All 0 before the first.
    """

    squares: list[int] = msgspec.field(default_factory=lambda: [UNKNOWN] * LOOKBACK)
    known: int = 0
    total: int = 0
    minute: int = 0
    price: float = 0.0
    closed: int = 0
    close: float = 0.0

    def feed(self, ts: int, price: float) -> None:
        """Take a price of time `ts` (UTC ns). One not above 0, or of an earlier minute, is no observation."""
        minute = ts // MINUTE_NS
        if minute > self.minute and price > 0.0:
            if self.price:
                self._end_minute()
            self.minute = minute
        if minute == self.minute and price > 0.0:
            self.price = price

    def annualised(self, prior: float, prior_minutes: float) -> float:
        """The volatility a year, drawn towards `prior` as if that had been seen for `prior_minutes` more.

        The root of the mean squared return of a minute times 525,600, within 0.15 to 3.0; no mean is taken off.
        """
        minutes = self.known + prior_minutes
        if minutes <= 0.0:
            return _clamped(prior)
        seen = self.total / UNIT * MINUTES_A_YEAR
        return _clamped(math.sqrt((seen + prior * prior * prior_minutes) / minutes))

    def _end_minute(self) -> None:
        """Book the return up to the minute that is over; one across a gap is spread evenly over its minutes."""
        if self.close:
            span = self.minute - self.closed
            change = math.log(self.price / self.close)
            square = min(SQUARE_MAX, round(change * change * UNIT))
            part, rest = divmod(square, span) if span <= GAP_MAX else (UNKNOWN, 0)
            for minute in range(max(self.closed, self.minute - LOOKBACK) + 1, self.minute):
                self._put(minute, part)
            self._put(self.minute, part + rest)
        self.closed, self.close = self.minute, self.price

    def _put(self, minute: int, square: int) -> None:
        place = minute % LOOKBACK
        old = self.squares[place]
        if old != UNKNOWN:
            self.known -= 1
            self.total -= old
        if square != UNKNOWN:
            self.known += 1
            self.total += square
        self.squares[place] = square


def _clamped(volatility: float) -> float:
    return min(VOLATILITY_MAX, max(VOLATILITY_MIN, volatility))
