"""External factors: what the world outside the order books says of stress. What is absent says nothing."""

from __future__ import annotations

from tradeworthy.core.events import Event


class FactorsObserved(Event, frozen=True):
    """One reading of the external factors; None is absent, which is no zero. `ts_event` is UTC ns.

    `funding_btc` is a fraction per funding period, `dvol_btc` the volatility index in points, `fng` fear and greed
    from 0 to 100, `taker_ratio` taker buys over taker sells. `stale` names the figures that are too old to count.
    """

    ts_event: int
    funding_btc: float | None = None
    dvol_btc: float | None = None
    fng: float | None = None
    taker_ratio: float | None = None
    stale: tuple[str, ...] = ()
