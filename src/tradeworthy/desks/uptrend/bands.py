"""How the averages lie to each other: strict inequalities, so that a tie makes an order false (specs 6.2)."""

from __future__ import annotations

from typing import NamedTuple

from tradeworthy.desks.uptrend.payloads import Emas


class Orders(NamedTuple):
    """`bearish` is the S0 order, `bullish` the S3 order; EMA20 and EMA30 are never compared with each other."""

    bearish: bool
    bullish: bool
    fast_above_60: bool
    fast_at_bottom: bool
    all_below_333: bool


def orders(emas: Emas) -> Orders:
    """The orders that hold of finite averages."""
    fast_low, fast_high = min(emas.ema20, emas.ema30), max(emas.ema20, emas.ema30)
    slowest = min(emas.ema60, emas.ema144, emas.ema250, emas.ema333)
    highest = max(fast_high, emas.ema60, emas.ema144, emas.ema250)
    return Orders(
        bearish=fast_high < emas.ema60 < emas.ema144 < emas.ema250 < emas.ema333,
        bullish=fast_low > emas.ema60 > emas.ema144 > emas.ema250 > emas.ema333,
        fast_above_60=fast_low > emas.ema60,
        fast_at_bottom=fast_high < slowest,
        all_below_333=highest < emas.ema333,
    )
