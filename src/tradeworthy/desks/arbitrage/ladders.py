"""Which market's YES makes another's YES certain: strikes and dates of one underlying in their natural order (M5)."""

from __future__ import annotations

from tradeworthy.market.matching import TOUCHES, Match, Shape
from tradeworthy.market.predictions import Market

_LEVELS = (Shape.ABOVE, Shape.BELOW)


def implies(rarer: Market, rarer_match: Match, surer: Market, surer_match: Match) -> bool:
    """Whether `rarer` can only be YES if `surer` is YES too.

    End prices: same end, and a strike at least as far out. Touches: the far strike, and a span within the other's
    ("by" an earlier date). Both must be settled by the same source, so that one price can't be two. A touch whose
    direction is a guess has no order.
    """
    one, other = rarer_match, surer_match
    if one.shape is not other.shape or one.underlying != other.underlying or rarer.id == surer.id:
        return False
    if rarer.venue != surer.venue or rarer.resolution_source != surer.resolution_source:
        return False
    if one.strike is None or other.strike is None or not rarer.end_ts or not surer.end_ts:
        return False
    farther = one.strike >= other.strike
    if one.shape in (Shape.BELOW, Shape.TOUCH_DOWN):
        farther = one.strike <= other.strike
    if one.shape in _LEVELS:
        return farther and rarer.end_ts == surer.end_ts
    if one.shape not in TOUCHES or one.guessed or other.guessed:
        return False
    rarer_from, surer_from = max(rarer.start_ts, one.from_ts), max(surer.start_ts, other.from_ts)
    return farther and rarer.end_ts <= surer.end_ts and surer_from <= rarer_from
