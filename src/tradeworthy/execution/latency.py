"""How long an order takes to the venue: always the same, evenly drawn, or log-normally drawn."""

from __future__ import annotations

import math
from statistics import NormalDist

from tradeworthy.core.agents import Context
from tradeworthy.execution.settings import PaperVenueSettings

MS = 1_000_000
"""One millisecond in ns."""

DRAW_MIN = 2.0**-53
"""Stands in for a draw of 0.0, at which a normal variable is minus infinity."""

_NORMAL = NormalDist()


class Latency:
    """The latency that `settings` describe; `ns` is the setting itself, which nothing is drawn around for a cancel."""

    __slots__ = ("_jitter_ns", "_sigma", "ns")

    def __init__(self, settings: PaperVenueSettings) -> None:
        self.ns = settings.latency_ms * MS
        self._jitter_ns = settings.latency_jitter_ms * MS
        self._sigma = 0.0
        if settings.latency_p99_ms:
            self._sigma = math.log(settings.latency_p99_ms / settings.latency_ms) / _NORMAL.inv_cdf(0.99)

    def drawn_ns(self, context: Context, key: str) -> int:
        """The latency of what `key` names: the same key always draws the same."""
        if self._jitter_ns:
            return self.ns + int(context.draw("latency", key) * self._jitter_ns)
        if self._sigma:
            normal = _NORMAL.inv_cdf(max(context.draw("latency", key), DRAW_MIN))
            return int(self.ns * math.exp(self._sigma * normal))
        return self.ns
