"""Settings of the market simulator."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from pydantic import Field, PositiveFloat

from tradeworthy.core.settings import Settings


class SimulatorSettings(Settings):
    """A market that is a function of the seed. It never sees our orders: fills in it move no price."""

    start_price: dict[str, PositiveFloat] = Field(
        default={}, description="First price by instrument id; without one, 100,000 ticks."
    )
    volatility: float = Field(
        default=0.8, gt=0, le=20, description="Standard deviation of a year's log return, about."
    )
    correlation: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="What any two instruments' bars have in common, as the correlation of their moves; jumps and "
        "regimes are each instrument's own and take about a quarter of it away.",
    )
    jumps_per_day: float = Field(
        default=1.0, ge=0, description="Sudden moves of about eight bars' volatility, per instrument and day."
    )
    regime_bars: int = Field(
        default=240,
        ge=16,
        le=2000,
        description="Mean length of a regime (calm, rising, falling, wild), in bars.",
    )
    gaps_per_day: float = Field(
        default=0.25, ge=0, description="Holes of 1 to 30 bars, per instrument and day."
    )
    start: date = Field(
        default=date(2024, 1, 1),
        ge=date(1970, 1, 2),
        le=date(2200, 1, 1),
        description="The first bar opens at this UTC midnight.",
    )

    @property
    def start_ts(self) -> int:
        """When the first bar opens, UTC ns."""
        return int(datetime.combine(self.start, time(), UTC).timestamp()) * 1_000_000_000
