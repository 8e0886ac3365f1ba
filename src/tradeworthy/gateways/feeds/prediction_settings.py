"""Settings of recorded prediction markets: what is assumed where a record is silent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from tradeworthy.core.settings import Settings

Rate = Annotated[Decimal, Field(ge=0, le=1)]

FEE_RATES = {
    "crypto": Decimal("0.07"),
    "sports": Decimal("0.05"),
    "finance": Decimal("0.04"),
    "politics": Decimal("0.04"),
    "technology": Decimal("0.04"),
    "geopolitics": Decimal(0),
}
"""The venue's fee schedule by category, for records that do not bring the market's own."""


class RecordedMarketSettings(Settings):
    """Where these are too kind, a run earns what nobody could have earned: sizes and fees above all."""

    assumed_size: Decimal = Field(
        Decimal(100),
        gt=0,
        description="Shares at each recorded price; the records of quotes have no sizes.",
    )
    size_min: Decimal = Field(
        Decimal(5), gt=0, description="Smallest order in shares, where none is recorded."
    )
    fee_rates: dict[str, Rate] = Field(
        FEE_RATES, description="Rate of the fee curve by category, where no fee is recorded."
    )
    fee_rate_other: Rate = Field(Decimal("0.05"), description="The same for any other category.")
    confirm_s: float = Field(
        240.0,
        ge=0,
        description="Quotes that a later sweep of the recorder found unchanged are told again after this long,"
        " where another market of the event changed; 0: never.",
    )
    events: Path | None = Field(
        None, description="File of curated events for recorded quotes (default: the one that comes along)."
    )
    oracle: Literal["settlement", "binance"] = Field(
        "settlement", description="Which of two recorded prices of the underlying the desks hear."
    )
    open_before_s: int = Field(
        300, ge=1, description="A recorded window opens this long before its start, or when the record does."
    )
    lag_ms: int = Field(
        7000,
        ge=0,
        le=60_000,
        description="Simulated books around recorded prices: how old a price is that makers quote by, half to one and a"
        " half of this by market. Nobody knows what it was: it is set so that there is something to find. What a run"
        " earns is made by it, and with 0 there is nothing to earn.",
    )
