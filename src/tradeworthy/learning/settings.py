"""Settings of learning: what counts as a lesson, what becomes an override, and how often."""

from __future__ import annotations

from pydantic import Field

from tradeworthy.core.settings import Settings


class LearningSettings(Settings):
    """The section [learning]. Loosening a gate here lets weaker evidence change sizes, which can lose money."""

    facts_every_s: int = Field(300, ge=1)
    lessons_every_s: int = Field(3_600, ge=1)
    tuning_every_s: int = Field(3_600, ge=1)
    overrides_every_s: int = Field(3_600, ge=1)

    n_min: int = Field(33, ge=2, description="Trades in a slice that make a lesson.")
    tuning_n_min: int = Field(33, ge=2, description="Windows in a slice that make a tuning lesson.")
    events_max: int = Field(5_000, ge=100, description="The newest facts that are mined.")
    lookback_days: int = Field(90, ge=1)
    depth_max: int | None = Field(3, ge=0, description="Dimensions of a slice at most (none: all).")
    lessons_max: int = Field(20_000, ge=1)
    winsor: float = Field(0.02, ge=0, lt=0.5, description="Share of each tail that a robust mean clips.")
    shrink_n: float = Field(
        50.0, ge=0, description="Trades that the parent slice counts for in a shrunk edge."
    )
    permutations: int = Field(200, ge=0, le=10_000)
    q_max: float = Field(0.10, gt=0, le=1, description="False discoveries among strength overrides, at most.")

    edge_min: float = Field(0.05, ge=0)
    strength_min: float = Field(0.3, gt=0, le=1)
    strength_max: float = Field(3.0, ge=1)
    change_max: float | None = Field(
        None, gt=0, description="The most by which one run may change a multiplier (none: no bound)."
    )
    eta: float = Field(0.005, gt=0)
    drift_min: float = Field(0.5, gt=0, le=1)
    drift_max: float = Field(2.0, ge=1)
    drift_noise: float = Field(0.01, ge=0)
    specificity_alpha: float = Field(1.5, ge=0)

    strength_enabled: bool = True
    tuning_enabled: bool = True
    overrides_file: str = Field(
        "", description="Where the overrides that a run begins with stand, as `learn show --json` wrote them."
    )
    seed: int = Field(20_251_121, ge=0, description="Of the permutations.")
    exposure_floor_pct: float = Field(
        5.0, ge=0, description="Percent of equity that a book of one other position counts for at least."
    )
    pressure_scale: float | None = Field(
        None,
        gt=0,
        description="Tuning pressure is (misses - false positives) / sqrt(windows) times this (none: plain counts).",
    )
