"""The simulator's market factor: instruments that move together, and none of it unless it is asked for."""

from decimal import Decimal

import numpy as np
import pytest

from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Instrument

BARS = 2_000
NAMES = ("A", "B", "C", "D")
MINUTE = 60_000_000_000


def mean_correlation(correlation: float) -> float:
    """Of all pairs' returns, without gaps and jumps."""
    listed = [
        Instrument(name, "test", "USDT", Decimal("0.001"), Decimal("0.001"), Decimal(0), Decimal(0))
        for name in NAMES
    ]
    settings = SimulatorSettings(correlation=correlation, gaps_per_day=0, jumps_per_day=0)
    start = 1_704_067_200_000_000_000
    feed = SimulatorFeed(settings, listed, "1m", seed=5, from_ts=start, to_ts=start + BARS * MINUTE)
    closes = [one.event.close for one in feed.inputs() if isinstance(one.event, BarClosed)]
    returns = np.diff(np.log(np.array(closes).reshape(BARS, len(NAMES))), axis=0)
    pairs = np.corrcoef(returns, rowvar=False)[np.triu_indices(len(NAMES), 1)]
    return float(pairs.mean())


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_instruments_correlate_as_much_as_is_asked_for(correlation: float) -> None:
    """About: regimes are each instrument's own, and take a quarter of it away."""
    assert 0.7 * correlation - 0.05 <= mean_correlation(correlation) <= correlation + 0.05
