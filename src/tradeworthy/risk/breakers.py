"""The loss limits: what the equity is counted from, and which latch it trips."""

from __future__ import annotations

from tradeworthy.market.money import cash_text
from tradeworthy.risk.operators import HaltRule
from tradeworthy.risk.settings import PPM, Limits


def tripped(equity: int, day_equity: int, peak: int, limits: Limits) -> list[tuple[HaltRule, str]]:
    """The latches that `equity` trips, each with its reason in words; a baseline of nothing trips none."""
    found: list[tuple[HaltRule, str]] = []
    if (day_equity - equity) * PPM <= day_equity * limits.daily_loss_ppm and (
        peak - equity
    ) * PPM <= peak * limits.drawdown_ppm:
        return found
    for rule, base, ppm in (
        (HaltRule.DAILY_LOSS, day_equity, limits.daily_loss_ppm),
        (HaltRule.DRAWDOWN, peak, limits.drawdown_ppm),
    ):
        lost, limit = base - equity, base * ppm // PPM
        if base > 0 and lost > limit:
            found.append((rule, f"equity fell by {cash_text(lost)}, limit {cash_text(limit)}"))
    return found
