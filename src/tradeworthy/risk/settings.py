"""The limits, as a configuration file states them. Each one that is raised risks more money."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field

from tradeworthy.core.settings import Settings

PPM = 1_000_000
"""Parts in a whole: fractions are held as integers of this, so that limits are exact."""

Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]
"""A fraction above 0 and up to 1, in steps of a millionth."""

Margin = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)]
"""A fraction from 0 to below 1, in steps of a millionth."""


class RiskSettings(Settings):
    """The section `[risk]`: fractions are of the account's equity unless the field says otherwise."""

    daily_loss_max: Share = Field(
        Decimal("0.05"),
        description="Loss since UTC midnight, open positions included, beyond which all entries halt until a "
        "resume; a fraction of that day's first equity.",
    )
    drawdown_max: Share = Field(
        Decimal("0.20"),
        description="Fall from the highest equity, open positions included, beyond which all entries halt "
        "until a resume; a fraction of that peak.",
    )
    position_max: Share = Field(
        Decimal("0.25"),
        description="Exposure to one instrument, all desks together: positions and reservations for orders.",
    )
    portfolio_max: Share = Field(
        Decimal("0.80"),
        description="Exposure to all instruments together, long and short added: positions and reservations.",
    )
    cash_reserve: Margin = Field(
        Decimal(0), description="Cash that entries must leave untouched after fees and collateral."
    )
    market_order_margin: Margin = Field(
        Decimal("0.01"),
        description="A fraction of the last price: what a market order is assumed to pay beyond it when its "
        "cash is reserved. Too little lets a thin market take more than the limits.",
    )
    orders_per_minute_max: int = Field(
        120,
        ge=1,
        description="Entry orders (legs) that one desk may have approved in any minute of session time.",
    )
    stale_after_s: float = Field(
        120.0,
        gt=0,
        description="Age of an instrument's last price, in seconds, beyond which entries are refused.",
    )
    mark_every_s: int = Field(
        3600,
        ge=1,
        description="Seconds of session time between two marks of the account's equity, where the loss "
        "limits are looked at without a trade. Each entry is judged by the equity of its own moment "
        "all the same.",
    )


class OnFault(StrEnum):
    """What becomes of a desk's positions when its faults latch it."""

    KEEP = "keep"
    FLATTEN = "flatten"


class DeskRisk(Settings):
    """What risk must know of one desk; runtime takes it from the desk's section."""

    share: Share = Field(
        Decimal(1), description="The largest part of the account's equity that the desk may expose."
    )
    on_fault: OnFault = Field(
        OnFault.KEEP,
        description="After five faults in ten minutes: keep the desk's positions, or flatten them at market, "
        "which may lose money.",
    )


class Limits(msgspec.Struct, frozen=True, gc=False):
    """RiskSettings as the rules use them: fractions in PPM, times in ns."""

    daily_loss_ppm: int
    drawdown_ppm: int
    position_ppm: int
    portfolio_ppm: int
    cash_reserve_ppm: int
    market_order_ppm: int
    orders_per_minute_max: int
    stale_after_ns: int
    mark_every_ns: int


def ppm_of(fraction: Decimal) -> int:
    """`fraction` in millionths, exactly."""
    return int(fraction * PPM)


def limits_of(settings: RiskSettings) -> Limits:
    """`settings` in integers."""
    return Limits(
        daily_loss_ppm=ppm_of(settings.daily_loss_max),
        drawdown_ppm=ppm_of(settings.drawdown_max),
        position_ppm=ppm_of(settings.position_max),
        portfolio_ppm=ppm_of(settings.portfolio_max),
        cash_reserve_ppm=ppm_of(settings.cash_reserve),
        market_order_ppm=ppm_of(settings.market_order_margin),
        orders_per_minute_max=settings.orders_per_minute_max,
        stale_after_ns=round(settings.stale_after_s * 1e9),
        mark_every_ns=settings.mark_every_s * 1_000_000_000,
    )
