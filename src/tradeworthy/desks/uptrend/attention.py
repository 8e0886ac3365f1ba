"""What is known of a token besides its bars: its pool, its age, and what people say of it."""

from __future__ import annotations

import msgspec

from tradeworthy.desks.uptrend.events import SignalTaken
from tradeworthy.desks.uptrend.levers import INTENT_KINDS, Mention
from tradeworthy.market.ticks import PricePoint

DAY_NS = 86_400_000_000_000
MENTIONS_MAX = 64


class Attention(msgspec.Struct):
    """The newest figures in USD, when the token was made (UTC ns), and the newest mentions; None is not known."""

    liquidity_usd: float | None = None
    market_cap: float | None = None
    made_ts: int | None = None
    mentions: list[Mention] = []

    def age_h(self, now: int) -> float | None:
        """Hours since the token was made."""
        return None if self.made_ts is None else max(0, now - self.made_ts) / 3.6e12


def hear_signal(attention: Attention, taken: SignalTaken, now: int) -> None:
    """Take what a signal says of the token, and that it was said."""
    said_ts = taken.ts_event or now
    age_days, market_cap = taken.figures.get("age_days"), taken.figures.get("market_cap")
    weight = taken.figures.get("curator_score")
    if isinstance(age_days, int | float):
        attention.made_ts = said_ts - round(age_days * DAY_NS)
    if isinstance(market_cap, int | float):
        attention.market_cap = float(market_cap)
    kind = INTENT_KINDS.get(taken.intent)
    if kind and isinstance(weight, int | float) and not taken.repeat_of:
        attention.mentions = [*attention.mentions[-MENTIONS_MAX + 1 :], Mention(said_ts, kind, float(weight))]


def see_point(attention: Attention, point: PricePoint) -> None:
    """Take what a price point says of the pool."""
    if point.liquidity_usd is not None:
        attention.liquidity_usd = point.liquidity_usd
    if point.market_cap is not None:
        attention.market_cap = point.market_cap
