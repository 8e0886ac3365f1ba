"""The divergence desk's section of a configuration file: names and figures as the champion has them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tradeworthy.core.settings import Settings
from tradeworthy.desks.divergence.records import LOOKBACK_MAX, PRICES, RING, WINDOWS

KEY_PATTERN = r"^[A-Za-z0-9_.:-]+$"
FOLDER_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"
"""Folders under the home folder: no part begins with a point, so that none leads out of it."""


class VolCalibration(Settings):
    """Where the volatility gate's threshold comes from.

    `static`: the 60th percentile of the first `days` UTC days, which trade nothing, then held. `fixed`: `vol_p60`, as
    a calibration wrote it down; live must use the value that was tested.
    """

    mode: Literal["static", "fixed"] = "static"
    days: int = Field(2, ge=1, le=30)
    vol_p60: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.mode == "fixed") != (self.vol_p60 is not None):
            raise ValueError(
                f'vol_calibration: mode "{self.mode}" with vol_p60 {self.vol_p60}; give mode = "fixed" with a vol_p60,'
                ' or mode = "static" without'
            )
        return self


class BoostSettings(Settings):
    """The adaptive circuit breaker: how stress becomes boost and beta."""

    short_response: Literal["boost", "cut_v5"] = "boost"
    beta_low: float = Field(0.2, ge=0, le=2)
    beta_high: float = Field(0.8, ge=0, le=2)
    halflife_bars: int = Field(50, ge=1, description="Of the smoothing of the slowest window's velocity.")
    factors_period_s: float = Field(
        60.0, gt=0, description="How often the external factors are told; twice as old, they count as absent."
    )


class OrderBookSettings(Settings):
    """Where liquidity comes from: the mock's two figures for every asset, or the books that the feed brings."""

    provider: Literal["mock", "book"] = "mock"
    fill: float = Field(0.62, ge=0, le=1)
    imbalance: float = Field(-0.09, ge=-1, le=1)
    max_age_s: float = Field(10.0, gt=0)


class ForewarnerSettings(Settings):
    """Whether the desk reports on its own days ahead, which may halve its sizes or stop its entries, and how often."""

    enabled: bool = False
    every_s: float = Field(14_400.0, ge=60)
    seed: int = Field(42, ge=0)


class DivergenceSettings(Settings):
    """One engine, either direction. Raising fraction or a leverage risks more money on each trade."""

    strategy_name: str = Field(min_length=1)
    direction: Literal[-1, 1]
    state_key: str = Field(pattern=KEY_PATTERN)
    pnl_key: str = Field(pattern=KEY_PATTERN)
    log_dir: str = Field(
        pattern=FOLDER_PATTERN, description="Under the home folder: where the strategy's capital ledger lies."
    )

    vel_div_threshold: float = Field(-0.02, lt=0)
    vel_div_extreme: float = Field(-0.05, lt=0)
    fixed_tp_pct: float = Field(0.0095, gt=0, lt=1)
    stop_pct: float = Field(0.012, gt=0, lt=1)
    max_hold_bars: int = Field(120, ge=1)
    fraction: float = Field(0.20, gt=0, le=1)
    min_leverage: float = Field(1.0, ge=0)
    max_leverage: float = Field(5.0, gt=0)
    abs_max_leverage: float = Field(6.0, gt=0)
    leverage_to_trade: float = Field(0.25, ge=0)

    windows: tuple[int, int, int, int] = (50, 150, 300, 750)
    kernel: Literal["box", "exp"] = "box"
    assets_min: int = Field(20, ge=2)
    warmup_bars: int = Field(100, ge=0)
    tail_bars: int = Field(120, ge=0)
    vol_gate: bool = True
    vol_symbol: str = Field(min_length=1)
    vol_lookback: int = Field(50, ge=2, le=LOOKBACK_MAX)
    vol_percentile: float = Field(
        0.60,
        gt=0,
        lt=1,
        description="Of the gate's threshold, and of the thirty days that beta is held against.",
    )
    vol_calibration: VolCalibration = VolCalibration()

    irp_alignment_min: float = Field(0.45, ge=0, le=1)
    irp_horizon_bars: int = Field(30, ge=1, lt=PRICES)
    irp_prior: float = Field(5.0, gt=0)
    dc_lookback_bars: int = Field(7, ge=1, lt=PRICES)
    dc_threshold_bps: float = Field(0.75, ge=0)
    dc_leverage_boost: float = Field(1.0, gt=0)
    esof_mult: float = Field(1.0, gt=0, le=2)
    subday_acb_fall: float = Field(0.15, gt=0, lt=1)
    posture_reads: int = Field(3, ge=1)
    stalker_cap: float = Field(2.0, ge=0)
    turtle_cap: float = Field(1.0, ge=0)
    grace_s: float = Field(1.0, gt=0, description="How long a row of the panel waits past its close.")
    acb: BoostSettings = BoostSettings()
    order_books: OrderBookSettings = OrderBookSettings()
    forewarner: ForewarnerSettings = ForewarnerSettings()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if list(self.windows) != sorted(set(self.windows)) or len(self.windows) != WINDOWS:
            raise ValueError(
                f"windows are {self.windows}: give {WINDOWS} lengths in bars, each longer than the last"
            )
        if self.windows[0] < 2 or self.windows[-1] >= RING or self.windows[0] > LOOKBACK_MAX:
            raise ValueError(
                f"windows are {self.windows}: the first is 2 to {LOOKBACK_MAX} bars, the last under {RING}"
            )
        if self.vel_div_extreme >= self.vel_div_threshold:
            raise ValueError(
                f"vel_div_extreme {self.vel_div_extreme} is not below vel_div_threshold {self.vel_div_threshold}:"
                " sizes grow from the threshold to the extreme"
            )
        if self.min_leverage > self.max_leverage:
            raise ValueError(
                f"min_leverage {self.min_leverage} is above max_leverage {self.max_leverage}: exchange them"
            )
        return self
