"""All simulated markets of any stretch of time, made once and kept while they live."""

from __future__ import annotations

from tradeworthy.gateways.simulator.event_series import AUGMENTED, COMPLETE, Events
from tradeworthy.gateways.simulator.oracle_path import OraclePath
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.price_series import Ladders, Touches, Windows
from tradeworthy.gateways.simulator.series import Series, Terms
from tradeworthy.gateways.simulator.simulated_market import SimulatedMarket


class Universe:
    """The oracles' paths and the series of markets on them, by the settings."""

    def __init__(self, settings: PredictionSettings, seed: int) -> None:
        self.terms = Terms(settings, seed)
        self.paths = [OraclePath(settings, asset, seed) for asset in settings.assets]
        self._series = list(self._all_series(settings))
        self._batches: dict[tuple[int, int], list[SimulatedMarket]] = {}

    def living(self, first: int, end: int) -> list[SimulatedMarket]:
        """The markets of which something happens in the steps from `first` to before `end`, in a fixed order."""
        batches: dict[tuple[int, int], list[SimulatedMarket]] = {}
        for place, series in enumerate(self._series):
            for number in series.numbers(first, end):
                key = (place, number)
                batches[key] = self._batches.get(key) or list(series.batch(number))
        self._batches = batches
        return [
            market
            for batch in batches.values()
            for market in batch
            if market.card.life.opened < end and market.card.life.resolved >= first
        ]

    def _all_series(self, settings: PredictionSettings) -> list[Series]:
        found: list[Series] = []
        for asset, path in zip(settings.assets, self.paths, strict=True):
            found += [Windows(self.terms, asset, path, minutes) for minutes in settings.windows_minutes]
            if settings.ladder_strikes:
                found.append(Ladders(self.terms, asset, path))
            if settings.touch:
                found.append(Touches(self.terms, asset, path))
        if settings.event_outcomes > 1:
            found += [Events(self.terms, COMPLETE), Events(self.terms, AUGMENTED)]
        return found
