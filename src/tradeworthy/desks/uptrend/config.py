"""The uptrend desk's section of a configuration file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tradeworthy.core.settings import Settings
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Stage
from tradeworthy.market.bars import TIMEFRAMES_NS

CHAINS = ("solana", "ethereum", "base", "bsc")

BEGINNINGS = (Stage.S0, Stage.S3, Stage.S4)
"""What a first bar may find a row in; S4 is what it finds where none is named."""

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0)]


class TokenSettings(Settings):
    """What is known of a token that the desk may trade, by the instrument that it is traded as."""

    instrument: str = Field(min_length=1)
    ticker: str = Field(min_length=1)
    chain: str = Field("solana", min_length=1)
    contract: str = ""
    pool: str = ""
    market_cap: float | None = Field(None, gt=0)
    native: bool = False
    major: bool = Field(default=False, description="Priced by trades of a venue, for regimes; never traded.")


class CuratorSettings(Settings):
    """One whose word is heard, and by how much, 0 to 1."""

    id: str = Field(min_length=1)
    weight: float = Field(0.5, ge=0, le=1)


class MarketSettings(Settings):
    """How bars are made and how many are kept.

    `bars` says for each traded timeframe of which of the feed's it is made: `{ "4h" = "1h" }` rolls 4h of 1h bars.
    """

    bars: dict[str, str] = {"1m": "1m", "15m": "1m", "1h": "1m", "4h": "1m"}
    tick_buffer_s: float = Field(0.0, ge=0, le=600)
    coverage_min: float = Field(0.8, gt=0, le=1)
    grace_s: float = Field(2.0, gt=0, le=600)
    bars_threshold: int = Field(333, ge=20)
    bars_kept: int = Field(1_000, ge=400, le=5_000)
    backfill: bool = True
    backfill_bars: int = Field(666, ge=1)
    geometry_every_s: int = Field(3_600, ge=60)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for made, base in self.bars.items():
            if made not in TIMEFRAMES:
                raise ValueError(f"market.bars names {made!r}; rows are of {', '.join(TIMEFRAMES)}")
            if base not in TIMEFRAMES_NS or TIMEFRAMES_NS[made] % TIMEFRAMES_NS[base]:
                raise ValueError(f"market.bars makes {made} of {base!r}, which does not divide it")
        if self.bars_threshold > self.bars_kept:
            raise ValueError(
                f"market.bars_threshold {self.bars_threshold} is over bars_kept {self.bars_kept}: no row would ever be"
                " traded; lower it"
            )
        if not self.bars:
            raise ValueError('market.bars is empty; give at least one timeframe, like { "1h" = "1m" }')
        return self


class DecisionSettings(Settings):
    """The decision maker's limits."""

    curator_score_min: float = Field(0.6, ge=0, le=1)
    unknown_curator_score: float = Field(0.5, ge=0, le=1)
    max_positions: int = Field(69, ge=1)
    allocation_pct: float = Field(10.0, gt=0, le=100)
    splits: dict[str, Share] = {"1m": 0.05, "15m": 0.125, "1h": 0.70, "4h": 0.125}
    ignored_tickers: tuple[str, ...] = ()
    chains: tuple[str, ...] = Field(CHAINS, min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.splits) != set(TIMEFRAMES) or abs(sum(self.splits.values()) - 1.0) > 1e-9:
            raise ValueError(
                f"decision.splits {self.splits} must give {', '.join(TIMEFRAMES)} shares that sum to 1"
            )
        return self


class EngineSettings(Settings):
    """The uptrend engine's thresholds; each may be overridden by `learn threshold` under the same key."""

    ts_form: Literal["slopes", "logistic"] = "slopes"
    ts_threshold: float = Field(0.60, ge=0, le=2)
    first_dip_ts_threshold: float = Field(0.50, ge=0, le=2)
    sr_boost_max: float = Field(0.25, ge=0)
    s1_halo_atr: float = Field(1.0, gt=0)
    s2_halo_atr: float = Field(0.5, gt=0)
    ox_sell_threshold: float = Field(0.65, ge=0, le=2)
    dx_buy_threshold: float = Field(0.60, ge=0, le=2)
    trim_halo_atr: float = Field(1.0, gt=0)
    first_dip: bool = True
    global_exit: bool = True
    bootstrap: tuple[Stage, ...] = (Stage.S0, Stage.S3)
    report_every_s: int = Field(3_600, ge=60)

    @model_validator(mode="after")
    def _begun(self) -> Self:
        if others := [one for one in self.bootstrap if one not in BEGINNINGS]:
            raise ValueError(
                f"engine.bootstrap names {others[0].value!r}, and a first bar finds {', '.join(BEGINNINGS)}; name those"
            )
        return self


class ManagerSettings(Settings):
    """Sizes and rules of the position manager. Larger sizes, a larger `entry_in_loss` or no risk limits lose more."""

    entry_s1: tuple[Share, Share, Share] = (0.50, 0.30, 0.10)
    entry_add: tuple[Share, Share, Share] = (0.25, 0.15, 0.05)
    trim: tuple[Share, Share, Share] = (0.60, 0.30, 0.15)
    entry_mults: tuple[Factor, Factor, Factor] = Field(
        (0.3, 1.0, 1.0), description="Of adds: profit ratio at least 1, at least 0, in loss."
    )
    trim_mults: tuple[Factor, Factor, Factor, Factor] = Field(
        (3.0, 0.3, 1.0, 0.5), description="Deployed at least 0.8; else by profit ratio: 1, 0, loss."
    )
    trim_max: float = Field(1.0, gt=0, le=1)
    level_cuts: tuple[Share, Share] = (0.3, 0.7)
    cooldown_bars: int = Field(3, ge=0)
    level_move: float = Field(0.01, ge=0)
    dust_usd: float = Field(
        1.0, ge=0, description="Less is neither bought nor trimmed, and is given up when a trade is closed."
    )
    refresh_every_s: int = Field(300, ge=1)
    thresholds_ttl_s: int = Field(300, ge=1)
    levers: Literal["regime", "fixed"] = "regime"
    fixed_a: float = Field(0.5, ge=0, le=1)
    fixed_e: float = Field(0.5, ge=0, le=1)
    drawdown_floor: float = Field(0.005, gt=0, description="Least drawdown that a return is divided by.")
    rr_max: float = Field(10.0, gt=0)
    token_cap: float = Field(1.0, gt=0, le=1, description="Of a token's allocation, over its four rows.")
    liquidity_share_max: float = Field(0.02, gt=0, le=1, description="Of the pool, that one buy may be.")
    liquidity_min_usd: float = Field(0.0, ge=0, description="A pool known to be smaller is not bought from.")
    strength_overrides: bool = True
    tuning_overrides: bool = True
    exposure_skew: bool = True

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.level_cuts[0] > self.level_cuts[1]:
            raise ValueError(f"manager.level_cuts {list(self.level_cuts)} fall; write the lower one first")
        return self


class RegimeSettings(Settings):
    """Where the levers' phases come from: bars of `instrument` ("": nowhere, phases are unknown)."""

    instrument: str = ""
    timeframe: str = "1h"
    cut_pressure: float = Field(0.0, ge=0, le=1)


class UptrendSettings(Settings):
    """From a social signal to positions on four timeframes."""

    tokens: tuple[TokenSettings, ...] = ()
    curators: tuple[CuratorSettings, ...] = ()
    market: MarketSettings = MarketSettings()
    decision: DecisionSettings = DecisionSettings()
    engine: EngineSettings = EngineSettings()
    manager: ManagerSettings = ManagerSettings()
    regime: RegimeSettings = RegimeSettings()
    thresholds: dict[str, float] = Field(
        default={}, description="Entries of pm_thresholds: `KEY[/timeframe[/phase[/level]]]` to value."
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        for what, names in (
            ("token", [one.instrument for one in self.tokens]),
            ("curator", [one.id for one in self.curators]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} {twice[0]} stands twice; leave one out")
        return self
