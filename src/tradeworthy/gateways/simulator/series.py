"""What all series of simulated markets share: the clock of steps, the terms, and batches by number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from tradeworthy.core.draws import draw
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.simulated_market import Endings, SimulatedMarket
from tradeworthy.market.predictions import NO, YES, Market


class Terms:
    """What all simulated markets share: settings, seed, endings, and the clock of steps."""

    def __init__(self, settings: PredictionSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.endings = Endings(settings, seed)
        self.start = datetime.combine(settings.start, time(), UTC)
        self.start_ns = int(self.start.timestamp()) * 1_000_000_000
        self.step_ns = settings.step_ms * 1_000_000
        self.crypto_fee = Decimal(str(settings.fee_rate_crypto))
        self.other_fee = Decimal(str(settings.fee_rate_other))

    def ts(self, step: int) -> int:
        """Session time of a step, UTC ns."""
        return self.start_ns + step * self.step_ns

    def moment(self, step: int) -> datetime:
        """The same as a date and time."""
        return self.start + timedelta(milliseconds=step * self.settings.step_ms)

    def step(self, moment: datetime) -> int:
        """The step at or after `moment`."""
        milliseconds = (moment - self.start) // timedelta(milliseconds=1)
        return -(-milliseconds // self.settings.step_ms)

    def market(self, name: str, title: str, **fields: object) -> Market:
        """A market with the external id `sim-<name>`; its slug is its name."""
        venue, external = self.settings.venue, f"sim-{name}"
        market_id = f"{venue}:{external}"
        busy = draw(self.seed, "predictions/busy", name)
        return Market(
            id=market_id,
            venue=venue,
            external_id=external,
            title=title,
            yes=f"{market_id}:{YES}",
            no=f"{market_id}:{NO}",
            slug=name,
            volume_24h=round(2_000 + 80_000 * busy * busy),
            liquidity=round(1_000 + 20_000 * busy),
            books="simulated",
            **fields,  # type: ignore[arg-type]
        )


class Series(ABC):
    """Markets that follow each other, in numbered batches that open together."""

    @abstractmethod
    def numbers(self, first: int, end: int) -> range:
        """The numbers of all batches of which some market lives in the steps from `first` to before `end`."""

    @abstractmethod
    def batch(self, number: int) -> Iterator[SimulatedMarket]:
        """The markets of one batch."""
