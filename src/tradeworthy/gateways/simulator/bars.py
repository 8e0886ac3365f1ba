"""Bars on tick and lot from a simulated path."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.feeds.rows import Floats
from tradeworthy.gateways.simulator.noise import exponential
from tradeworthy.gateways.simulator.path import PricePath, Stretch
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.instruments import Instrument

START_TICKS = 100_000
BAR_NOTIONAL = 250_000.0
"""Quote currency traded in a bar of mean activity."""

WICK = 1.5
"""How far at most a bar reaches beyond open and close, in standard deviations of a bar."""


class Bars(NamedTuple):
    """Columns of consecutive bars: FIGURES, and `missing` and `gap_from` as in a Stretch."""

    figures: list[Floats]
    missing: NDArray[np.bool_]
    gap_from: NDArray[np.int64]


class Grid(NamedTuple):
    """A step of price or quantity as an exact fraction: n steps are n * numerator / denominator."""

    numerator: int
    denominator: int

    @classmethod
    def of(cls, step: Decimal) -> Grid:
        """The fraction of a Decimal."""
        return cls(*step.as_integer_ratio())

    def value(self, steps: Floats) -> Floats:
        """The float nearest to the exact value, while steps * numerator is under 2^53."""
        return steps * self.numerator / self.denominator


class SimulatedInstrument:
    """One instrument's bars by number, as a function of the seed. UsageError if its start price can't be."""

    def __init__(
        self, settings: SimulatorSettings, seed: int, instrument: Instrument, timeframe_ns: int
    ) -> None:
        self._path = PricePath(settings, seed, instrument.id, timeframe_ns)
        self.block_bars = self._path.block_bars
        self._tick, self._lot = Grid.of(instrument.tick), Grid.of(instrument.lot)
        self._ticks_max = float(instrument.price_max // instrument.tick)
        self._lots_max = float(instrument.lots_max)
        given = settings.start_price.get(instrument.id)
        highest = float(instrument.price_max)
        self._start = given or min(START_TICKS * float(instrument.tick), highest / 20)
        if not float(instrument.tick) <= self._start <= highest:
            raise UsageError(
                f"simulator.start_price of {instrument.id} is {self._start:g};"
                f" it must be from its tick {instrument.tick} to its price_max {instrument.price_max}"
            )

    def blocks(self, first_block: int, blocks: int) -> Bars:
        """The bars of whole blocks."""
        stretch = self._path.stretch(first_block, blocks)
        ticks = self._ticks(stretch)
        opened, closed = ticks[:-1], ticks[1:]
        reach = WICK * stretch.deviation * closed
        above = np.floor(stretch.high * stretch.high * reach)
        below = np.floor(stretch.low * stretch.low * reach)
        high = np.minimum(np.maximum(opened, closed) + above, self._ticks_max)
        low = np.maximum(np.minimum(opened, closed) - below, 1.0)
        prices = [self._tick.value(steps) for steps in (opened, high, low, closed)]
        lots = np.rint(BAR_NOTIONAL * (0.25 + stretch.activity) / prices[3] / self._lot.value(np.ones(1)))
        volume = self._lot.value(np.clip(lots, 1.0, self._lots_max))
        return Bars([*prices, volume], stretch.missing, stretch.gap_from)

    def _ticks(self, stretch: Stretch) -> Floats:
        exact = self._start * exponential(stretch.levels) / self._tick.value(np.ones(1))
        return np.clip(np.rint(exact), 1.0, self._ticks_max)


def check_start_prices(settings: SimulatorSettings, instruments: Collection[str]) -> None:
    """UsageError if simulator.start_price names what is not among `instruments`."""
    unknown = sorted(set(settings.start_price) - set(instruments))
    if unknown:
        raise UsageError(
            f"simulator.start_price names {unknown[0]!r}, which no desk trades;"
            f" traded are {', '.join(instruments)}"
        )
