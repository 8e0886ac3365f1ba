"""The arbitrage desk's own settings: the `PM_*` keys of its specification, one frozen section."""

from __future__ import annotations

from pydantic import Field

from tradeworthy.core.settings import Settings
from tradeworthy.execution.intents import Policy


class AllocatorSettings(Settings):
    """How the desk's capital is shared between its strategies."""

    min_share: float = Field(0.05, ge=0, le=1)
    max_share: float = Field(0.50, gt=0, le=1)
    every_trades: int = Field(10, ge=1, description="Closed trades between two reallocations.")
    window_days: float = Field(7.0, gt=0, description="Realised results that count, in days of session time.")
    step_max: float = Field(0.10, gt=0, le=1, description="The largest change of one share at a time.")


class ArbitrageSettings(Settings):
    """Edges are per 1 of payout; ages and waits are session time."""

    symbols: tuple[str, ...] = Field(("BTC", "ETH", "SOL", "XRP"), min_length=1)
    min_edge: float = Field(0.02, gt=0, lt=1)
    sniper_min_edge: float = Field(0.05, gt=0, lt=1)
    min_marginal_edge: float = Field(0.005, ge=0, lt=1)
    max_credible_edge: float = Field(
        0.30, gt=0, le=1, description="An edge above is an error in our view, not a gift."
    )
    max_gross_multi: float = Field(
        0.15, gt=0, le=1, description="The same for sets of several outcomes, before fees."
    )
    min_profit: float = Field(0.05, ge=0, description="Of a mispricing as a whole, in units of currency.")
    fixed_cost: float = Field(0.0, ge=0, description="Merge and redeem costs of a set of legs.")
    book_max_age_ms: int = Field(3000, ge=1)
    oracle_max_age_ms: int = Field(2000, ge=1)
    skew_max_ms: int = Field(250, ge=0, description="Between the books of a market's two tokens.")
    spread_max: float = Field(0.15, gt=0, le=1)
    latency_ms: int = Field(250, ge=0, description="A gap must last this long to become an opportunity.")
    cooldown_s: float = Field(60.0, ge=0)
    improve: float = Field(0.5, gt=0, description="So much more edge ends a cool-down early.")
    target_notional: float = Field(50.0, gt=0)
    min_tte_s: float = Field(20.0, ge=0, description="No entries closer to the market's end.")
    request_ttl_ms: int = Field(2000, ge=1)
    strike_capture_ms: int = Field(
        2000, ge=0, description="How near a window's start its strike must be seen."
    )
    expiry_bps: float = Field(
        1.0,
        ge=0,
        description="Nearer to the strike than this times the root of the seconds left, no view is held.",
    )
    expiry_guard_s: float = Field(
        3600.0,
        ge=0,
        description="How long before the end that begins: far from it no push decides the outcome.",
    )
    volatility_error: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="Relative error of the volatility, either way, besides that of a short sample.",
    )
    basis_bps: float = Field(
        2.0, ge=0, description="What the oracle may be off the settlement source, either way."
    )
    kelly: float = Field(0.25, gt=0, le=1, description="Share of the Kelly stake.")
    position_share: float = Field(0.50, gt=0, le=1, description="Of a strategy's capital, in one position.")
    exit_edge: float = Field(
        0.05, ge=0, lt=1, description="A modelled edge this far below zero closes a position."
    )
    take_profit: bool = True
    oracle_sniper: bool = True
    atomic_arb: bool = Field(
        default=False, description="Trade M1-M5; off, they are found, counted and skipped."
    )
    leg_policy: Policy = Field(
        Policy.ALL_OR_NONE, description="What atomic-arb does when a leg of a set falls short."
    )
    allocator: AllocatorSettings = AllocatorSettings()
