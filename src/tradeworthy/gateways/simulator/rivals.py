"""The others who trade: what is better than it is worth does not stay there for us alone.

A price moves at the start of a step, and the quotes that stand are then too good or not. Others come after a time
that is exponential, drawn by market and step, and take every level that beats the true probability by more than the
fee. The more there is to gain, the sooner they come: `rivals_ms` is the mean for 5 cents a share, half of it for 10.
What they took stays away while it would still be too good, until the maker moves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tradeworthy.gateways.simulator.noise import Stream
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.quoting import ROUNDING, Shown

REMEMBERED_MS = 30_000
"""A maker offers again after so long what others took, if they have not come again."""


USUAL = 0.05
"""The gain of a share for which others take `rivals_ms`."""


class Taken(NamedTuple):
    """What others took last, at `step`: bids from `bid` ticks up, asks up to `ask` ticks."""

    step: int
    bid: int
    ask: int


class Rivals:
    """Those who trade in one market: a function of seed, market and step."""

    def __init__(self, settings: PredictionSettings, seed: int, market: str, fee_rate: float) -> None:
        self._mean_ms, self._depth, self._fee_rate = settings.rivals_ms, settings.depth, fee_rate
        self._stream = Stream(seed, f"predictions/rivals/{market}")
        self.memory = -(-REMEMBERED_MS // settings.step_ms)

    def draws(self, first: int, end: int) -> list[float]:
        """A uniform number in [0, 1) by step, for `delay_ms`."""
        return (
            self._stream.uniform(np.arange(first, end)).tolist() if self._mean_ms else [0.0] * (end - first)
        )

    def delay_ms(self, drawn: float, gain: float) -> float:
        """When the first of them comes, from the start of the step on, if a share gains so much; maybe never."""
        return -self._mean_ms * math.log1p(-drawn) * USUAL / gain if gain > ROUNDING else math.inf

    def gain(self, shown: Shown | None, fair: float) -> float:
        """What a share of the better of both best levels gains against `fair`, less the fee; 0 if nothing or nobody."""
        if shown is None or not self._mean_ms:
            return 0.0
        bid, ask, rate = shown.bid / shown.unit, shown.ask / shown.unit, self._fee_rate
        sold = bid - rate * bid * (1.0 - bid) - fair
        bought = fair - ask - rate * ask * (1.0 - ask)
        return max(sold, bought, 0.0)

    def too_good(self, shown: Shown, fair: float) -> tuple[int, int]:
        """How many levels of bids and of asks beat the probability `fair` by more than the fee; none of no rivals."""
        if not self._mean_ms:
            return 0, 0
        unit, rate = shown.unit, self._fee_rate
        bids = asks = 0
        ticks = shown.bid
        while bids < self._depth and ticks > 0:
            price = ticks / unit
            if price - rate * price * (1.0 - price) <= fair + ROUNDING:
                break
            bids, ticks = bids + 1, ticks - shown.apart
        ticks = shown.ask
        while asks < self._depth and ticks < unit:
            price = ticks / unit
            if price + rate * price * (1.0 - price) >= fair - ROUNDING:
                break
            asks, ticks = asks + 1, ticks + shown.apart
        return bids, asks

    def taken(self, shown: Shown, fair: float, step: int) -> Taken | None:
        """What they take of a maker's book at `step`; None if nothing is worth it."""
        bids, asks = self.too_good(shown, fair)
        if not bids and not asks:
            return None
        bid = shown.bid - (bids - 1) * shown.apart if bids else shown.unit
        return Taken(step, bid, shown.ask + (asks - 1) * shown.apart if asks else 0)

    def left(self, shown: Shown, fair: float, taken: Taken | None, step: int) -> tuple[Shown, Taken | None]:
        """A maker's book at `step` without what was `taken` and is still too good; and what is remembered of it."""
        if taken is None or step - taken.step > self.memory:
            return shown, None
        bids, asks = self.too_good(shown, fair)
        if not bids and not asks:
            return shown, None
        gone_bids = max(0, min(bids, (shown.bid - taken.bid) // shown.apart + 1))
        gone_asks = max(0, min(asks, (taken.ask - shown.ask) // shown.apart + 1))
        return shown._replace(bids_gone=gone_bids, asks_gone=gone_asks), taken
