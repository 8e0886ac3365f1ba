"""How far behind a price its makers are: most are quick, some sleep, and it changes from one stretch to the next."""

from __future__ import annotations

import math

from tradeworthy.gateways.simulator.noise import Stream
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings

STRETCH_MS = 120_000
"""A lag holds for so long."""

LAG_MAX_MS = 60_000
"""Nobody sleeps longer."""


class Lags:
    """The lag of one group of markets by step: log-normal around its median `lag_ms`, drawn for each stretch.

    A function of seed, group and step. A quote never goes back to an older price than the one before it.
    """

    def __init__(self, settings: PredictionSettings, seed: int, group: str) -> None:
        self._median, self._spread, self._step_ms = settings.lag_ms, settings.lag_spread, settings.step_ms
        self._stream = Stream(seed, f"predictions/lag/{group}")
        self._stretch = STRETCH_MS // settings.step_ms
        self._known: dict[int, int] = {}

    def lag_ms(self, step: int) -> int:
        """How many milliseconds after a price at `step` the quotes that rest on it come."""
        stretch = step // self._stretch
        if stretch not in self._known:
            self._known = {**dict(list(self._known.items())[-1:]), stretch: self._drawn(stretch)}
        return self._known[stretch]

    def offset_ms(self, step: int) -> int:
        """How long after the start of a step its quotes come: the part of the lag that is no whole step."""
        return self.lag_ms(step) % self._step_ms

    def seen(self, step: int) -> int:
        """The step whose price the quotes of `step` rest on; it may lie before the first."""
        begin = step // self._stretch * self._stretch
        seen = step - self.lag_ms(step) // self._step_ms
        if not begin or step - begin > LAG_MAX_MS // self._step_ms:
            return seen
        return max(seen, begin - 1 - self.lag_ms(begin - 1) // self._step_ms)

    def _drawn(self, stretch: int) -> int:
        factor = math.exp(self._spread * self._stream.normal_at(stretch))
        return min(LAG_MAX_MS, round(self._median * factor))
