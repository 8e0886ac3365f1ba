"""Quotes that flicker and don't answer: a middle that stands still while the probability behind it has gone away."""

from __future__ import annotations

import msgspec

from tradeworthy.market.books import Level

SECOND_NS = 1_000_000_000

STILL_TICKS = 2
"""A middle that moves no further than this has not answered."""

CHANCE_MOVE = 0.20
"""A probability that has moved further than this asks for an answer: ten times as far, at ticks of a cent."""


class Still(msgspec.Struct):
    """A middle that has stayed within STILL_TICKS of `middle` (bid + ask, ticks), and the probability of YES meanwhile.

    `chance` is the first that was known of it (-1: none yet). It is more than CHANCE_MOVE from there since `away_ts`
    (0: it is not; negative: it is less), by a look a second, the last at `look_ts`. `proven`: for too long.
    """

    middle: int
    chance: float = -1.0
    away_ts: int = 0
    look_ts: int = 0
    proven: bool = False

    def is_due(self, now: int) -> bool:
        """Whether another look is worth its cost."""
        return not self.proven and now - self.look_ts >= SECOND_NS

    def look(self, chance: float | None, now: int, age_ns: int) -> None:
        """Compare the probability at session time `now` (None: not known): `age_ns` away without a break is proof."""
        self.look_ts = now
        if chance is None:
            self.away_ts = 0
            return
        if self.chance < 0.0:
            self.chance = chance
        change = chance - self.chance
        if abs(change) <= CHANCE_MOVE:
            self.away_ts = 0
        elif self.away_ts * change <= 0.0:
            self.away_ts = now if change > 0.0 else -now
        else:
            self.proven = now - abs(self.away_ts) >= age_ns


def followed(still: Still | None, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> Still | None:
    """The same while the middle stays where it was, a new one once it has moved; None while a side is empty."""
    if not (bids and asks):
        return None
    middle = bids[0].ticks + asks[0].ticks
    if still is None or abs(middle - still.middle) > 2 * STILL_TICKS:
        return Still(middle)
    return still
