"""The limits, as a configuration file states them. Each one that is raised risks more money."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field

from tradeworthy.core.settings import Settings
from tradeworthy.market.money import cash_of

PPM = 1_000_000
"""Parts in a whole: fractions are held as integers of this, so that limits are exact."""

BPS = 10_000
"""Basis points in a whole."""

Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]
"""A fraction above 0 and up to 1, in steps of a millionth."""

Cash = Annotated[Decimal, Field(ge=0, decimal_places=8)]
"""An amount in units of the account's currency, in steps of 1e-8."""

Margin = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)]
"""A fraction from 0 to below 1, in steps of a millionth."""


Leverage = Annotated[Decimal, Field(ge=1, le=20, decimal_places=6)]
"""A multiple of the equity, in steps of a millionth."""


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
        description="Exposure to one instrument, or to both tokens of one prediction market, all desks together: "
        "positions and reservations for orders. Locked arbitrage counts nothing here, nor in the next two.",
    )
    event_max: Share = Field(
        Decimal(1), description="Exposure to all prediction markets of one event, all desks together."
    )
    underlying_max: Share = Field(
        Decimal(1),
        description="Exposure to all prediction markets that depend on one underlying, whichever way they go.",
    )
    venue_max: Share = Field(
        Decimal(1), description="Exposure to all that is traded at one venue, locked arbitrage included."
    )
    portfolio_max: Share = Field(
        Decimal("0.80"),
        description="Exposure to all instruments together, long and short added: positions and reservations.",
    )
    leverage_max: Leverage = Field(
        Decimal(1),
        description="How many times the equity may be exposed, 1 to 20: all limits of exposure, a desk's share among "
        "them, are fractions of the equity times this, and entries may leave cash below zero by up to the equity "
        "times what this is above 1. Nobody is liquidated here: above 1 the account can lose more than it has.",
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
    requests_per_minute_max: int | None = Field(
        None,
        ge=1,
        description="Requests (intents, whatever their legs) that one strategy may have approved in any minute; "
        "none given: as many as its desk's orders allow.",
    )
    loss_streak_max: int | None = Field(
        None,
        ge=1,
        description="Losing trades in a row after which a strategy pauses; none given: it never does.",
    )
    loss_streak_pause_s: float = Field(
        1800.0, gt=0, description="How long it then pauses, in seconds of session time."
    )
    stale_after_s: float = Field(
        120.0,
        gt=0,
        description="Age of an instrument's last price, in seconds, beyond which entries are refused.",
    )
    book_max_age_s: float | None = Field(
        None,
        gt=0,
        description="Age of a prediction market's book since it arrived, in seconds, beyond which entries are "
        "refused; none given: stale_after_s.",
    )
    oracle_max_age_s: float | None = Field(
        None,
        gt=0,
        description="The same of the price of its underlying, for whatever is no locked arbitrage; none given: "
        "it is not looked at.",
    )
    spread_max: Share | None = Field(
        None,
        description="Spread of a book beyond which, and without both sides of which, entries are refused: of a "
        "prediction market as a part of the payout (0.15 is 15 cents), of any other book as a part of its middle.",
    )
    slippage_bps_max: int | None = Field(
        None,
        ge=0,
        description="What a leg's whole size would cost in the present book above its limit, in bps of that limit.",
    )
    slippage_edge_max: Share | None = Field(
        None,
        description="What all legs together would cost above their limits, as a part of the expected profit.",
    )
    profit_min: Cash = Field(
        Decimal(0),
        description="Expected profit below which an entry is refused; 0 lets desks trade that state none.",
    )
    min_tte_s: float = Field(
        0.0, ge=0, description="Seconds before a prediction market's end from which on entries are refused."
    )
    duplicate_after_s: float = Field(
        60.0,
        ge=0,
        description="Seconds after its approval for which an intent's own key is a duplicate, though it has ended.",
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
    """RiskSettings as the rules use them: fractions in PPM, times in ns, cash in units; None is no limit.

    The fractions of exposures have the leverage in them.
    """

    daily_loss_ppm: int
    drawdown_ppm: int
    position_ppm: int
    event_ppm: int
    underlying_ppm: int
    venue_ppm: int
    portfolio_ppm: int
    leverage_ppm: int
    cash_reserve_ppm: int
    market_order_ppm: int
    orders_per_minute_max: int
    requests_per_minute_max: int | None
    loss_streak_max: int | None
    loss_streak_pause_ns: int
    stale_after_ns: int
    book_age_ns_max: int
    oracle_age_ns_max: int | None
    spread_bps_max: int | None
    slippage_bps_max: int | None
    slippage_edge_ppm: int | None
    profit_min: int
    time_left_ns_min: int
    duplicate_after_ns: int
    mark_every_ns: int


def ppm_of(fraction: Decimal) -> int:
    """`fraction` in millionths, rounded down where it is no whole number of them."""
    return int(fraction * PPM)


def limits_of(settings: RiskSettings) -> Limits:
    """`settings` in integers, rounded down."""
    leverage = settings.leverage_max
    spread, edge, oracle_s = settings.spread_max, settings.slippage_edge_max, settings.oracle_max_age_s
    return Limits(
        daily_loss_ppm=ppm_of(settings.daily_loss_max),
        drawdown_ppm=ppm_of(settings.drawdown_max),
        position_ppm=ppm_of(settings.position_max * leverage),
        event_ppm=ppm_of(settings.event_max * leverage),
        underlying_ppm=ppm_of(settings.underlying_max * leverage),
        venue_ppm=ppm_of(settings.venue_max * leverage),
        portfolio_ppm=ppm_of(settings.portfolio_max * leverage),
        leverage_ppm=ppm_of(leverage),
        cash_reserve_ppm=ppm_of(settings.cash_reserve),
        market_order_ppm=ppm_of(settings.market_order_margin),
        orders_per_minute_max=settings.orders_per_minute_max,
        requests_per_minute_max=settings.requests_per_minute_max,
        loss_streak_max=settings.loss_streak_max,
        loss_streak_pause_ns=_ns(settings.loss_streak_pause_s),
        stale_after_ns=_ns(settings.stale_after_s),
        book_age_ns_max=_ns(settings.book_max_age_s or settings.stale_after_s),
        oracle_age_ns_max=None if oracle_s is None else _ns(oracle_s),
        spread_bps_max=None if spread is None else int(spread * BPS),
        slippage_bps_max=settings.slippage_bps_max,
        slippage_edge_ppm=None if edge is None else ppm_of(edge),
        profit_min=cash_of(settings.profit_min),
        time_left_ns_min=_ns(settings.min_tte_s),
        duplicate_after_ns=_ns(settings.duplicate_after_s),
        mark_every_ns=_ns(settings.mark_every_s),
    )


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
