"""Settings of the simulated prediction markets."""

from __future__ import annotations

from datetime import date

from pydantic import Field, field_validator, model_validator

from tradeworthy.core.settings import Settings

MINUTE_MS = 60_000


class AssetSettings(Settings):
    """An underlying: its oracle's symbol, its name in titles, and how its price moves."""

    symbol: str = Field(min_length=1)
    name: str = Field(min_length=1)
    price: float = Field(gt=0.1, description="The first price; prices lie on the cent.")
    volatility: float = Field(
        0.5,
        gt=0,
        le=3,
        description="Annualised, of the steady part: what it reverts to, as a root mean square.",
    )


ASSETS = (
    AssetSettings(symbol="BTC", name="Bitcoin", price=95_000.0, volatility=0.45),
    AssetSettings(symbol="ETH", name="Ethereum", price=3_400.0, volatility=0.50),
    AssetSettings(symbol="SOL", name="Solana", price=185.0, volatility=0.55),
)


class FaultSettings(Settings):
    """What goes wrong with books: mean number by market and day. All 0: books are honest and always there.

    A stale book is lag by another name, and a crossed or mispriced one is a gift: with them something can be earned
    though `lag_ms` is 0.
    """

    stale: float = Field(4.0, ge=0, description="A book that stands still for 20 to 90 s.")
    dead: float = Field(2.0, ge=0, description="A book of 0.02 to 0.98, or one side of it, for 10 to 60 s.")
    gap: float = Field(3.0, ge=0, description="A FeedGap, and no book for 5 to 30 s.")
    crossed: float = Field(
        0.3, ge=0, description="Bids above asks by 6 to 10 cents for 1 to 3 s: YES and NO together under 1."
    )
    mispriced: float = Field(
        0.7,
        ge=0,
        description="Quotes off by 8 to 16 cents for 3 to 20 s; a ladder's are then out of order.",
    )


class PredictionSettings(Settings):
    """Prediction markets that are a function of the seed. They never see our orders: fills in them move no price."""

    start: date = Field(
        date(2024, 1, 1),
        ge=date(1970, 1, 2),
        le=date(2200, 1, 1),
        description="Session time begins at this UTC midnight.",
    )
    venue: str = Field("polymarket", min_length=1)
    quote: str = Field("USD", min_length=1, description="The currency in which tokens are paid and pay out.")
    step_ms: int = Field(
        1000,
        ge=100,
        le=MINUTE_MS,
        description="Prices move, and makers requote, once a step; it divides a minute. Coarse steps make long runs"
        " fast, and prices leap.",
    )
    assets: tuple[AssetSettings, ...] = Field(ASSETS, min_length=1, max_length=20)
    volatility_spread: float = Field(
        0.2, ge=0, le=1, description="Standard deviation of the log of the volatility around its mean."
    )
    volatility_hours: float = Field(
        4.0, ge=0.5, le=240, description="How long the volatility takes to revert to its mean."
    )
    jumps_per_day: float = Field(200.0, ge=0, le=1000, description="Sudden moves of a price.")
    jump_bps: float = Field(12.0, ge=0, le=200, description="Standard deviation of a sudden move.")
    windows_minutes: tuple[int, ...] = Field(
        (5, 15),
        max_length=8,
        description="Lengths of the up/down windows; the next one opens one length ahead.",
    )
    ladder_strikes: int = Field(
        4, ge=0, le=20, description="Markets a day and asset on a price above K, all to one noon in New York."
    )
    ladder_spacing: float = Field(
        0.012, gt=0, le=0.2, description="Between two strikes, as a share of the price."
    )
    touch: bool = Field(default=True, description="Two markets a week and asset on a price met on the way.")
    touch_distance: float = Field(0.05, gt=0, le=0.5, description="From the price to what it has to meet.")
    event_outcomes: int = Field(
        4, ge=0, le=12, description="Markets of each event of which one wins (none with 0 or 1)."
    )
    event_hours: int = Field(
        24, ge=1, le=720, description="How long such an event lasts; another one follows."
    )
    event_information: float = Field(
        1.2,
        ge=0,
        le=5,
        description="How sure the outcome becomes by the middle of its event: 0 is not at all.",
    )
    lag_ms: int = Field(
        1200,
        ge=0,
        le=MINUTE_MS,
        description="How long after a price the quotes come that rest on it: the median, drawn anew every two minutes"
        " by group of markets. With 0 quotes are fair at every moment.",
    )
    lag_spread: float = Field(
        0.7,
        ge=0,
        le=2,
        description="Standard deviation of the log of the lag: with 0.7 one in six takes more than twice the median,"
        " one in forty more than four times. Sleepers give the most to take.",
    )
    rivals_ms: int = Field(
        600,
        ge=0,
        le=MINUTE_MS,
        description="Mean time until others take what is 5 cents better than the true probability and the fee, whole"
        " levels of it; half of it for 10 cents. Kind still: they never outbid us, never bluff, and who is first has"
        " the whole level. 0: there are no others, and what a run earns then is a dream.",
    )
    half_spread_min: float = Field(0.005, ge=0, le=0.2, description="From fair price to quote, at least.")
    half_spread_max: float = Field(0.015, ge=0, le=0.2, description="The same at most; drawn by market.")
    depth: int = Field(4, ge=1, le=8, description="Levels of each side that are seen.")
    level_shares: float = Field(150.0, ge=1, le=1e6, description="Median size of the best level, in shares.")
    requote_ms: int = Field(
        1500,
        ge=0,
        description="How long a maker's sizes stand unless a quote moves: half to one and a half of this.",
    )
    skew_share: float = Field(0.05, ge=0, le=1, description="Share of book changes whose NO message is late.")
    skew_ms: tuple[int, int] = Field(
        (100, 800),
        description="By how much, at least and at most; never more than the lag, or what is left of a step.",
    )
    fine_ticks: bool = Field(
        default=True, description="Ticks of 0.001 for a market that stands above 0.96 or below 0.04."
    )
    fee_rate_crypto: float = Field(0.07, ge=0, le=1, description="Of markets on a price: rate * p * (1 - p).")
    fee_rate_other: float = Field(0.05, ge=0, le=1, description="Of all other markets.")
    resolution_s: float = Field(30.0, ge=0, le=3600, description="From a market's end to its resolution.")
    late_share: float = Field(
        0.03, ge=0, le=1, description="Share of resolutions that take ten times as long."
    )
    disputed_share: float = Field(0.01, ge=0, le=1, description="Share of outcomes that are disputed first.")
    dispute_s: float = Field(1800.0, ge=0, le=604_800, description="What a dispute adds.")
    split_share: float = Field(
        0.003, ge=0, le=1, description="Share of markets on a price that pay 0.50 to each side."
    )
    faults: FaultSettings = FaultSettings()

    @field_validator("step_ms")
    @classmethod
    def _divides_a_minute(cls, step_ms: int) -> int:
        if MINUTE_MS % step_ms:
            raise ValueError(f"{step_ms} ms do not divide a minute; take 500, 1000, 5000 or 60000")
        return step_ms

    @field_validator("windows_minutes")
    @classmethod
    def _windows_divide_a_day(cls, minutes: tuple[int, ...]) -> tuple[int, ...]:
        wrong = [one for one in minutes if one < 1 or 1440 % one]
        if wrong or len(set(minutes)) != len(minutes):
            raise ValueError(f"{list(minutes)} must differ and divide a day: 5, 15, 60 or 240")
        return minutes

    @model_validator(mode="after")
    def _ordered(self) -> PredictionSettings:
        symbols = [asset.symbol for asset in self.assets]
        if len(set(symbols)) != len(symbols):
            raise ValueError(f"assets name a symbol twice: {', '.join(symbols)}")
        if self.half_spread_min > self.half_spread_max:
            raise ValueError("half_spread_min is above half_spread_max")
        if not 0 <= self.skew_ms[0] <= self.skew_ms[1]:
            raise ValueError(f"skew_ms is {list(self.skew_ms)}; write the least and the most")
        return self
